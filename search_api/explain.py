"""Words for what was understood: labels of conditions, and a question in one line."""

from engines.query import Sort
from mappings.date import date_text
from mappings.field import Field, Kind
from mappings.fields import UnknownField, field_named
from mappings.filter import TEXT, And, Condition, Filter, Not, Operator, Or, Value
from search_api.clause import Clause, Intent, Question
from search_api.freshness import JOINED


def label(condition: Condition) -> str:
    """Name a condition for a reader: `Platform: Ubuntu`, `Minimum memory ≤ 2048 MB`, `GPU on: stated`."""
    name, field = _field(condition.field)
    values = [_value(value, field) for value in condition.values]
    match condition.operator:
        case Operator.EXISTS:
            return f"{name}: stated"
        case Operator.IN | Operator.MATCH:
            return f"{name}: {' or '.join(values)}"
        case Operator.PHRASE:
            return f"{name}: “{values[0]}”"
        case Operator.PREFIX:
            return f"{name}: begins with {values[0]}"
        case Operator.WILDCARD:
            return f"{name}: like {values[0]}"
        case _:
            return f"{name} {_SIGNS[condition.operator]} {values[0]}"


def label_of(given: Filter) -> str:
    """Name a whole filter for a reader."""
    match given:
        case Condition():
            return label(given)
        case Not(inner):
            return f"not {_negated(inner)}"
        case And(parts):
            return _dates(parts) or " and ".join(_bracketed(part) for part in parts)
        case Or(parts):
            return " or ".join(_bracketed(part) for part in parts)


def summary(question: Question) -> str:
    """Say in one line what is searched: `images for KVM GPU servers, Ubuntu, 64-bit, UEFI boot`."""
    parts = [_part(clause) for clause in question.clauses if not clause.default]
    if question.text_words:
        parts.append(f"text {question.text_words}")
    what = _WHAT[question.intent]
    facets = question.facets if question.intent is Intent.FACET else ()
    by = f" by {', '.join(_field(name)[0].lower() for name in facets)}" if facets else ""
    ordered = f"; {', then '.join(map(_order, question.sort))}" if question.sort else ""
    about = f" for {', '.join(parts)}" if parts else ""
    return f"{what}{by}{about}{ordered}"


_WHAT = {Intent.COUNT: "number of images", Intent.FACET: "counts of images", Intent.LIST: "images"}


def _part(clause: Clause) -> str:
    short = clause.written.short
    if short is None:
        short = clause.written.short = _short(clause.filter)
    return short


_SIGNS = {Operator.LT: "<", Operator.LTE: "≤", Operator.GT: ">", Operator.GTE: "≥"}
_SHORT = {
    **dict.fromkeys(
        (
            "platform",
            "os_type",
            "os_bit",
            "image_type",
            "virtual_env_type",
            "kind",
            "gpu_types",
            "region",
            "disk_format",
            "hypervisors",
            "architecture",
        ),
        "{}",
    ),
    "version": "version {}",
    "firmware": "{} boot",
    "gpu": "{} GPU servers",
}


_ORDERS = {
    Sort("created_at", descending=True): "newest first",
    Sort("created_at", descending=False): "oldest first",
    Sort("updated_at", descending=True): "most recently updated first",
    Sort("updated_at", descending=False): "least recently updated first",
    Sort("version", descending=True): "highest version first",
    Sort("version", descending=False): "lowest version first",
}


def _order(level: Sort) -> str:
    said = f"by {_field(level.field)[0].lower()}, {'falling' if level.descending else 'rising'}"
    return _ORDERS.get(level, said)


def _field(name: str) -> tuple[str, Field | None]:
    if name == TEXT:
        return "Text", None
    if name in JOINED:
        return JOINED[name].label, JOINED[name]
    try:
        field = field_named(name)
    except UnknownField:
        return name, None
    return (name if field.kind is Kind.MAP else field.label), field


def _value(value: Value, field: Field | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field is None:
        return str(value)
    if field.kind is Kind.DATE and isinstance(value, int):
        return date_text(value).removesuffix("T00:00:00Z")
    if field.kind is Kind.INTEGER and field.unit:
        return f"{value} {field.unit}"
    return next((known.label for known in field.values if known.value == value), str(value))


def _dates(parts: tuple[Filter, ...]) -> str | None:
    """Write a range of one field as one: `Created: 2024-01-01 before 2025-01-01`."""
    match parts:
        case (
            Condition(field=name, operator=Operator.GTE, values=(lower,)),
            Condition(field=other, operator=(Operator.LT | Operator.LTE) as operator, values=(upper,)),
        ) if name == other:
            shown, field = _field(name)
            sign = "before" if operator is Operator.LT else "to"
            return f"{shown}: {_value(lower, field)} {sign} {_value(upper, field)}"
    return None


def _bracketed(given: Filter) -> str:
    text = label_of(given)
    return f"({text})" if _several(given) else text


def _negated(given: Filter) -> str:
    """The label of what is negated, so that all of it is seen to be."""
    text = label_of(given)
    several = isinstance(given, Condition) and len(given.values) > 1
    return f"({text})" if several else _bracketed(given)


def _one_range(given: And | Or) -> bool:
    return isinstance(given, And) and _dates(given.filters) is not None


def _short(given: Filter) -> str:
    """The label of a filter without the name of its field, where the value says enough."""
    match given:
        case Condition():
            return _short_condition(given)
        case Not(inner):
            return f"not {_short_part(inner, Condition, And, Or)}"
        case And(parts) if not _dates(parts):
            joint = " and " if any(isinstance(part, Not) for part in parts) else " "
            return joint.join(_short_part(part, Or) for part in parts)
        case Or(parts):
            return " or ".join(map(_short, parts))
        case _:
            return label_of(given)


def _short_part(given: Filter, *bracketed: type) -> str:
    """A part of another filter, in brackets where it would fall apart without: `not (Ubuntu or Debian)`."""
    text = _short(given)
    several = len(given.values) > 1 if isinstance(given, Condition) else _several(given)
    return f"({text})" if isinstance(given, bracketed) and several else text


def _several(given: Filter) -> bool:
    return isinstance(given, And | Or) and len(given.filters) > 1 and not _one_range(given)


def _short_condition(condition: Condition) -> str:
    name, field = condition.field, _field(condition.field)[1]
    shown = " or ".join(_value(value, field) for value in condition.values)
    if name == "gpu" and condition.operator is Operator.EXISTS:
        return "GPU servers"
    if condition.operator is not Operator.IN:
        return label(condition)
    if condition.values == (True,):
        return _field(name)[0].lower()
    return _SHORT[name].format(shown) if name in _SHORT else label(condition)

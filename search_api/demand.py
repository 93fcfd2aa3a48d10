"""Clauses from fields that a request names itself, rather than in its sentence."""

from collections.abc import Sequence

from mappings.date import date_text
from mappings.field import Kind
from mappings.filter import And, Condition, Filter, Not, Operator, Or, Value, fields
from search_api.clause import Clause
from search_api.explain import label_of
from search_api.freshness import JOINED

_SIGNS = {Operator.LT: "<", Operator.LTE: "≤", Operator.GT: ">", Operator.GTE: "≥"}
_BOUNDS = frozenset(_SIGNS)


def demand(given: Filter, source: str, why: str) -> Clause:
    """Make the clause of a filter that was named at `source`."""
    return Clause(filter=given, label=label(given), why=why, source=source, negated=isinstance(given, Not))


def label(given: Filter) -> str:
    """Word a filter for a reader."""
    if JOINED.keys().isdisjoint(fields(given)):
        return label_of(given)
    match given:
        case Condition():
            return _joined_label(given)
        case Not():
            return f"not {_inner(given.filter)}"
        case And():
            return " and ".join(_inner(part) for part in given.filters)
        case Or():
            return " or ".join(_inner(part) for part in given.filters)


def combined(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Combine what was given for one field: values by or, bounds and negations by and."""
    if len(filters) == 1:
        return (filters[0],)
    narrowing = [part for part in filters if narrows(part)]
    values = [part for part in filters if not narrows(part)]
    return (*_either(values), *dict.fromkeys(narrowing))


def narrows(given: Filter) -> bool:
    """Whether a filter is a bound or a negation: of a field, these must all hold; values are alternatives."""
    match given:
        case Condition(operator=operator):
            return operator in _BOUNDS
        case Not(Condition(operator=Operator.EXISTS)):
            return False
        case Not():
            return True
        case _:
            return False


def _either(filters: list[Filter]) -> tuple[Filter, ...]:
    """Join alternatives; those that compare with values become one condition."""
    compared: dict[str, dict[Value, None]] = {}
    others: dict[Filter, None] = {}
    for part in filters:
        match part:
            case Condition(field=name, operator=Operator.IN):
                compared.setdefault(name, {}).update(dict.fromkeys(part.values))
            case _:
                others[part] = None
    parts = [*(Condition(name, Operator.IN, tuple(values)) for name, values in compared.items()), *others]
    if not parts:
        return ()
    return (parts[0],) if len(parts) == 1 else (Or(tuple(parts)),)


def _inner(given: Filter) -> str:
    text = label(given)
    return f"({text})" if isinstance(given, And | Or) and len(given.filters) > 1 else text


def _joined_label(condition: Condition) -> str:
    field = JOINED[condition.field]
    if condition.operator is Operator.EXISTS:
        return f"{field.label}: known"
    dates = " or ".join(_shown(value, field.kind) for value in condition.values)
    sign = _SIGNS.get(condition.operator)
    return f"{field.label}: {dates}" if sign is None else f"{field.label} {sign} {dates}"


def _shown(value: Value, kind: Kind) -> str:
    return date_text(value) if kind is Kind.DATE and isinstance(value, int) else str(value)

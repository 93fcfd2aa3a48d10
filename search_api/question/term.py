"""`parse_term_value`: the value of `field=value`, the same in parameters and in sentences."""

import re
from dataclasses import dataclass
from datetime import datetime

from mappings.field import Field, Kind
from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Not, Operator, Or, Value
from search_api.question.meaning import When
from search_api.question.moment import interval, within
from search_api.question.value import Unknown, resolve
from search_api.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A value that a field cannot have: where in the text, what is allowed, what may have been meant.

    `literal` is the condition on the value as it was written, for a field whose values are open: a value that
    no public image holds may be one of the caller's own.
    """

    position: int
    message: str
    allowed: tuple[str, ...] = ()
    did_you_mean: tuple[str, ...] = ()
    literal: Filter | None = None


OPERATORS = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "exists")
"""Written before a value with a colon, as Glance has them; `=`, `!=`, `>` and the like mean the same."""


def parse_term_value(
    field: Field, text: str, vocabulary: Vocabulary, now: datetime, name: str | None = None
) -> Filter | ValueProblem:
    """Read the value of a term. `name` is what the condition is on, where it is not the field's: `extra.KEY`.

    The grammar: `value`, `value,value`, `op:value`, `>=value`, `from..to` (an end may be left open), `*` (stated),
    `exists:true|false`, `""` (not stated), `va*lue` (keyword and text), quotes around what holds signs.
    """
    target = name or field.name
    found = _PREFIX.match(text)
    operator = (_SIGNS.get(found[1]) or found[1].rstrip(":").lower()) if found else "eq"
    start = found.end() if found else 0
    value = text[start:].strip()
    if field.name == "os_version" and (operator in _BOUNDS or ".." in value or _NUMBER.fullmatch(value)):
        field = field_named("version")
        target = field.name
    if operator == "exists":
        return _exists(target, value, start)
    if value == "*":
        return _negated(Condition(target, Operator.EXISTS), operator)
    if value in ('""', "''"):
        return _negated(Not(Condition(target, Operator.EXISTS)), operator)
    if not value:
        return ValueProblem(start, "is empty")
    if operator in _BOUNDS:
        return _bound(field, target, operator, _unquoted(value), start, vocabulary)
    if ".." in value and field.kind in _ORDERED:
        return _range(field, target, value, start, vocabulary)
    return _values(field, target, operator, value, start, vocabulary)


def split_values(field: Field, text: str) -> list[tuple[int, str]]:
    """Cut at commas outside of quotes, with places; names, descriptions, tags and unknown keys keep theirs."""
    if field.kind in (Kind.TEXT, Kind.MAP) or field.name == "tags":
        return [(0, text)]
    return [(found.start(), found[0]) for found in _ITEM.finditer(text) if found[0].strip()]


_PREFIX = re.compile(r"\s*((?:eq|neq|gte|gt|lte|lt|in|exists):|>=|<=|!=|==|>|<|≥|≤)", re.IGNORECASE)
_SIGNS = {">=": "gte", "<=": "lte", "≥": "gte", "≤": "lte", ">": "gt", "<": "lt", "!=": "neq", "==": "eq"}
_BOUNDS = {"gt": Operator.GT, "gte": Operator.GTE, "lt": Operator.LT, "lte": Operator.LTE}
_WHENS = {"gt": When.AFTER, "gte": When.SINCE, "lt": When.BEFORE, "lte": When.UNTIL}
_ORDERED = (Kind.INTEGER, Kind.DATE, Kind.VERSION)
_NUMBER = re.compile(r"v?\d+(?:\.\d+)*(?:\.[xX])?(?:\s*SP\s*\d+)?(?:\s*R2)?", re.IGNORECASE | re.ASCII)
_ITEM = re.compile(r'(?:"[^"]*"|[^",]|")+')


def _exists(target: str, value: str, start: int) -> Filter | ValueProblem:
    stated = Condition(target, Operator.EXISTS)
    match value.casefold():
        case "true":
            return stated
        case "false":
            return Not(stated)
        case _:
            return ValueProblem(start, f"{value[:40]!r} is not true or false", ("true", "false"))


def _negated(given: Filter, operator: str) -> Filter:
    if operator != "neq":
        return given
    return given.filter if isinstance(given, Not) else Not(given)


def _bound(
    field: Field, target: str, operator: str, value: str, start: int, vocabulary: Vocabulary
) -> Filter | ValueProblem:
    if field.kind is Kind.DATE:
        taken = interval(value)
        return _not_a_date(value, start) if taken is None else within(target, _WHENS[operator], taken)
    if field.kind not in _ORDERED:
        return ValueProblem(
            0, f"{operator} compares numbers, dates and versions; {target} is none", ("eq", "neq", "in")
        )
    found = resolve(field, value, vocabulary)
    if isinstance(found, Unknown):
        return _problem(target, value, start, found)
    return Condition(target, _BOUNDS[operator], found[:1])


def _range(
    field: Field, target: str, value: str, start: int, vocabulary: Vocabulary
) -> Filter | ValueProblem:
    lower, _, upper = value.partition("..")
    parts: list[Filter] = []
    for operator, bound, place in (("gte", lower, start), ("lte", upper, start + len(lower) + 2)):
        if bound.strip() in ("", "*"):
            continue
        part = _bound(field, target, operator, bound.strip(), place, vocabulary)
        if isinstance(part, ValueProblem):
            return part
        parts.append(part)
    if not parts:
        return Condition(target, Operator.EXISTS)
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _values(
    field: Field, target: str, operator: str, value: str, start: int, vocabulary: Vocabulary
) -> Filter | ValueProblem:
    items = split_values(field, value)
    values: dict[Value, None] = {}
    others: list[Filter] = []
    for place, item in items:
        part = _one(field, target, item.strip(), start + place, vocabulary)
        if isinstance(part, ValueProblem):
            whole = None if part.literal is None or len(items) > 1 else _negated(part.literal, operator)
            return ValueProblem(part.position, part.message, part.allowed, part.did_you_mean, whole)
        if isinstance(part, Condition) and part.operator is Operator.IN and part.field == target:
            values.update(dict.fromkeys(part.values))
        else:
            others.append(part)
    if values:
        others.insert(0, Condition(target, Operator.IN, tuple(values)))
    return _negated(others[0] if len(others) == 1 else Or(tuple(others)), operator)


def _one(field: Field, target: str, item: str, start: int, vocabulary: Vocabulary) -> Filter | ValueProblem:
    if field.kind is Kind.DATE:
        taken = interval(_unquoted(item))
        return _not_a_date(item, start) if taken is None else within(target, When.IN, taken)
    quoted = item[:1] == '"' == item[-1:] and len(item) > 1
    text = item[1:-1] if quoted else item
    if field.kind in (Kind.KEYWORD, Kind.TEXT, Kind.MAP) and "*" in text and not quoted:
        return _wildcard(target, text, start)
    if field.name == "gpu" and (cards := resolve(field_named("gpu_types"), text, vocabulary)):
        known = resolve(field, text, vocabulary)
        if isinstance(known, Unknown) and not isinstance(cards, Unknown):
            return Condition("gpu_types", Operator.IN, cards)
    if field.name == "enterprise_project_id" and text == "0":
        return default_project()
    found = resolve(field, text, vocabulary)
    if isinstance(found, Unknown):
        return _problem(target, text, start, found)
    return Condition(target, Operator.IN, found)


def default_project() -> Filter:
    """The default enterprise project: `0`, or nothing stated."""
    stated = Condition("enterprise_project_id", Operator.EXISTS)
    return Or((Condition("enterprise_project_id", Operator.IN, ("0",)), Not(stated)))


def _wildcard(target: str, text: str, start: int) -> Filter | ValueProblem:
    if len(text) > 2 and text[0] == "/" == text[-1]:
        return ValueProblem(start, "regular expressions are not supported; * and ? are")
    literal = text.replace("*", "").replace("?", "")
    if len(literal) < 2:
        return ValueProblem(start, "a pattern needs at least 2 characters beside * and ?")
    if text.endswith("*") and not set(text[:-1]) & {"*", "?"}:
        return Condition(target, Operator.PREFIX, (text[:-1],))
    return Condition(target, Operator.WILDCARD, (text,))


def _problem(target: str, value: str, start: int, unknown: Unknown) -> ValueProblem:
    literal = None if unknown.literal is None else Condition(target, Operator.IN, unknown.literal)
    return ValueProblem(
        start, f"{value[:60]!r} {unknown.expected}", unknown.allowed, unknown.did_you_mean, literal
    )


def _not_a_date(value: str, start: int) -> ValueProblem:
    return ValueProblem(
        start, f"{value[:60]!r} is not a date such as 2025, 2025-03, 2025-03-15 or 2025-03-15T12:00:00Z"
    )


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == '"' == text[-1] else text

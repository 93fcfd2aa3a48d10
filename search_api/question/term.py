"""`parse_term_value`: the value of `field=value`, the same in parameters and in sentences."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.field import Field, Kind
from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Not, Operator, Or, Value
from search_api.question.meaning import When
from search_api.question.moment import interval, within
from search_api.question.value import Unknown, resolve, tag_spellings
from search_api.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A value that a field cannot have: where in the text, what is allowed, what may have been meant.

    A `did_you_mean` of `neq:VALUE` is the one reading that a value with a sign before it can have.
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
    """Read the value of a term. `name` is the name that was used for the field, if not its own.

    The condition is on the field, of the map on `extra.KEY`. A tag is one spelling where the field bears its
    own name, as in the buckets of a facet; `tag`, the parameter of IMS, means `k=v` and `k.v` alike.

    The grammar: `value`, `value,value`, `op:value`, `>=value`, `from..to` (an end may be left open), `*`
    (stated), `exists:true|false`, `""` (not stated), `va*lue` (text), quotes around what holds signs.
    """
    found = _PREFIX.match(text)
    operator = (_SIGNS.get(found[1]) or found[1].rstrip(":").lower()) if found else "eq"
    start = found.end() if found else 0
    value = text[start:].strip()
    if field.name == "os_version" and (operator in _BOUNDS or ".." in value or _NUMBER.fullmatch(value)):
        field, name = field_named("version"), None
    on = name if name is not None and field.kind is Kind.MAP else field.name
    target = _Target(field, on, start, vocabulary, loose=(name or "").lower() == "tag")
    if _unclosed(field, value):
        return ValueProblem(start, "has a quote that is not closed")
    if operator in _BOUNDS:
        return _bound(target, operator, _unquoted(value), start)
    if operator == "exists":
        return _exists(target, value)
    given = _whole(target, value)
    if not isinstance(given, ValueProblem):
        return _negated(given, negated=operator == "neq")
    return replace(given, literal=given.literal and _negated(given.literal, negated=operator == "neq"))


def split_terms(field: Field, text: str) -> list[tuple[int, str]]:
    """Cut what is given for a field into terms to be read one by one, with places: `in:a,b`, `gte:1,lt:9`.

    A new operator begins a new term; `in` and `neq` hold for each of the values that follow them. A text
    that has no commas of the kind stays whole.
    """
    if "," not in text:
        return [(0, text)]
    found: list[tuple[int, str]] = []
    sign = ""
    for place, value in split_values(field, text):
        begins = _PREFIX.match(value)
        if begins is not None:
            sign = begins[1]
            found.append((place, value))
        elif found and _SIGNS.get(sign, sign.rstrip(":").lower()) == "neq":
            found.append((place - len(sign), sign + value.strip()))
        elif found and _SIGNS.get(sign, sign.rstrip(":").lower()) in _BOUNDS:
            found[-1] = (found[-1][0], f"{found[-1][1]},{value}")
        else:
            found.append((place, value))
    return found or [(0, "")]


def pattern(text: str) -> str | ValueProblem:
    """Check a pattern: `*` is any run of characters, `?` any one. Gives it with each run of `*` as one.

    The limits keep the time it takes to look for it short.
    """
    if len(text) > 2 and text[0] == "/" == text[-1]:
        return ValueProblem(0, "regular expressions are not supported; * and ? are")
    if len(text) > PATTERN:
        return ValueProblem(PATTERN, f"is longer than {PATTERN} characters, which a pattern may have")
    found = _STARS.sub("*", text)
    if found.count("*") > STARS:
        return ValueProblem(0, f"has more than {STARS} *, which a pattern may have")
    if len(found) - found.count("*") - found.count("?") < LITERALS:
        return ValueProblem(0, f"a pattern needs at least {LITERALS} characters beside * and ?")
    return found


PATTERN = 128
"""Characters of a pattern at most."""
STARS = 8
"""Runs of any characters in a pattern at most."""
LITERALS = 2
"""Characters beside `*` and `?` at least."""


def split_values(field: Field, text: str) -> list[tuple[int, str]]:
    """Cut at commas outside of quotes, with places; names, descriptions, tags, unknown keys keep theirs."""
    if field.kind in (Kind.TEXT, Kind.MAP) or field.name == "tags":
        return [(0, text)]
    return [(found.start(), found[0]) for found in _ITEM.finditer(text) if found[0].strip()]


_PREFIX = re.compile(r"\s*((?:eq|neq|gte|gt|lte|lt|in|exists):|>=|<=|!=|==|>|<|≥|≤)", re.IGNORECASE)
_SIGNS = {">=": "gte", "<=": "lte", "≥": "gte", "≤": "lte", ">": "gt", "<": "lt", "!=": "neq", "==": "eq"}
_BOUNDS = {"gt": Operator.GT, "gte": Operator.GTE, "lt": Operator.LT, "lte": Operator.LTE}
_WHENS = {"gt": When.AFTER, "gte": When.SINCE, "lt": When.BEFORE, "lte": When.UNTIL}
_ORDERED = (Kind.INTEGER, Kind.DATE, Kind.VERSION)
_NUMBER = re.compile(r"v?\d+(?:\.\d+)*(?:\.[xX])?(?:\s*SP\s*\d+)?(?:\s*R2)?", re.IGNORECASE | re.ASCII)
_STARS = re.compile(r"\*+")
_ITEM = re.compile(r'(?:"[^"]*"|[^",]|")+')


@dataclass(frozen=True, slots=True)
class _Target:
    """What a value is for: the field, what the condition is on, and where the value begins in the text."""

    field: Field
    name: str
    start: int
    vocabulary: Vocabulary
    loose: bool
    """A tag counts in both spellings."""

    @property
    def stated(self) -> Condition:
        return Condition(self.name, Operator.EXISTS)


def _exists(target: _Target, value: str) -> Filter | ValueProblem:
    match value.casefold():
        case "true":
            return target.stated
        case "false":
            return Not(target.stated)
        case _:
            return ValueProblem(target.start, f"{value[:40]!r} is not true or false", ("true", "false"))


def _whole(target: _Target, value: str) -> Filter | ValueProblem:
    if value == "*":
        return target.stated
    if value in ('""', "''"):
        return Not(target.stated)
    if ".." in value and target.field.kind in _ORDERED:
        return _range(target, value)
    return _values(target, value)


def _negated(given: Filter, *, negated: bool) -> Filter:
    if not negated:
        return given
    return given.filter if isinstance(given, Not) else Not(given)


def _bound(target: _Target, operator: str, value: str, start: int) -> Filter | ValueProblem:
    field = target.field
    if not value:
        return ValueProblem(start, "is empty")
    if field.kind is Kind.DATE:
        taken = interval(value)
        return _not_a_date(value, start) if taken is None else within(target.name, _WHENS[operator], taken)
    if field.kind not in _ORDERED:
        message = f"{operator} compares numbers, dates and versions; {target.name} is none"
        return ValueProblem(0, message, ("eq", "neq", "in"))
    found = resolve(field, value, target.vocabulary)
    if isinstance(found, Unknown):
        return _problem(target, value, start, found)
    return Condition(target.name, _BOUNDS[operator], found[:1])


def _range(target: _Target, value: str) -> Filter | ValueProblem:
    lower, _, upper = value.partition("..")
    parts: list[Filter] = []
    ends = (("gte", lower, target.start), ("lte", upper, target.start + len(lower) + 2))
    for operator, bound, place in ends:
        if bound.strip() in ("", "*"):
            continue
        part = _bound(target, operator, bound.strip(), place)
        if isinstance(part, ValueProblem):
            return part
        parts.append(part)
    if not parts:
        return target.stated
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _values(target: _Target, value: str) -> Filter | ValueProblem:
    items = split_values(target.field, value)
    if not items or not value:
        return ValueProblem(target.start, "is empty")
    values: dict[Value, None] = {}
    others: list[Filter] = []
    for place, item in items:
        part = _one(target, item.strip(), target.start + place)
        if isinstance(part, ValueProblem):
            return part if len(items) == 1 else replace(part, literal=None)
        if isinstance(part, Condition) and part.operator is Operator.IN and part.field == target.name:
            values.update(dict.fromkeys(part.values))
        else:
            others.append(part)
    if values:
        others.insert(0, Condition(target.name, Operator.IN, tuple(values)))
    return others[0] if len(others) == 1 else Or(tuple(others))


def _one(target: _Target, item: str, start: int) -> Filter | ValueProblem:
    field = target.field
    text = _unquoted(item)
    if field.kind is Kind.DATE:
        taken = interval(text)
        return _not_a_date(item, start) if taken is None else within(target.name, When.IN, taken)
    if field.kind in (Kind.KEYWORD, Kind.TEXT, Kind.MAP) and "*" in text and text == item:
        return _wildcard(target.name, text, start)
    if field.name == "tags" and target.loose:
        return Condition(target.name, Operator.IN, tag_spellings(text))
    found = resolve(field, text, target.vocabulary)
    if not isinstance(found, Unknown):
        return Condition(target.name, Operator.IN, found)
    cards = resolve(field_named("gpu_types"), text, target.vocabulary) if field.name == "gpu" else found
    if not isinstance(cards, Unknown):
        return Condition("gpu_types", Operator.IN, cards)
    return _problem(target, text, start, found)


def _wildcard(target: str, text: str, start: int) -> Filter | ValueProblem:
    found = pattern(text)
    if isinstance(found, ValueProblem):
        return replace(found, position=start + found.position)
    if found.endswith("*") and not set(found[:-1]) & {"*", "?"}:
        return Condition(target, Operator.PREFIX, (found[:-1],))
    return Condition(target, Operator.WILDCARD, (found,))


def _problem(target: _Target, value: str, start: int, unknown: Unknown) -> ValueProblem:
    literal = None if unknown.literal is None else Condition(target.name, Operator.IN, unknown.literal)
    return ValueProblem(
        start, f"{value[:60]!r} {unknown.expected}", unknown.allowed, unknown.did_you_mean, literal
    )


def _not_a_date(value: str, start: int) -> ValueProblem:
    return ValueProblem(
        start, f"{value[:60]!r} is not a date such as 2025, 2025-03, 2025-03-15 or 2025-03-15T12:00:00Z"
    )


def _unclosed(field: Field, value: str) -> bool:
    """Whether a quote has no partner; within a text it is a character like others."""
    if value.count('"') % 2 == 0:
        return False
    return value[0] == '"' or not (field.kind in (Kind.TEXT, Kind.MAP) or field.name == "tags")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == '"' == text[-1] else text

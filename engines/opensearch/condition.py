"""`clause`: a filter as a query of OpenSearch."""

import re
from collections.abc import Iterable, Sequence

from engines.opensearch.entry import version_part, word
from engines.opensearch.pattern import least_length, wildcard
from mappings.field import Field, Kind
from mappings.fields import MAP_FIELD, field_named
from mappings.filter import TEXT, And, Condition, Filter, Not, Operator, Or, Value
from mappings.opensearch import (
    ALL_WORDS,
    DERIVED,
    WORDED,
    map_entry,
    order_field,
    parts_field,
    words_field,
)
from mappings.text import tokens
from mappings.value import LARGEST, TEXT_BYTES
from mappings.version import bounds

Clause = dict[str, object]
"""A query, or a part of one, as JSON."""

EVERYTHING: Clause = {"match_all": {}}
NOTHING: Clause = {"match_none": {}}


def clause(given: Filter, derived: frozenset[str]) -> Clause:
    """Write a filter as a query. `derived` are the fields whose value a rule filled in, in some document.

    Raises UnknownField for a field that is none, ValueError for an operator that the field does not know or a
    version that is none, TypeError for a value of another kind, TooCostly for a pattern.
    """
    match given:
        case And():
            return all_of([clause(part, derived) for part in given.filters])
        case Or():
            return any_of([clause(part, derived) for part in given.filters])
        case Not():
            return none_of(clause(given.filter, derived))
        case Condition():
            return _condition(given, derived)


def all_of(clauses: Iterable[Clause]) -> Clause:
    """Join clauses that must all hold, without nesting where it can be spared."""
    wanted: list[Clause] = []
    unwanted: list[Clause] = []
    for each in clauses:
        if each == NOTHING:
            return NOTHING
        inner = _plain_bool(each)
        if inner is None:
            wanted.append(each)
        else:
            wanted += inner[0]
            unwanted += inner[1]
    wanted = [each for each in wanted if each != EVERYTHING]
    if not unwanted:
        return EVERYTHING if not wanted else wanted[0] if len(wanted) == 1 else {"bool": {"filter": wanted}}
    return {"bool": {"filter": wanted, "must_not": unwanted} if wanted else {"must_not": unwanted}}


def any_of(clauses: Sequence[Clause]) -> Clause:
    """Join clauses of which at least one must hold."""
    wanted: list[Clause] = []
    for each in clauses:
        if each == EVERYTHING:
            return EVERYTHING
        if each != NOTHING:
            wanted += _alternatives(each)
    return NOTHING if not wanted else wanted[0] if len(wanted) == 1 else at_least(1, wanted)


def at_least(number: int, clauses: Sequence[Clause]) -> Clause:
    """Demand that so many of the clauses hold."""
    return {"bool": {"should": list(clauses), "minimum_should_match": number}}


def none_of(given: Clause) -> Clause:
    """Turn a clause round."""
    if given == EVERYTHING:
        return NOTHING
    if given == NOTHING:
        return EVERYTHING
    inner = _plain_bool(given)
    if inner is not None and not inner[0] and len(inner[1]) == 1:
        return inner[1][0]
    return {"bool": {"must_not": _alternatives(given)}}


def has_token(field: str, token: str) -> Clause:
    """Demand a token in a field of words."""
    return {"term": {field: word(token)}}


def is_unicode(text: str) -> bool:
    """Tell whether a text is Unicode that can be written: no value holds half a surrogate pair."""
    return text.isascii() or not _SURROGATE.search(text)


def _plain_bool(given: Clause) -> tuple[list[Clause], list[Clause]] | None:
    """Give what a clause made by `all_of` or `none_of` demands and forbids."""
    inner = given.get("bool")
    if not isinstance(inner, dict) or "should" in inner:
        return None
    return inner.get("filter", []), inner.get("must_not", [])


def _alternatives(given: Clause) -> list[Clause]:
    """Give the clauses of which one must hold; that is the clause itself if it is no such list."""
    inner = given.get("bool")
    if isinstance(inner, dict) and inner.keys() == _ANY and inner["minimum_should_match"] == 1:
        alternatives: list[Clause] = inner["should"]
        return alternatives
    return [given]


_ANY = {"should", "minimum_should_match"}


def _condition(condition: Condition, derived: frozenset[str]) -> Clause:
    name, operator = condition.field, condition.operator
    if operator in (Operator.MATCH, Operator.PHRASE):
        return _words(condition)
    if name == TEXT:
        raise ValueError(f"{operator}: all text fields together know match and phrase only")
    field = asked_field(name)
    return _in_map(condition) if field.kind is Kind.MAP else _of_field(field, condition, derived)


def _of_field(field: Field, condition: Condition, derived: frozenset[str]) -> Clause:
    name = field.name
    match condition.operator:
        case Operator.EXISTS:
            return stated(name, derived)
        case Operator.IN:
            return _any_value(field, condition.values)
        case Operator.PREFIX if field.kind in _TEXTS:
            return _beginning(name, "", _text(condition))
        case Operator.WILDCARD if field.kind in _TEXTS:
            return _looking(name, "", _text(condition))
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE if field.kind in _NUMBERS:
            return _compared(field, condition)
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE if field.kind is Kind.VERSION:
            return _versions_compared(field, condition)
        case _:
            raise ValueError(f"{name}: a field of kind {field.kind} does not know {condition.operator}")


def asked_field(name: str) -> Field:
    """Give a field that conditions may name, the map for `extra.KEY`. Raises UnknownField or ValueError."""
    field = field_named(name)
    if field.name == MAP_FIELD and name != MAP_FIELD:
        return field
    if field.name != name:
        raise ValueError(f"{name}: conditions name fields by their own name, {field.name}")
    if name == MAP_FIELD or not field.filterable:
        raise ValueError(f"{name}: not a field that can be asked")
    return field


def stated(name: str, derived: frozenset[str]) -> Clause:
    """Demand that the cloud stated the field."""
    there: Clause = {"exists": {"field": name}}
    return all_of([there, none_of(filled_in(name))]) if name in derived else there


def filled_in(name: str) -> Clause:
    """Demand that a rule filled the field in."""
    return {"term": {DERIVED: name}}


_TEXTS = frozenset((Kind.KEYWORD, Kind.TEXT))
_NUMBERS = frozenset((Kind.INTEGER, Kind.DATE))


def _any_value(field: Field, values: Sequence[Value]) -> Clause:
    match field.kind:
        case Kind.VERSION:
            return _terms(parts_field(field.name), [version_part(_as_text(value)) for value in values])
        case Kind.INTEGER | Kind.DATE:
            numbers = [int(value) for value in values if not isinstance(value, str)]
            return _terms(field.name, [number for number in numbers if abs(number) <= LARGEST])
        case Kind.BOOLEAN:
            flags = [value == 1 for value in values if not isinstance(value, str) and value in (0, 1)]
            return _terms(field.name, flags)
        case _:
            return _terms(
                field.name, [value for value in values if isinstance(value, str) and is_unicode(value)]
            )


def _terms(name: str, values: Sequence[Value]) -> Clause:
    different = list(dict.fromkeys(values))
    if len(different) == 1:
        return {"term": {name: different[0]}}
    starts = range(0, len(different), _TERMS)
    return any_of([{"terms": {name: different[start : start + _TERMS]}} for start in starts])


_TERMS = 65_536
"""Values that a node takes in one list, unless it is told otherwise."""


def _compared(field: Field, condition: Condition) -> Clause:
    (bound,) = condition.values
    if isinstance(bound, str):
        raise TypeError(f"{condition.field}: {condition.operator} compares numbers and dates, not text")
    # All values lie within, so that a bound beyond takes in what this one does.
    clamped = max(-LARGEST - 1, min(LARGEST + 1, int(bound)))
    return {"range": {field.name: {condition.operator.value: clamped}}}


def _versions_compared(field: Field, condition: Condition) -> Clause:
    lower, upper = bounds(condition.operator, _text(condition))
    limits = {"gte": lower, "lt": upper}
    return {"range": {order_field(field): {name: key for name, key in limits.items() if key is not None}}}


def _in_map(condition: Condition) -> Clause:
    """Conditions on one key of the map."""
    behind = map_entry(condition.field.removeprefix(f"{MAP_FIELD}."), "")
    if not is_unicode(behind):
        return NOTHING
    match condition.operator:
        case Operator.EXISTS:
            return _beginning(MAP_FIELD, behind, "")
        case Operator.IN:
            texts = [_as_text(value) for value in condition.values]
            return _terms(MAP_FIELD, [behind + text for text in texts if is_unicode(text)])
        case Operator.PREFIX:
            return _beginning(MAP_FIELD, behind, _text(condition))
        case Operator.WILDCARD:
            return _looking(MAP_FIELD, behind, _text(condition))
        case _:
            raise ValueError(f"{condition.field}: an attribute of the map does not know {condition.operator}")


def _beginning(name: str, behind: str, text: str) -> Clause:
    if len(text) > TEXT_BYTES or not is_unicode(text):
        return NOTHING
    return {"prefix": {name: {"value": behind + text}}}


def _looking(name: str, behind: str, pattern: str) -> Clause:
    if least_length(pattern) > TEXT_BYTES or not is_unicode(pattern):
        return NOTHING
    return {"wildcard": {name: {"value": wildcard(pattern, behind)}}}


def _words(condition: Condition) -> Clause:
    if condition.field != TEXT and condition.field not in _WORDED:
        asked_field(condition.field)
        raise ValueError(f"{condition.field}: {condition.operator} is for fields of text")
    field = ALL_WORDS if condition.field == TEXT else words_field(condition.field)
    asked = tokens(_text(condition))
    if not asked:
        return NOTHING
    if condition.operator is Operator.PHRASE and len(asked) > 1:
        return {"match_phrase": {field: " ".join(map(word, asked))}}
    return all_of([has_token(field, token) for token in dict.fromkeys(asked)])


_WORDED = frozenset(each.name for each in WORDED)


def _text(condition: Condition) -> str:
    (value,) = condition.values
    return _as_text(value)


def _as_text(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is wanted, not {value!r}")
    return value


_SURROGATE = re.compile("[\ud800-\udfff]")

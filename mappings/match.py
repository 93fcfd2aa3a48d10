"""`matches`: does this document satisfy this filter. The judge that every engine is tested against."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from mappings.document import Document
from mappings.field import Kind
from mappings.fields import FIELDS, MAP_FIELD, field_named
from mappings.filter import TEXT, And, Condition, Filter, Not, Operator, Or, Value
from mappings.text import tokens
from mappings.version import bounds, components, sort_key


def matches(given: Filter, document: Document) -> bool:
    """Tell whether the document satisfies the filter.

    Raises UnknownField for a field that is none, ValueError for a version that is none or an operator that
    the field does not know, TypeError for a value of another kind.
    """
    match given:
        case And():
            return all(matches(part, document) for part in given.filters)
        case Or():
            return any(matches(part, document) for part in given.filters)
        case Not():
            return not matches(given.filter, document)
        case Condition():
            return _holds(given, document)


_TEXT_FIELDS = tuple(field.name for field in FIELDS if field.text)
_Test = Callable[[Value], bool]


def _holds(condition: Condition, document: Document) -> bool:
    match condition.operator:
        case Operator.EXISTS:
            return bool(_values(condition.field, document)) and condition.field not in document.derived
        case Operator.MATCH:
            wanted = frozenset(tokens(_text(condition)))
            return bool(wanted) and wanted <= _all_tokens(_values(condition.field, document))
        case Operator.PHRASE:
            phrase = tokens(_text(condition))
            return any(_contains(tokens(str(value)), phrase) for value in _values(condition.field, document))
        case _:
            test = _test(condition)
            return any(test(value) for value in _values(condition.field, document))


def _values(name: str, document: Document) -> tuple[Value, ...]:
    """Give the values of a field, of one key of the map, or of all text fields."""
    if name == TEXT:
        return tuple(value for field in _TEXT_FIELDS for value in document.values_of(field))
    if field_named(name).kind is Kind.MAP:
        value = document.extra.get(name.removeprefix(f"{MAP_FIELD}."))
        return () if value is None else (value,)
    return document.values_of(name)


def _all_tokens(values: Iterable[Value]) -> frozenset[str]:
    return frozenset(token for value in values for token in tokens(str(value)))


def _contains(words: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    length = len(phrase)
    return length > 0 and any(
        words[start : start + length] == phrase for start in range(len(words) - length + 1)
    )


def _test(condition: Condition) -> _Test:
    """Give the test of one value, for the operators that look at values one by one."""
    if field_named(condition.field).kind is Kind.VERSION:
        return _version_test(condition)
    match condition.operator:
        case Operator.IN:
            return lambda value: value in condition.values
        case Operator.PREFIX:
            beginning = _text(condition)
            return lambda value: str(value).startswith(beginning)
        case Operator.WILDCARD:
            pattern = wildcard_pattern(_text(condition))
            return lambda value: pattern.fullmatch(str(value)) is not None
        case _:
            return _order_test(condition)


def _order_test(condition: Condition) -> _Test:
    (bound,) = condition.values
    if isinstance(bound, str):
        raise TypeError(f"{condition.field}: {condition.operator} compares numbers and dates, not text")
    match condition.operator:
        case Operator.LT:
            return lambda value: _number(value) < bound
        case Operator.LTE:
            return lambda value: _number(value) <= bound
        case Operator.GT:
            return lambda value: _number(value) > bound
        case Operator.GTE:
            return lambda value: _number(value) >= bound
        case _:
            raise ValueError(f"{condition.field}: not an operator of its kind: {condition.operator}")


def _version_test(condition: Condition) -> _Test:
    if condition.operator is Operator.IN:
        wanted = tuple(components(str(value)) for value in condition.values)
        return lambda value: any(components(str(value))[: len(parts)] == parts for parts in wanted)
    (bound,) = condition.values
    lower, upper = bounds(condition.operator, str(bound))

    def between(value: Value) -> bool:
        key = sort_key(str(value))
        return (lower is None or lower <= key) and (upper is None or key < upper)

    return between


def _text(condition: Condition) -> str:
    (value,) = condition.values
    return str(value)


def _number(value: Value) -> int:
    if isinstance(value, str):
        raise TypeError(f"text cannot be compared with a number: {value[:40]!r}")
    return value


@lru_cache(maxsize=64)
def wildcard_pattern(text: str) -> re.Pattern[str]:
    """Compile a wildcard: `*` any run, `?` any one character, all else literal and case-sensitive.

    Linear in the value: each part takes its first place and is not tried again.
    """
    first, *others = (re.escape(part).replace(r"\?", ".") for part in text.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, re.DOTALL)

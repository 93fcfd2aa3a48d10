"""A condition as the documents that satisfy it."""

import numpy as np
from pyroaring import BitMap

from engines.embedded.bitmap import Bits
from engines.embedded.column import Column
from engines.embedded.index import Index
from engines.embedded.number import Numbers
from engines.embedded.terms import Ordinals, encoded
from engines.embedded.wildcard import matching
from engines.embedded.words import SEARCHED
from mappings.field import Kind
from mappings.fields import MAP_FIELD
from mappings.filter import TEXT, Condition, Operator, Value
from mappings.text import tokens
from mappings.version import bounds, components


def documents(condition: Condition, index: Index) -> Bits:
    """Give the documents that satisfy a condition.

    Raises UnknownField for a field that is none, ValueError for an operator that the field does not know or a
    version that is none, TypeError for a value of another kind, TooCostly for a wildcard.
    """
    name, operator = condition.field, condition.operator
    if operator in (Operator.MATCH, Operator.PHRASE):
        return _worded(condition, index)
    if name == TEXT:
        raise ValueError(f"{operator}: all text fields together know match and phrase only")
    column = index.column(name)
    if column.field.kind is Kind.MAP:
        return _in_map(condition, column, index)
    return _in_column(condition, column, index)


def _in_column(condition: Condition, column: Column, index: Index) -> Bits:
    kind = column.field.kind
    match condition.operator:
        case Operator.EXISTS:
            return column.stated
        case Operator.IN:
            return _any_of(condition, column)
        case Operator.PREFIX | Operator.WILDCARD if kind in (Kind.KEYWORD, Kind.TEXT):
            return _begins_or_looks(condition, column, b"", index)
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE if kind in (Kind.INTEGER, Kind.DATE):
            return _compared(condition, column)
        case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE if column.versions is not None:
            return _versions_compared(condition, column)
        case _:
            raise ValueError(f"{condition.field}: a field of kind {kind} does not know {condition.operator}")


def _any_of(condition: Condition, column: Column) -> Bits:
    if column.versions is not None:
        beginnings = column.versions.beginnings
        asked = {components(_text(value)) for value in condition.values}
        found = [beginnings[parts] for parts in asked if parts in beginnings]
        return column.postings.union(np.unique(np.concatenate(found)) if found else _NONE)
    ordinals = {ordinal for value in condition.values if (ordinal := column.find(value)) is not None}
    return column.postings.union(np.fromiter(ordinals, np.int64))


def _begins_or_looks(condition: Condition, column: Column, behind: bytes, index: Index) -> Bits:
    """Find beginnings and wildcards, in a map behind the key; what a wildcard costs is noted."""
    text, terms = _text(condition.values[0]), column.values
    if isinstance(terms, Numbers):
        raise TypeError(f"{condition.field}: numbers know no {condition.operator}")
    if condition.operator is Operator.WILDCARD:
        matches = matching(terms, text, behind)
        index.costs.put(condition, matches.cost)
        return column.postings.union(matches.ordinals)
    return column.postings.union(terms.beginning(behind + encoded(text)))


def _compared(condition: Condition, column: Column) -> Bits:
    (bound,) = condition.values
    numbers = column.values
    if isinstance(bound, str) or not isinstance(numbers, Numbers):
        raise TypeError(f"{condition.field}: {condition.operator} compares numbers and dates, not text")
    match condition.operator:
        case Operator.LT:
            return column.between(0, numbers.below(bound))
        case Operator.LTE:
            return column.between(0, numbers.up_to(bound))
        case Operator.GT:
            return column.between(numbers.up_to(bound), len(numbers))
        case _:
            return column.between(numbers.below(bound), len(numbers))


def _versions_compared(condition: Condition, column: Column) -> Bits:
    order = column.versions
    if order is None:
        return BitMap()
    (bound,) = condition.values
    lower, upper = bounds(condition.operator, _text(bound))
    low, high = order.below(lower), order.below(upper) if upper is not None else len(order.keys)
    return column.postings.union(np.flatnonzero((order.ranks[:-1] >= low) & (order.ranks[:-1] < high)))


def _in_map(condition: Condition, column: Column, index: Index) -> Bits:
    """Conditions on one key of the map, whose entries stand as key, 0xFF, value."""
    behind = encoded(condition.field.removeprefix(f"{MAP_FIELD}.")) + b"\xff"
    terms = column.values
    if isinstance(terms, Numbers):
        return BitMap()
    match condition.operator:
        case Operator.EXISTS:
            return column.postings.union(terms.beginning(behind))
        case Operator.IN:
            found = (terms.find(behind + encoded(_text(value))) for value in condition.values)
            ordinals = {ordinal for ordinal in found if ordinal is not None}
            return column.postings.union(np.fromiter(ordinals, np.int64))
        case Operator.PREFIX | Operator.WILDCARD:
            return _begins_or_looks(condition, column, behind, index)
        case _:
            raise ValueError(f"{condition.field}: an attribute of the map does not know {condition.operator}")


def _worded(condition: Condition, index: Index) -> Bits:
    words = tokens(_text(condition.values[0]))
    names = SEARCHED if condition.field == TEXT else (condition.field,)
    unknown = [name for name in names if name not in index.words.fields]
    if unknown:
        index.column(unknown[0])
        raise ValueError(f"{unknown[0]}: {condition.operator} is for fields of text")
    if condition.operator is Operator.MATCH:
        field_words = index.words.fields.get(condition.field)
        return index.words.holding(field_words.postings if field_words else index.words.everywhere, words)
    ordinals = index.words.ordinals(words)
    if not ordinals:
        return BitMap()
    found = BitMap()
    for name in names:
        found |= index.columns[name].postings.union(index.words.fields[name].phrase(ordinals))
    return found


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is wanted, not {value!r}")
    return value


_NONE: Ordinals = np.empty(0, np.int64)

"""Counting: the values of a field, or named filters, within a set of documents."""

from collections.abc import Mapping

import numpy as np

from engines.embedded.bases import Base
from engines.embedded.bitmap import Docs, docs_of
from engines.embedded.column import Column
from engines.embedded.index import Index
from engines.embedded.postings import spread
from engines.embedded.selection import select
from engines.embedded.version_order import VersionOrder
from engines.query import Bucket, FacetCounts, FieldFacet, FilterFacet


def count(facet: FieldFacet | FilterFacet, base: Base, index: Index) -> FacetCounts:
    """Count a facet. Raises UnknownField, ValueError or TypeError for what cannot be counted or asked."""
    if isinstance(facet, FilterFacet):
        return _count_filters(facet, base, index)
    column = index.column(facet.field)
    if column.field.facet is None:
        raise ValueError(f"{facet.field}: not a facet")
    counts = _counts(column, base)
    defaults = _defaults(column, base, counts) if column.derived else _NO_DEFAULTS
    if column.field.multiple:
        stated = base.bits.intersection_cardinality(column.stated)
    else:
        stated = sum(counts) - sum(defaults.values())
    missing = base.size - stated
    if column.versions is not None:
        return _versions(column.versions, counts, defaults, missing, facet.limit)
    if column.few:
        return _few(column, counts, defaults, missing, facet.limit)
    return _many(column, counts, defaults, missing, facet.limit)


_NO_DEFAULTS: Mapping[int, int] = {}


def _count_filters(facet: FilterFacet, base: Base, index: Index) -> FacetCounts:
    counted = (
        (name, select(given, index).intersection_cardinality(base.bits)) for name, given in facet.filters
    )
    buckets = [(-number, name) for name, number in counted if number]
    return FacetCounts(tuple(Bucket(name, -number) for number, name in sorted(buckets)), 0, len(buckets))


def _counts(column: Column, base: Base) -> list[int]:
    """Count the documents of each ordinal, in the cheaper of two ways."""
    if column.few and _by_bitmaps(column, base):
        return _count_by_bitmaps(column, base)
    return _count_one_by_one(column, base.docs)


def _count_by_bitmaps(column: Column, base: Base) -> list[int]:
    """Meet the documents of each value but the most frequent one: those are many, and the rest has it."""
    meet, usual = base.bits.intersection_cardinality, column.usual
    if usual is None:
        return list(map(meet, column.bitmaps))
    counts = list(map(meet, column.unusual))
    counts.insert(usual, base.size - sum(counts) - (meet(column.absent) if column.absent else 0))
    return counts


def _by_bitmaps(column: Column, base: Base) -> bool:
    """Tell whether meeting the bitmap of each value costs less than looking at each document once.

    A bitmap that is dense costs by its length, one that is sparse by what it holds; a document that may have
    many values costs more than one with one (nanoseconds, measured between the other steps of answers).
    """
    each = base.capacity * 0.005 if base.size * 16 > base.capacity else base.size * 0.45
    one_by_one = 20_000 + base.size * 10 if column.forward is None else 8_000 + base.size * 4
    return len(column.bitmaps) * (1_000 + each) < one_by_one


def _count_one_by_one(column: Column, docs: Docs) -> list[int]:
    values = len(column.values)
    lists = column.forward_lists
    if column.forward is not None:
        ordinals = column.forward.take(docs)
    elif lists is not None:
        ordinals = lists.docs.take(spread(lists.starts, docs.astype(np.int64)))
    else:
        raise ValueError(f"{column.field.name}: not a facet")
    counts: list[int] = np.bincount(ordinals, minlength=values).tolist()
    return counts[:values]


def _defaults(column: Column, base: Base, counts: list[int]) -> Mapping[int, int]:
    """Count by ordinal the documents whose value a rule filled in."""
    if column.few:
        meet = base.bits.intersection_cardinality
        return {ordinal: meet(both) for ordinal, both in column.defaults.items() if counts[ordinal]}
    counted = _count_one_by_one(column, docs_of(base.bits & column.derived))
    return {ordinal: number for ordinal, number in enumerate(counted) if number}


def _few(
    column: Column, counts: list[int], defaults: Mapping[int, int], missing: int, limit: int
) -> FacetCounts:
    # Sorting is stable: equal counts stay in the order of their values.
    order = sorted(filter(counts.__getitem__, range(len(counts))), key=counts.__getitem__, reverse=True)
    labels, shown = column.labels, order[:limit]
    if defaults:
        buckets = [Bucket(labels[ordinal], counts[ordinal], defaults.get(ordinal, 0)) for ordinal in shown]
    else:
        buckets = [Bucket(labels[ordinal], counts[ordinal]) for ordinal in shown]
    return FacetCounts(tuple(buckets), missing, len(order))


def _many(
    column: Column, counts: list[int], defaults: Mapping[int, int], missing: int, limit: int
) -> FacetCounts:
    """Take the values with the highest counts without sorting all of them."""
    numbers = np.array(counts, np.int64)
    found = np.flatnonzero(numbers)
    distinct = len(found)
    if 0 < limit < distinct:
        least = np.partition(numbers[found], distinct - limit)[distinct - limit]
        found = found[numbers[found] >= least]
    order = sorted((-counts[ordinal], ordinal) for ordinal in found.tolist())
    buckets = tuple(
        Bucket(column.value(ordinal), -number, defaults.get(ordinal, 0)) for number, ordinal in order[:limit]
    )
    return FacetCounts(buckets, missing, distinct)


def _versions(
    order: VersionOrder, counts: list[int], defaults: Mapping[int, int], missing: int, limit: int
) -> FacetCounts:
    """Count every beginning of the versions: those of each version count for all its beginnings."""
    by_prefix = order.by_prefix(counts)
    by_default = order.by_prefix([defaults.get(ordinal, 0) for ordinal in range(len(counts))])
    found = [
        (-number, prefix, filled)
        for number, prefix, filled in zip(by_prefix, order.prefixes, by_default, strict=True)
        if number
    ]
    found.sort()
    buckets = tuple([Bucket(prefix, -number, filled) for number, prefix, filled in found[:limit]])
    return FacetCounts(buckets, missing, len(found))

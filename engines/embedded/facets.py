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
    if column.bitmaps and column.versions is None:
        return _few(column, base, facet.limit)
    if column.field.facet is None:
        raise ValueError(f"{facet.field}: not a facet")
    counts, having = _counts(column, base)
    defaults = _defaults(column, base, counts) if column.derived else _NO_DEFAULTS
    missing = base.size - (having if column.field.multiple else having - sum(defaults.values()))
    if column.versions is not None:
        return _versions(column.versions, counts, defaults, missing, facet.limit)
    return _many(column, counts, defaults, missing, facet.limit)


_NO_DEFAULTS: Mapping[int, int] = {}


def _count_filters(facet: FilterFacet, base: Base, index: Index) -> FacetCounts:
    counted = (
        (name, select(given, index).intersection_cardinality(base.bits)) for name, given in facet.filters
    )
    buckets = [(-number, name) for name, number in counted if number]
    return FacetCounts(tuple(Bucket(name, -number) for number, name in sorted(buckets)), 0, len(buckets))


def _few(column: Column, base: Base, limit: int) -> FacetCounts:
    counts, having = _counts(column, base)
    # Sorting is stable: equal counts stay in the order of their values.
    shown = [ordinal for ordinal, number in enumerate(counts) if number]
    shown.sort(key=counts.__getitem__, reverse=True)
    distinct = len(shown)
    if distinct > limit:
        del shown[limit:]
    labels, defaults = column.labels, column.defaults
    if not defaults:
        buckets = [_bucket(Bucket, (labels[o], counts[o], 0, ())) for o in shown]
        return FacetCounts(tuple(buckets), base.size - having, distinct)
    filled = _defaults(column, base, counts)
    stated = having if column.usual is None else having - sum(filled.values())
    buckets = [_bucket(Bucket, (labels[o], counts[o], filled.get(o, 0), ())) for o in shown]
    return FacetCounts(tuple(buckets), base.size - stated, distinct)


def _counts(column: Column, base: Base) -> tuple[list[int], int]:
    """Count the documents of each ordinal, by value or by document, whichever is cheaper.

    Also count those that hold a value at all; those that state one, where a document may hold several.
    """
    meet, size, usual = base.meet, base.size, column.usual
    by_document = column.looking + column.looking_each * size
    if not column.bitmaps or len(column.bitmaps) * base.meeting >= by_document:
        counts = _count_one_by_one(column, base.docs)
        return counts, meet(column.stated) if column.field.multiple else sum(counts)
    if usual is None:
        return list(map(meet, column.bitmaps)), meet(column.stated)
    # The most frequent value is not met: its documents are many, and the rest has it.
    counts = list(map(meet, column.unusual))
    having = size if column.absent is None else size - meet(column.absent)
    counts.insert(usual, having - sum(counts))
    return counts, having


_bucket = tuple.__new__
"""Makes a bucket in one step of C: an answer has many."""


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
        return {ordinal: base.meet(both) for ordinal, both in column.defaults.items() if counts[ordinal]}
    counted = _count_one_by_one(column, docs_of(base.bits & column.derived))
    return {ordinal: number for ordinal, number in enumerate(counted) if number}


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

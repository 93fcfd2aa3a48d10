"""Counting: the values of a field, or named filters, within a set of documents."""

import numpy as np

from engines.embedded.bitmap import Bits, Docs, docs_of
from engines.embedded.column import Column
from engines.embedded.index import Index
from engines.embedded.part import Integers
from engines.embedded.postings import spread
from engines.embedded.selection import select
from engines.query import Bucket, FacetCounts, FieldFacet, FilterFacet


class Base:
    """A set of documents to count within; its array is made once, when first needed."""

    __slots__ = ("_docs", "bits", "size")

    def __init__(self, bits: Bits) -> None:
        self.bits = bits
        self.size = len(bits)
        self._docs: Docs | None = None

    @property
    def docs(self) -> Docs:
        """The documents, ascending."""
        if self._docs is None:
            self._docs = docs_of(self.bits)
        return self._docs


def count(facet: FieldFacet | FilterFacet, base: Base, index: Index) -> FacetCounts:
    """Count a facet. Raises UnknownField, ValueError or TypeError for what cannot be counted or asked."""
    if isinstance(facet, FilterFacet):
        return _count_filters(facet, base, index)
    column = index.column(facet.field)
    if column.field.facet is None:
        raise ValueError(f"{facet.field}: not a facet")
    if column.versions is not None:
        return _count_versions(column, base, facet.limit)
    if column.few and len(column.values) * _BITMAP_COST < base.size + _ARRAY_COST:
        return _count_few(column, base, facet.limit)
    return _count_many(column, base, facet.limit)


_BITMAP_COST = 250
"""Counting one more value by its bitmap costs about as much as counting so many more documents one by one."""
_ARRAY_COST = 5_000
"""Counting documents one by one has a price of its own, in documents."""


def _count_filters(facet: FilterFacet, base: Base, index: Index) -> FacetCounts:
    counted = (
        (name, select(given, index).intersection_cardinality(base.bits)) for name, given in facet.filters
    )
    buckets = [(-number, name) for name, number in counted if number]
    return FacetCounts(tuple(Bucket(name, -number) for number, name in sorted(buckets)), 0, len(buckets))


def _count_few(column: Column, base: Base, limit: int) -> FacetCounts:
    """Count by bitmaps: as fast for a million documents as for a thousand."""
    bits = base.bits
    counts = [bits.intersection_cardinality(of_value) for of_value in column.bitmaps]
    defaults = {
        ordinal: bits.intersection_cardinality(both)
        for ordinal, both in column.defaults.items()
        if counts[ordinal]
    }
    order = [ordinal for ordinal in column.by_text if counts[ordinal]]
    # Sorting is stable: equal counts stay in the order of their text.
    order.sort(key=counts.__getitem__, reverse=True)
    labels = column.labels
    buckets = tuple(
        [Bucket(labels[ordinal], counts[ordinal], defaults.get(ordinal, 0)) for ordinal in order[:limit]]
    )
    if column.field.multiple:
        stated = bits.intersection_cardinality(column.stated)
    else:
        stated = sum(counts) - sum(defaults.values())
    return FacetCounts(buckets, base.size - stated, len(order))


def _count_many(column: Column, base: Base, limit: int) -> FacetCounts:
    """Count document by document."""
    counts = _counts(column, base.docs)
    missing = base.size - base.bits.intersection_cardinality(column.stated)
    defaults = _counts(column, docs_of(base.bits & column.derived)) if column.derived else None
    return _largest(counts, defaults, limit, missing, column)


def _counts(column: Column, docs: Docs) -> Integers:
    """Count the documents of each ordinal."""
    values = len(column.values)
    if column.forward is not None:
        return np.bincount(column.forward[docs], minlength=values)[:values]
    lists = column.forward_lists
    if lists is None:
        raise ValueError(f"{column.field.name}: not a facet")
    return np.bincount(lists.docs[spread(lists.starts, docs.astype(np.int64))], minlength=values)


def _count_versions(column: Column, base: Base, limit: int) -> FacetCounts:
    """Count every beginning of the versions: those of each version count for all its beginnings."""
    order = column.versions
    if order is None:
        raise ValueError(f"{column.field.name}: not a version")
    counts = _counts(column, base.docs)
    derived = _counts(column, docs_of(base.bits & column.derived))
    missing = base.size - base.bits.intersection_cardinality(column.stated)
    found = [
        (int(counts[ordinals].sum()), prefix, int(derived[ordinals].sum()))
        for prefix, ordinals in zip(order.prefixes, order.prefix_ordinals, strict=True)
    ]
    found = sorted((each for each in found if each[0]), key=lambda each: (-each[0], each[1]))
    buckets = tuple(Bucket(prefix, number, by_default) for number, prefix, by_default in found[:limit])
    return FacetCounts(buckets, missing, len(found))


def _largest(
    counts: Integers, defaults: Integers | None, limit: int, missing: int, column: Column
) -> FacetCounts:
    """Take the values with the highest counts; of equal ones those whose text comes first."""
    found = np.flatnonzero(counts)
    distinct = len(found)
    if 0 < limit < distinct:
        least = np.partition(counts[found], distinct - limit)[distinct - limit]
        found = found[counts[found] >= least]
    labelled = [(-int(counts[ordinal]), column.text(ordinal), int(ordinal)) for ordinal in found.tolist()]
    buckets = tuple(
        Bucket(column.value(ordinal), -number, 0 if defaults is None else int(defaults[ordinal]))
        for number, _, ordinal in sorted(labelled)[:limit]
    )
    return FacetCounts(buckets, missing, distinct)

"""Counting: the values of a field, or named filters, within a set of documents."""

from collections.abc import Mapping, Sequence

import numpy as np

from engines.embedded.base import Base
from engines.embedded.bitmap import docs_of
from engines.embedded.column import Column
from engines.embedded.counter import Counter, count_ordinals
from engines.embedded.index import Index
from engines.embedded.panel import Panel
from engines.embedded.selection import select
from engines.embedded.version_order import VersionOrder
from engines.query import Bucket, Facet, FacetCounts, FieldFacet, FilterFacet, lifted_fields


def count_all(
    facets: Sequence[Facet], within: Mapping[frozenset[str], Base], index: Index
) -> Mapping[str, FacetCounts]:
    """Count facets, each within the documents that are left by what it lifts.

    Raises UnknownField, ValueError or TypeError for what cannot be counted or asked.
    """
    panel = _panel(facets, index)
    if panel is not None:
        return panel.count(within)
    return {facet.name: count(facet, within[lifted_fields(facet)], index) for facet in facets}


def _panel(facets: Sequence[Facet], index: Index) -> Panel | None:
    """Give what counts these facets at once; None where some have many values, or more than they show."""
    names = tuple([facet.name for facet in facets])
    panel = index.panels.get(names)
    if panel is not None and panel.facets == facets:
        return panel
    fields = [facet for facet in facets if isinstance(facet, FieldFacet)]
    columns = [index.column(facet.field) for facet in fields]
    few = all(
        _is_few(column) and len(column.labels) <= facet.limit
        for facet, column in zip(fields, columns, strict=True)
    )
    if len(fields) < len(facets) or len(set(names)) < len(names) or not facets or not few:
        return None
    panel = Panel(fields, list(map(index.counter, columns)), index.size)
    index.panels.put(names, panel)
    return panel


def _is_few(column: Column) -> bool:
    """Whether a field has so few values that each has a bitmap, and what is counted are these."""
    return column.field.facet is not None and column.few and column.versions is None


def count(facet: Facet, base: Base, index: Index) -> FacetCounts:
    """Count one facet. Raises as `count_all` does."""
    if isinstance(facet, FilterFacet):
        return _count_filters(facet, base, index)
    column = index.column(facet.field)
    if _is_few(column):
        counter = index.counter(column)
        return _few(counter, counter.numbers(base), base.size, facet.limit)
    if column.field.facet is None:
        raise ValueError(f"{facet.field}: not a facet")
    counts = count_ordinals(column.forward, column.forward_lists, base.indices, len(column.values))
    defaults = _defaults(column, base) if column.derived else _NO_DEFAULTS
    if column.field.multiple:
        missing = base.size - base.bits.intersection_cardinality(column.stated)
    else:
        missing = base.size - (sum(counts) - sum(defaults.values()))
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


def _few(counter: Counter, numbers: list[int], size: int, limit: int) -> FacetCounts:
    labels, filled = counter.labels, counter.filled
    # Sorting is stable: equal counts stay in the order of their values.
    shown = sorted(counter.ordinals, key=numbers.__getitem__, reverse=True)
    distinct = len(shown) - numbers[: len(shown)].count(0)
    del shown[min(distinct, limit) :]
    if not filled:
        buckets = [_made(Bucket, (labels[o], numbers[o], 0, ())) for o in shown]
    else:
        by_default = dict(zip(filled, numbers[len(labels) :], strict=False))
        buckets = [_made(Bucket, (labels[o], numbers[o], by_default.get(o, 0), ())) for o in shown]
    return _made(FacetCounts, (tuple(buckets), size - counter.stated(numbers), distinct, True, ()))


_made = tuple.__new__
"""Makes buckets and counts in one step of C: an answer has many."""


def _defaults(column: Column, base: Base) -> Mapping[int, int]:
    """Count by ordinal the documents whose value a rule filled in."""
    docs = docs_of(base.bits & column.derived).astype(np.intp)
    counted = count_ordinals(column.forward, column.forward_lists, docs, len(column.values))
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

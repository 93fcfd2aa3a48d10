"""Spreading: the numbers or dates of a field over round bounds, within a set of documents."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engines.embedded.base import Base
from engines.embedded.column import Column
from engines.embedded.index import Index
from engines.embedded.number import Numbers
from engines.histogram import check_spreadable, edges
from engines.query import HistogramCounts, Span


def spread_over(name: str, base: Base, index: Index) -> HistogramCounts:
    """Spread a field within a base. Raises UnknownField, or ValueError for a field that cannot be spread."""
    column = index.column(name)
    values = column.values
    check_spreadable(column.field)
    if not isinstance(values, Numbers):
        raise TypeError(f"{name}: the index holds no numbers")
    missing = base.size - base.bits.intersection_cardinality(column.stated)
    counts = _counts(column, base)
    held = np.flatnonzero(counts)
    if not len(held):
        return HistogramCounts((), missing)
    bounds = edges(column.field, values.value(int(held[0])), values.value(int(held[-1])))
    places = [values.below(bound) for bound in bounds]
    filled = Base(base.bits & column.derived, base.capacity)
    by_default = _between(places, _counts(column, filled)) if filled.size else [0] * (len(places) - 1)
    spans = [
        Span(low, high, count, default)
        for (low, high), count, default in zip(
            pairwise(bounds), _between(places, counts), by_default, strict=True
        )
    ]
    return HistogramCounts(tuple(spans), missing)


def _between(places: list[int], counts: NDArray[np.int64]) -> list[int]:
    """Add up the counts from each place up to the next one."""
    below = np.concatenate(([0], np.cumsum(counts)))
    added: list[int] = np.diff(below[places]).tolist()
    return added


_WORTH = 500
"""Documents that are looked at one by one while the bitmap of one value is met."""


def _counts(column: Column, base: Base) -> NDArray[np.int64]:
    """Count the documents of each ordinal."""
    values = len(column.values)
    if column.forward is None or (column.few and values * _WORTH < base.size):
        meet = base.bits.intersection_cardinality
        return np.array([meet(column.postings.one(ordinal)) for ordinal in range(values)], np.int64)
    return np.bincount(column.forward.take(base.docs), minlength=values)[:values]

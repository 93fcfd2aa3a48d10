"""Spreading: the numbers or dates of a field over round bounds, within a set of documents."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engines.embedded.bases import Base
from engines.embedded.column import Column
from engines.embedded.index import Index
from engines.embedded.number import Numbers
from engines.histogram import SPREADABLE, edges, spreadable
from engines.query import HistogramCounts, Span


def spread_over(name: str, base: Base, index: Index) -> HistogramCounts:
    """Spread a field within a base. Raises UnknownField, or ValueError for a field that cannot be spread."""
    column = index.column(name)
    values = column.values
    if not spreadable(column.field) or not isinstance(values, Numbers):
        raise ValueError(f"{name}: cannot be spread; these can: {', '.join(SPREADABLE)}")
    missing = base.size - base.bits.intersection_cardinality(column.stated)
    counts = _counts(column, base)
    held = np.flatnonzero(counts)
    if not len(held):
        return HistogramCounts((), missing)
    bounds = edges(column.field, values.value(int(held[0])), values.value(int(held[-1])))
    below = np.concatenate(([0], np.cumsum(counts)))
    totals = [int(below[values.below(bound)]) for bound in bounds]
    spans = [
        Span(low, high, after - before)
        for (low, high), (before, after) in zip(pairwise(bounds), pairwise(totals), strict=True)
    ]
    return HistogramCounts(tuple(spans), missing)


_WORTH = 500
"""Documents that are looked at one by one while the bitmap of one value is met."""


def _counts(column: Column, base: Base) -> NDArray[np.int64]:
    """Count the documents of each ordinal."""
    values = len(column.values)
    if column.forward is None or (column.few and values * _WORTH < base.size):
        meet = base.bits.intersection_cardinality
        return np.array([meet(column.postings.one(ordinal)) for ordinal in range(values)], np.int64)
    return np.bincount(column.forward.take(base.docs), minlength=values)[:values]

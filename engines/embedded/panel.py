"""`Panel`: facets of few values each, counted all at once."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from engines.embedded.base import NOTHING, Base
from engines.embedded.counter import Counter
from engines.embedded.groups import Groups, Numbers
from engines.placed import FacetPlaces, PlacedCounts
from engines.query import FieldFacet, lifted_fields


class Panel:
    """Some facets, how each is counted, and where their numbers stand in one row.

    An answer has a dozen facets of a few values each: to go through them one by one would take longer than to
    count.
    """

    __slots__ = (
        "_at",
        "_fields",
        "_filled",
        "_firsts",
        "_groups",
        "_none",
        "_order",
        "_places",
        "_signs",
        "_starts",
        "_unstated",
        "facets",
    )

    def __init__(self, facets: Sequence[FieldFacet], counters: Sequence[Counter], size: int) -> None:
        self.facets = tuple(facets)
        # The numbers of all counters in one row, a 1 behind them.
        *starts, end = accumulate((len(each.sets) for each in counters), initial=0)
        self._fields = [
            (facet.name, lifted_fields(facet), counter, slice(start, start + len(counter.sets)))
            for facet, counter, start in zip(facets, counters, starts, strict=True)
        ]
        self._groups = Groups([(name, counter) for name, _, counter, _ in self._fields], size)
        self._starts = np.array(starts)
        self._none = [0] * (end + 1)
        self._signs = np.concatenate([_signs(each) for each in counters])
        # The places of all values in one row, with one for what is not stated behind those of each facet.
        self._places = _places(facets, counters)
        self._unstated = [self._places.unstated(facet) for facet in range(len(facets))]
        at = [
            [*range(start, start + len(each.labels)), end]
            for start, each in zip(starts, counters, strict=True)
        ]
        self._at = np.concatenate(at)
        self._firsts = np.array(self._places.starts)
        self._filled = np.concatenate(
            [
                start + len(each.labels) + np.arange(len(each.filled))
                for start, each in zip(starts, counters, strict=True)
            ]
        )
        # What comes first has the smaller number: by facet, count; last what is not stated, counted as 1.
        self._order = np.repeat(np.arange(len(facets)) << 40, list(map(len, at)))
        self._order[self._unstated] += 2

    def count(self, within: Mapping[frozenset[str], Base]) -> PlacedCounts:
        """Count each facet within what is left by what it lifts."""
        numbers = self._numbers(within)
        counts = numbers.take(self._at)
        there = np.minimum(counts, 1)
        order = (self._order - counts).argsort(kind="stable")
        shown = order.compress(there.take(order)).tolist()
        distinct = np.add.reduceat(there, self._firsts) - 1
        stated = np.add.reduceat(numbers[:-1] * self._signs, self._starts)
        listed: list[int] = counts.tolist()
        for place, (_, kind, _, _), number in zip(self._unstated, self._fields, stated.tolist(), strict=True):
            listed[place] = within[kind].size - number
        by_default = numbers.take(self._filled)
        return PlacedCounts(self._places, listed, shown, by_default.tolist(), distinct.tolist())

    def _numbers(self, within: Mapping[frozenset[str], Base]) -> Numbers:
        """Count the sets of all counters, by document or by set, whichever is cheaper."""
        groups, found = self._groups, within[NOTHING]
        groups.grow()
        looking = _LOOKING + found.size * (1 + 3 * groups.width)
        together = bool(groups.fields) and looking < len(self._at) * found.meeting
        numbers = groups.count(found.indices).tolist() if together else self._none.copy()
        for name, kind, counter, row in self._fields:
            base = within[kind]
            if base is not found or not together or name not in groups.fields:
                numbers[row] = counter.numbers(base)
        numbers[-1] = 1
        return np.array(numbers, np.int64)


_LOOKING = 20_000
"""Nanoseconds that it takes to count by document, beside what each takes."""


def _signs(counter: Counter) -> Sequence[int]:
    """Tell how the numbers of a counter add up to how many state a value."""
    values, filled = len(counter.labels), len(counter.filled)
    return [0] * (values + filled) + [1] if counter.told else [1] * values + [-1] * filled


def _places(facets: Sequence[FieldFacet], counters: Sequence[Counter]) -> FacetPlaces:
    *starts, _ = accumulate((len(each.labels) + 1 for each in counters), initial=0)
    return FacetPlaces(
        names=[facet.name for facet in facets],
        values=[each.labels for each in counters],
        starts=starts,
        filled=[
            start + ordinal for start, each in zip(starts, counters, strict=True) for ordinal in each.filled
        ],
    )

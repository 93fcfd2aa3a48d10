"""`Panel`: facets of few values each, counted all at once."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, compress
from operator import sub

from engines.embedded.base import NOTHING, Base
from engines.embedded.counter import Counter
from engines.embedded.groups import Groups
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
        "_groups",
        "_none",
        "_order",
        "_places",
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
        self._none = [0] * (end + 1)
        # The places of all values in one row, with one for what is not stated behind those of each facet.
        self._places = _places(facets, counters)
        self._unstated = [self._places.unstated(facet) for facet in range(len(facets))]
        at = [
            [*range(start, start + len(each.labels)), end]
            for start, each in zip(starts, counters, strict=True)
        ]
        self._at = list(chain.from_iterable(at))
        self._filled = [
            start + len(each.labels) + place
            for start, each in zip(starts, counters, strict=True)
            for place in range(len(each.filled))
        ]
        # What comes first has the smaller number: by facet, count; last what is not stated, counted as 1.
        self._order = [facet << 40 for facet, places in enumerate(at) for _ in places]
        for place in self._unstated:
            self._order[place] += 2

    def count(self, within: Mapping[frozenset[str], Base]) -> PlacedCounts:
        """Count each facet within what is left by what it lifts."""
        # Of some dozens of numbers lists make less than arrays, each step of which takes microseconds.
        numbers = self._numbers(within)
        counts = [numbers[place] for place in self._at]
        order = list(map(sub, self._order, counts))
        shown = sorted(compress(range(len(counts)), counts), key=order.__getitem__)
        distinct: list[int] = []
        begin = 0
        for place, (_, kind, counter, row) in zip(self._unstated, self._fields, strict=True):
            end = shown.index(place, begin)
            distinct.append(end - begin)
            begin = end + 1
            counts[place] = within[kind].size - counter.stated(numbers[row])
        by_default = [numbers[place] for place in self._filled]
        return PlacedCounts(self._places, counts, shown, by_default, distinct)

    def _numbers(self, within: Mapping[frozenset[str], Base]) -> list[int]:
        """Count the sets of all counters, by document or by set, whichever is cheaper."""
        groups, found = self._groups, within[NOTHING]
        groups.grow()
        looking = _LOOKING + found.size * (1 + 3 * groups.width)
        together = bool(groups.fields) and looking < len(self._at) * found.meeting
        numbers: list[int] = groups.count(found.indices).tolist() if together else self._none.copy()
        for name, kind, counter, row in self._fields:
            base = within[kind]
            if base is not found or not together or name not in groups.fields:
                numbers[row] = counter.numbers(base)
        numbers[-1] = 1
        return numbers


_LOOKING = 20_000
"""Nanoseconds that it takes to count by document, beside what each takes."""


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

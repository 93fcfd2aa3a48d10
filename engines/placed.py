"""`PlacedCounts`: facets that were counted together, as one row of numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engines.query import Bucket, FacetCounts
from mappings.filter import Value


@dataclass(frozen=True, slots=True, eq=False)
class FacetPlaces:
    """The values of facets in one row: those of one facet after those of the other, and behind the values of
    each a place for what is not stated. The places of a facet begin at the one that `starts` has for it.

    `filled` are the places of values that rules fill in. One object serves many answers: what is known of the
    values can be kept with it.
    """

    names: Sequence[str]
    values: Sequence[Sequence[Value]]
    starts: Sequence[int]
    filled: Sequence[int]

    def unstated(self, facet: int) -> int:
        """Give the place for what is not stated."""
        return self.starts[facet] + len(self.values[facet])


@dataclass(frozen=True, slots=True, eq=False)
class PlacedCounts(Mapping[str, FacetCounts]):
    """Counted facets, `counts` by place. `shown` are the places that count anything, facet by facet, each by
    count, then value, and last that for what is not stated, also at 0. `by_default` tells how many at the
    places `filled` did not state the value, `distinct` how many values each facet has.
    """

    places: FacetPlaces
    counts: Sequence[int]
    shown: Sequence[int]
    by_default: Sequence[int]
    distinct: Sequence[int]

    def __getitem__(self, name: str) -> FacetCounts:
        if name not in self.places.names:
            raise KeyError(name)
        facet = self.places.names.index(name)
        values, first = self.places.values[facet], self.places.starts[facet]
        # Before those of a facet stand those of the facets before it.
        behind = sum(self.distinct[:facet]) + facet
        by_default = dict(zip(self.places.filled, self.by_default, strict=True))
        buckets = [
            Bucket(values[place - first], self.counts[place], by_default.get(place, 0))
            for place in self.shown[behind : behind + self.distinct[facet]]
        ]
        return FacetCounts(tuple(buckets), self.counts[self.places.unstated(facet)], len(buckets))

    def __iter__(self) -> Iterator[str]:
        return iter(self.places.names)

    def __len__(self) -> int:
        return len(self.places.names)

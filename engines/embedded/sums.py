"""`Sums`: quantities added up over the images of each counted value, exactly."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.embedded.base import Base
from engines.embedded.bitmap import Docs, docs_of
from engines.embedded.column import Column
from engines.embedded.index import Index
from engines.embedded.number import Numbers
from engines.embedded.postings import spread
from engines.embedded.selection import select
from engines.query import FacetCounts, FieldFacet, FilterFacet
from engines.sums import check_summable
from mappings.filter import Value


@dataclass(frozen=True, slots=True)
class Part:
    """Whole numbers of documents, divided by `factor`: so small that floats add them up exactly."""

    factor: int
    numbers: NDArray[np.float64]


class Sums:
    """The fields that one query adds up. What documents hold of them is looked up once for each base."""

    __slots__ = ("_columns", "_index", "_known")

    def __init__(self, names: Sequence[str], index: Index) -> None:
        """Raises UnknownField, or ValueError for a field that cannot be added up."""
        self._index = index
        self._columns = [index.column(name) for name in names]
        for column in self._columns:
            check_summable(column.field)
        self._known: dict[Base, list[list[Part]]] = {}

    @property
    def asked(self) -> bool:
        """Whether there is anything to add up."""
        return bool(self._columns)

    def over(self, base: Base) -> tuple[int, ...]:
        """Add up over all documents of a base."""
        return tuple(map(_total, self._parts(base)))

    def held(self, docs: Docs) -> list[list[Part]]:
        """Give what documents hold of each field; nothing of it is remembered."""
        return [_parts(column, docs) for column in self._columns]

    def beside(self, counted: FacetCounts, facet: FieldFacet | FilterFacet, base: Base) -> FacetCounts:
        """Put sums beside the counts of a facet that was counted within a base.

        What its documents hold is remembered: for bases that many facets are counted within.
        """
        if not self._columns:
            return counted
        if isinstance(facet, FilterFacet):
            return self._beside_filters(counted, facet, base)
        column = self._index.column(facet.field)
        places = [_place(column, bucket.value) for bucket in counted.buckets]
        if column.forward is None and column.few:
            # Few documents hold each of many values: looking at these takes less than at all there are.
            sums = [self._total(docs_of(column.postings.one(place) & base.bits)) for place in places]
        else:
            added = _by_ordinal(column, base, self._parts(base))
            sums = [tuple([_whole(parts, place) for parts in added]) for place in places]
        buckets = [bucket._replace(sums=each) for bucket, each in zip(counted.buckets, sums, strict=True)]
        return counted._replace(buckets=tuple(buckets), missing_sums=self._missing(column, base))

    def _missing(self, column: Column, base: Base) -> tuple[int, ...]:
        """Add up over the documents that do not state a field: or all but the others, if they are fewer."""
        missing = base.bits - column.stated
        if len(missing) * 2 < base.size:
            return self._total(docs_of(missing))
        everything = map(_total, self._parts(base))
        stated = self._total(docs_of(base.bits & column.stated))
        return tuple([total - other for total, other in zip(everything, stated, strict=True)])

    def _beside_filters(self, counted: FacetCounts, facet: FilterFacet, base: Base) -> FacetCounts:
        filters = dict(facet.filters)
        buckets = [
            bucket._replace(
                sums=self._total(docs_of(select(filters[str(bucket.value)], self._index) & base.bits))
            )
            for bucket in counted.buckets
        ]
        return counted._replace(buckets=tuple(buckets), missing_sums=(0,) * len(self._columns))

    def _parts(self, base: Base) -> list[list[Part]]:
        known = self._known.get(base)
        if known is None:
            known = self._known[base] = self.held(base.docs)
        return known

    def _total(self, docs: Docs) -> tuple[int, ...]:
        return tuple(map(_total, self.held(docs)))


_EXACT = 1 << 53
"""Up to here floats hold every integer."""
_BITS = 26
"""Half of the bits of a number: so divided, 2**26 documents are added up exactly."""


def _parts(column: Column, docs: Docs) -> list[Part]:
    """Give what documents hold, 0 where they hold nothing: in one part if the sum is small, else in two."""
    if column.forward is None or not isinstance(column.values, Numbers) or not len(column.values):
        return []
    ordinals = column.forward.take(docs)
    numbers = np.asarray(column.values.values)
    held = numbers.take(ordinals, mode="clip")
    held[ordinals == len(numbers)] = 0
    if max(abs(int(numbers[0])), abs(int(numbers[-1]))) * len(docs) < _EXACT:
        return [Part(1, held.astype(np.float64))]
    high, low = held >> _BITS, held & ((1 << _BITS) - 1)
    return [Part(1 << _BITS, high.astype(np.float64)), Part(1, low.astype(np.float64))]


def _total(parts: Sequence[Part]) -> int:
    return sum(part.factor * int(part.numbers.sum()) for part in parts)


Added = list[tuple[int, Sequence[int]]]
"""Sums by place, in parts: a factor, and what it is to be multiplied with."""


def _by_ordinal(column: Column, base: Base, amounts: Sequence[Sequence[Part]]) -> list[Added]:
    """Add up by the ordinals of a column, by its prefixes where it holds versions."""
    owners: NDArray[np.int64] | None = None
    if column.forward is not None:
        ordinals = column.forward.take(base.docs)
    elif (lists := column.forward_lists) is not None:
        docs = base.docs.astype(np.int64)
        ordinals = lists.docs.take(spread(lists.starts, docs))
        lengths = (lists.starts[docs + 1] - lists.starts[docs]).astype(np.int64)
        owners = np.repeat(np.arange(len(docs), dtype=np.int64), lengths)
    else:
        raise ValueError(f"{column.field.name}: not a facet")
    return [
        [
            (part.factor, _added(column, ordinals, part.numbers if owners is None else part.numbers[owners]))
            for part in parts
        ]
        for parts in amounts
    ]


def _added(column: Column, ordinals: NDArray[np.integer], numbers: NDArray[np.float64]) -> Sequence[int]:
    values = len(column.values)
    floats = np.bincount(ordinals, weights=numbers, minlength=values)[:values]
    added: list[int] = floats.astype(np.int64).tolist()
    return added if column.versions is None else column.versions.by_prefix(added)


def _place(column: Column, value: Value) -> int:
    if column.versions is not None:
        return bisect_left(column.versions.prefixes, str(value))
    ordinal = column.find(value)
    if ordinal is None:
        raise ValueError(f"{column.field.name}: {value!r} is no value of it")
    return ordinal


def _whole(parts: Added, place: int) -> int:
    return sum(factor * added[place] for factor, added in parts)

"""All that a query counts beside its hits: facets, histograms, a pivot."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engines.opensearch.aggregation import Aggregations, apart, buckets, prefixed, under
from engines.opensearch.allowance import check_clauses
from engines.opensearch.condition import Clause, clause
from engines.opensearch.facets import Counting
from engines.opensearch.histogram import bounds_of, histogram, range_aggregations, span_aggregations
from engines.opensearch.known import Known
from engines.opensearch.lifting import NOTHING_LIFTED, Places, Split
from engines.opensearch.pivot import Pivoting
from engines.opensearch.response import Aggregation, Bodies, Body, Response, response_of, total_of
from engines.opensearch.sums import check_sums, sum_aggregations, sums_in
from engines.query import (
    Facet,
    FacetCounts,
    FieldFacet,
    FilterFacet,
    HistogramCounts,
    PivotCounts,
    Query,
    lifted_fields,
)

BUCKETS = 40_000
"""Values that one search counts; OpenSearch takes 65,535 buckets by default."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a query counts: `groups` of facets by the parts of the query that they lift, each in as many
    batches as it takes searches to count it.
    """

    query: Query
    parts: Split
    counting: Counting
    groups: Mapping[Places, Sequence[Aggregations]]

    @property
    def first(self) -> Mapping[str, object]:
        """What is counted among what the query finds, as a part of the body of that search."""
        wanted = self.groups.get(NOTHING_LIFTED)
        return {"aggs": wanted[0]} if wanted else {}

    @property
    def others(self) -> Sequence[tuple[Places, Body]]:
        """Give the groups of facets that lift something, and what the first search does not count of those
        that do not, with the searches that count them.
        """
        return [
            (lifted, {**_counting(self.parts.counted(lifted), wanted), "track_total_hits": True})
            for lifted, batches in self.groups.items()
            for wanted in (batches if lifted else batches[1:])
        ]

    def facets(self, responses: Mapping[Places, Response]) -> Mapping[str, FacetCounts]:
        """Read the facets out of the responses to the searches of their groups."""
        counted = {lifted: apart(each.get("aggregations", {})) for lifted, each in responses.items()}
        found: dict[str, FacetCounts] = {}
        for number, facet in enumerate(self.query.facets):
            lifted = _lifted(facet, self.parts)
            among = counted[lifted].get(_facet(number), {})
            found[facet.name] = self.counting.read(facet, among, total_of(responses[lifted]))
        return found

    def histograms(
        self, among: Aggregation, total: int
    ) -> Generator[Bodies, Sequence[object], Mapping[str, HistogramCounts]]:
        """Count the spans of histograms: their bounds are known once the first search has been answered."""
        if not self.query.histograms:
            return {}
        ranges = {name: under(_histogram(name), among) for name in self.query.histograms}
        bounds = {name: bounds_of(name, each) for name, each in ranges.items()}
        wanted: Aggregations = {}
        for name, each in bounds.items():
            if each:
                spans = span_aggregations(name, each, self.counting.known.derived)
                wanted |= prefixed(_histogram(name), spans)
        counted: Aggregation = {}
        if wanted:
            (parsed,) = yield (_counting(self.parts.found, wanted),)
            counted = response_of(parsed)["aggregations"]
        return {
            name: histogram(bounds[name], each, total, under(_histogram(name), counted))
            for name, each in ranges.items()
        }

    def pivot(
        self, among: Aggregation, total: int
    ) -> Generator[Bodies, Sequence[object], PivotCounts | None]:
        """Count the cells of the pivot: of its rows those that are shown."""
        if self.query.pivot is None:
            return None
        pivoting = Pivoting(self.query.pivot, self.counting.known, self.query.sums)
        totals = pivoting.totals(under(_PIVOT, among), total)
        counted: Aggregation = {}
        if total:
            wanted = pivoting.cell_aggregations(totals)
            (parsed,) = yield (_counting(self.parts.found, wanted),)
            counted = response_of(parsed)["aggregations"]
        return pivoting.counts(totals, counted)

    def sums(self, among: Aggregation) -> tuple[int, ...]:
        """Read what adds up over all that the query finds out of the aggregations of the first search."""
        return sums_in(under(_SUM, among), self.query.sums)


def counted_of(query: Query, parts: Split, known: Known) -> Counted:
    """Plan what a query counts.

    Raises UnknownField, ValueError or TypeError for what cannot be counted or asked, and TooCostly.
    """
    check_sums(query.sums)
    counting = Counting(known, query.sums)
    wanted_of: dict[Places, list[_Wanted]] = {}
    for number, facet in enumerate(query.facets):
        if isinstance(facet, FilterFacet):
            check_clauses(*(clause(given, known.derived) for _, given in facet.filters))
            wanted = _wanted(_facet(number), counting.aggregations(facet))
        else:
            wanted = _of_field(known, query.sums, number, facet)
        wanted_of.setdefault(_lifted(facet, parts), []).append(wanted)
    for name in query.histograms:
        wanted = _wanted(_histogram(name), range_aggregations(name, known.derived))
        wanted_of.setdefault(NOTHING_LIFTED, []).append(wanted)
    if query.pivot is not None:
        wanted = _wanted(_PIVOT, Pivoting(query.pivot, known, query.sums).total_aggregations())
        wanted_of.setdefault(NOTHING_LIFTED, []).append(wanted)
    if query.sums:
        wanted = _wanted(_SUM, sum_aggregations(query.sums))
        wanted_of.setdefault(NOTHING_LIFTED, []).append(wanted)
    groups = {lifted: tuple(_batches(wanted)) for lifted, wanted in wanted_of.items()}
    return Counted(query, parts, counting, groups)


_Wanted = tuple[Aggregations, int]
"""Aggregations, and how many buckets come back at most."""


def _wanted(prefix: str, aggregations: Aggregations) -> _Wanted:
    return prefixed(prefix, aggregations), buckets(aggregations)


@lru_cache(maxsize=4096)
def _of_field(known: Known, sums: tuple[str, ...], number: int, facet: FieldFacet) -> _Wanted:
    """Give what counts a facet: most questions count the same ones. Nobody changes it."""
    return _wanted(_facet(number), Counting(known, sums).aggregations(facet))


def _batches(wanted: Sequence[_Wanted]) -> Iterator[Aggregations]:
    """Put together what one search can count."""
    batch: Aggregations = {}
    size = 0
    for each, more in wanted:
        if batch and size + more > BUCKETS:
            yield batch
            batch, size = {}, 0
        batch |= each
        size += more
    yield batch


def gathered(first: Response, others: Iterable[tuple[Places, Response]]) -> Mapping[Places, Response]:
    """Put together what belongs to each group of the responses to the first search and to the others."""
    found = {NOTHING_LIFTED: first}
    for lifted, each in others:
        before = found.get(lifted, each)
        among = {**before.get("aggregations", {}), **each.get("aggregations", {})}
        found[lifted] = {**before, "aggregations": among}
    return found


_PIVOT = "pivot"
_SUM = "sum"


def _lifted(facet: Facet, parts: Split) -> Places:
    return parts.groups[lifted_fields(facet)]


def _facet(number: int) -> str:
    return f"facet {number}"


def _histogram(name: str) -> str:
    return f"histogram {name}"


def _counting(found: Clause, wanted: Mapping[str, object]) -> Body:
    return {"query": found, "size": 0, "track_total_hits": False, "aggs": dict(wanted)}

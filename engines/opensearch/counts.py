"""All that a query counts beside its hits: facets, histograms, a pivot."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from engines.opensearch.aggregation import Aggregations, prefixed, under
from engines.opensearch.allowance import check_clauses
from engines.opensearch.condition import Clause, clause
from engines.opensearch.facets import Counting
from engines.opensearch.histogram import bounds_of, histogram, range_aggregations, span_aggregations
from engines.opensearch.known import Known
from engines.opensearch.lifting import NOTHING_LIFTED, Places, Split
from engines.opensearch.pivot import Pivoting
from engines.opensearch.response import Aggregation, Bodies, Body, Response, response_of, total_of
from engines.opensearch.sums import check_sums, sum_aggregations, sums_in
from engines.query import Facet, FacetCounts, FilterFacet, HistogramCounts, PivotCounts, Query, lifted_fields


@dataclass(frozen=True, slots=True)
class Counted:
    """What a query counts: `groups` of facets by the parts of the query that they lift."""

    query: Query
    parts: Split
    counting: Counting
    groups: Mapping[Places, Aggregations]

    @property
    def first(self) -> Mapping[str, object]:
        """What is counted among what the query finds, as a part of the body of that search."""
        wanted = self.groups.get(NOTHING_LIFTED)
        return {"aggs": wanted} if wanted else {}

    @property
    def others(self) -> Sequence[tuple[Places, Body]]:
        """Give the groups of facets that lift something, each with the search that counts it."""
        return [
            (lifted, {**_counting(self.parts.counted(lifted), wanted), "track_total_hits": True})
            for lifted, wanted in self.groups.items()
            if lifted
        ]

    def facets(self, responses: Mapping[Places, Response]) -> Mapping[str, FacetCounts]:
        """Read the facets out of the responses to the searches of their groups."""
        found: dict[str, FacetCounts] = {}
        for number, facet in enumerate(self.query.facets):
            response = responses[_lifted(facet, self.parts)]
            among = under(_facet(number), response.get("aggregations", {}))
            found[facet.name] = self.counting.read(facet, among, total_of(response))
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
    groups: dict[Places, Aggregations] = {}
    for number, facet in enumerate(query.facets):
        if isinstance(facet, FilterFacet):
            check_clauses(*(clause(given, known.derived) for _, given in facet.filters))
        wanted = prefixed(_facet(number), counting.aggregations(facet))
        groups.setdefault(_lifted(facet, parts), {}).update(wanted)
    for name in query.histograms:
        wanted = prefixed(_histogram(name), range_aggregations(name, known.derived))
        groups.setdefault(NOTHING_LIFTED, {}).update(wanted)
    if query.pivot is not None:
        wanted = prefixed(_PIVOT, Pivoting(query.pivot, known, query.sums).total_aggregations())
        groups.setdefault(NOTHING_LIFTED, {}).update(wanted)
    if query.sums:
        wanted = prefixed(_SUM, sum_aggregations(query.sums))
        groups.setdefault(NOTHING_LIFTED, {}).update(wanted)
    return Counted(query, parts, counting, groups)


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

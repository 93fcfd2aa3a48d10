"""All that a query counts beside its hits: facets, histograms, a pivot."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass

from engines.opensearch.aggregation import Aggregations, prefixed, under
from engines.opensearch.allowance import check_clauses
from engines.opensearch.condition import Clause, clause
from engines.opensearch.facets import Counting
from engines.opensearch.histogram import bounds_of, histogram, range_aggregations, span_aggregations
from engines.opensearch.known import Known
from engines.opensearch.lifting import Places, Split
from engines.opensearch.pivot import Pivoting
from engines.opensearch.response import Aggregation, count_of, inner, response_of
from engines.opensearch.sums import check_sums, sum_aggregations, sums_in
from engines.query import Facet, FacetCounts, FilterFacet, HistogramCounts, PivotCounts, Query, lifted_fields


@dataclass(frozen=True, slots=True)
class Counted:
    """What a query counts. Documents are grouped by the parts of the query that are lifted."""

    query: Query
    parts: Split
    counting: Counting
    groups: Mapping[Places, Aggregations]

    @property
    def first(self) -> dict[str, object]:
        """What the first search counts, as a part of its body."""
        if not self.groups:
            return {}
        if not self.parts.lifted:
            return {"aggs": self.groups[_NOWHERE]}
        return {
            "aggs": {
                _group(lifted): {"filter": self.parts.counted(lifted), "aggs": aggregations}
                for lifted, aggregations in self.groups.items()
            }
        }

    def facets(self, among: Aggregation, total: int) -> Mapping[str, FacetCounts]:
        """Read the facets out of the aggregations of the first search."""
        found: dict[str, FacetCounts] = {}
        for number, facet in enumerate(self.query.facets):
            bucket, size = self._bucket(_lifted(facet, self.parts), among, total)
            found[facet.name] = self.counting.read(facet, under(_facet(number), bucket), size)
        return found

    def histograms(
        self, among: Aggregation, total: int
    ) -> Generator[dict[str, object], object, Mapping[str, HistogramCounts]]:
        """Count the spans of histograms: their bounds are known once the first search has been answered."""
        if not self.query.histograms:
            return {}
        bucket, size = self._bucket(_NOWHERE, among, total)
        ranges = {name: under(_histogram(name), bucket) for name in self.query.histograms}
        bounds = {name: bounds_of(name, each) for name, each in ranges.items()}
        wanted: Aggregations = {}
        for name, each in bounds.items():
            if each:
                spans = span_aggregations(name, each, self.counting.known.derived)
                wanted |= prefixed(_histogram(name), spans)
        counted: Aggregation = {}
        if wanted:
            counted = response_of((yield self._among(self.parts.found, wanted)))["aggregations"]
        return {
            name: histogram(bounds[name], each, size, under(_histogram(name), counted))
            for name, each in ranges.items()
        }

    def pivot(
        self, among: Aggregation, total: int
    ) -> Generator[dict[str, object], object, PivotCounts | None]:
        """Count the cells of the pivot: of its rows those that are shown."""
        if self.query.pivot is None:
            return None
        pivoting = Pivoting(self.query.pivot, self.counting.known, self.query.sums)
        bucket, size = self._bucket(_NOWHERE, among, total)
        totals = pivoting.totals(under(_PIVOT, bucket), size)
        counted: Aggregation = {}
        if size:
            wanted = pivoting.cell_aggregations(totals)
            counted = response_of((yield self._among(self.parts.found, wanted)))["aggregations"]
        return pivoting.counts(totals, counted)

    def sums(self, among: Aggregation, total: int) -> tuple[int, ...]:
        """Read what adds up over all that the query finds out of the aggregations of the first search."""
        if not self.query.sums:
            return ()
        bucket, _ = self._bucket(_NOWHERE, among, total)
        return sums_in(under(_SUM, bucket), self.query.sums)

    def _bucket(self, lifted: Places, among: Aggregation, total: int) -> tuple[Aggregation, int]:
        """Give the aggregations of a group, and how many documents it has."""
        if not self.parts.lifted:
            return among, total
        bucket = inner(among, _group(lifted))
        return bucket, count_of(bucket)

    def _among(self, found: Clause, wanted: Mapping[str, object]) -> dict[str, object]:
        return {"query": found, "size": 0, "track_total_hits": False, "aggs": dict(wanted)}


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
        groups.setdefault(_NOWHERE, {}).update(wanted)
    if query.pivot is not None:
        wanted = prefixed(_PIVOT, Pivoting(query.pivot, known, query.sums).total_aggregations())
        groups.setdefault(_NOWHERE, {}).update(wanted)
    if query.sums:
        wanted = prefixed(_SUM, sum_aggregations(query.sums))
        groups.setdefault(_NOWHERE, {}).update(wanted)
    return Counted(query, parts, counting, groups)


_NOWHERE: Places = frozenset()
_PIVOT = "pivot"
_SUM = "sum"


def _lifted(facet: Facet, parts: Split) -> Places:
    return parts.groups[lifted_fields(facet)]


def _group(lifted: Places) -> str:
    return " ".join(["but", *map(str, sorted(lifted))])


def _facet(number: int) -> str:
    return f"facet {number}"


def _histogram(name: str) -> str:
    return f"histogram {name}"

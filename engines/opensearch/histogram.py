"""Histograms: first the least and the greatest value, then the spans between round bounds."""

from collections.abc import Sequence
from itertools import pairwise

from engines.histogram import check_spreadable, edges
from engines.opensearch.aggregation import Aggregations
from engines.opensearch.condition import asked_field, filled_in, stated
from engines.opensearch.response import Aggregation, buckets_of, count_of, inner, number_of
from engines.query import HistogramCounts, Span


def range_aggregations(name: str, derived: frozenset[str]) -> Aggregations:
    """Give what finds the range of a field's values. Raises UnknownField, or ValueError if it has none."""
    check_spreadable(asked_field(name))
    return {
        "least": {"min": {"field": name}},
        "greatest": {"max": {"field": name}},
        "stated": {"filter": stated(name, derived)},
    }


def bounds_of(name: str, among: Aggregation) -> tuple[int, ...]:
    """Work out the bounds of the spans; none if no document has a value."""
    least, greatest = (number_of(inner(among, edge)) for edge in ("least", "greatest"))
    if least is None or greatest is None:
        return ()
    return edges(asked_field(name), least, greatest)


def span_aggregations(name: str, bounds: Sequence[int], derived: frozenset[str]) -> Aggregations:
    """Give what counts the values of each span, and those of them that a rule filled in."""
    ranges = [{"from": low, "to": high} for low, high in pairwise(bounds)]
    spans = {"spans": {"range": {"field": name, "ranges": ranges}}}
    if name not in derived:
        return {**spans}
    return {**spans, "filled in": {"filter": filled_in(name), "aggs": spans}}


def histogram(bounds: Sequence[int], among: Aggregation, size: int, spans: Aggregation) -> HistogramCounts:
    """Read a histogram within a bucket of so many documents."""
    counts = _counts(spans) if bounds else []
    filled = _counts(inner(spans, "filled in")) if "filled in" in spans else [0] * len(counts)
    counted = [
        Span(low, high, count, by_default)
        for (low, high), count, by_default in zip(pairwise(bounds), counts, filled, strict=True)
    ]
    return HistogramCounts(tuple(counted), size - count_of(inner(among, "stated")))


def _counts(among: Aggregation) -> list[int]:
    return list(map(count_of, buckets_of(inner(among, "spans"))))

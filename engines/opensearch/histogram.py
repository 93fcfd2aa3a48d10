"""Histograms: first the least and the greatest value, then the spans between round bounds."""

from collections.abc import Sequence
from itertools import pairwise

from engines.histogram import edges, spreadable
from engines.opensearch.aggregation import Aggregations
from engines.opensearch.condition import asked_field, stated
from engines.opensearch.response import Aggregation, buckets_of, count_of, inner, number_of
from engines.query import HistogramCounts, Span


def range_aggregations(name: str, derived: frozenset[str]) -> Aggregations:
    """Give what finds the range of a field's values. Raises UnknownField, or ValueError if it has none."""
    field = asked_field(name)
    if not spreadable(field):
        # Says which fields can be spread.
        edges(field, 0, 0)
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


def spans_aggregation(name: str, bounds: Sequence[int]) -> Aggregations:
    """Give what counts the values of each span."""
    ranges = [{"from": low, "to": high} for low, high in pairwise(bounds)]
    return {"range": {"field": name, "ranges": ranges}}


def histogram(bounds: Sequence[int], among: Aggregation, size: int, spans: Aggregation) -> HistogramCounts:
    """Read a histogram within a bucket of so many documents."""
    counts = map(count_of, buckets_of(spans)) if bounds else ()
    counted = [Span(low, high, count) for (low, high), count in zip(pairwise(bounds), counts, strict=True)]
    return HistogramCounts(tuple(counted), size - count_of(inner(among, "stated")))

"""Sums: quantities added up beside counts, in two parts each of which doubles hold exactly."""

from collections.abc import Sequence

from engines.opensearch.aggregation import Aggregations
from engines.opensearch.condition import asked_field
from engines.opensearch.response import Aggregation, inner, number_of
from engines.sums import check_summable
from mappings.opensearch import SUM_BITS, sum_field


def check_sums(names: Sequence[str]) -> None:
    """Raises UnknownField, or ValueError for a field that cannot be added up."""
    for name in names:
        check_summable(asked_field(name))


def with_sums(aggregation: Aggregations, names: Sequence[str]) -> Aggregations:
    """Add sums to each bucket of an aggregation."""
    return {**aggregation, "aggs": sum_aggregations(names)} if names else aggregation


def sum_aggregations(names: Sequence[str]) -> Aggregations:
    """Give the aggregations that add up fields, to stand inside a bucket."""
    return {
        f"{part} {name}": {"sum": {"field": sum_field(name, part)}} for name in names for part in _FACTORS
    }


def sums_in(bucket: Aggregation, names: Sequence[str]) -> tuple[int, ...]:
    """Read the sums of a bucket, in the order of the fields."""
    return tuple(
        sum(factor * (number_of(inner(bucket, f"{part} {name}")) or 0) for part, factor in _FACTORS.items())
        for name in names
    )


_FACTORS = {"low": 1, "high": 1 << SUM_BITS}

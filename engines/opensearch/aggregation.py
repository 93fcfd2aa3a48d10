"""Aggregations side by side: those of one question share a bucket, each under a prefix of its own."""

from engines.opensearch.response import Aggregation

Aggregations = dict[str, object]
"""Aggregations by name, as JSON."""


def prefixed(prefix: str, aggregations: Aggregations) -> Aggregations:
    """Put a prefix before each name."""
    return {f"{prefix} {name}": each for name, each in aggregations.items()}


def under(prefix: str, among: Aggregation) -> Aggregation:
    """Give those of a bucket that bear a prefix, without it."""
    cut = len(prefix) + 1
    return {name[cut:]: each for name, each in among.items() if name.startswith(f"{prefix} ")}

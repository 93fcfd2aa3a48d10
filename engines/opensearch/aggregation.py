"""Aggregations side by side: those of one question share a bucket, each under a prefix of its own."""

from typing import cast

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


def apart(among: Aggregation) -> dict[str, Aggregation]:
    """Give those of a bucket by their prefix, which is two words, and without it: all at once, as a question
    may count many.
    """
    found: dict[str, Aggregation] = {}
    for name, each in among.items():
        first, second, own = name.split(" ", 2)
        found.setdefault(f"{first} {second}", {})[own] = each
    return found


def buckets(aggregations: Aggregations) -> int:
    """Give how many buckets come back at most, those within others counted in."""
    return sum(
        [_own(each) * (1 + buckets(each.get("aggs", {}))) for each in map(_typed, aggregations.values())]
    )


def _own(aggregation: dict[str, Aggregations]) -> int:
    if "terms" in aggregation:
        return cast("int", aggregation["terms"]["size"])
    if "filters" in aggregation:
        return len(cast("list[object]", aggregation["filters"]["filters"]))
    return int("filter" in aggregation)


def _typed(aggregation: object) -> dict[str, Aggregations]:
    return cast("dict[str, Aggregations]", aggregation)

"""The parts of a search response that are read, typed."""

from collections.abc import Sequence
from typing import TypedDict, cast

from engines.base import EngineUnavailable

Body = dict[str, object]
"""The body of a search, to be written as JSON."""

Bodies = tuple[Body, ...]
"""Searches that are sent together; the responses come in the same order."""

Aggregation = dict[str, object]
"""What came back of one aggregation, or of one of its buckets."""


class RawHit(TypedDict):
    """A hit: stored fields as lists of text, and its place in the order."""

    fields: dict[str, list[str]]
    sort: list[object]


class _Total(TypedDict):
    value: int


class _Hits(TypedDict, total=False):
    total: _Total
    hits: Sequence[RawHit]


class Response(TypedDict, total=False):
    """A response; without aggregations it names none."""

    hits: _Hits
    aggregations: Aggregation


def response_of(parsed: object) -> Response:
    """Take parsed JSON as the response of a search. Raises EngineUnavailable if it is none."""
    if not isinstance(parsed, dict) or not isinstance(parsed.get("hits"), dict):
        raise EngineUnavailable("what came back from the cluster is no answer to a search")
    return cast("Response", parsed)


def total_of(response: Response) -> int:
    """Give how many documents were found in all."""
    return response["hits"]["total"]["value"]


def inner(bucket: Aggregation, name: str) -> Aggregation:
    """Give an aggregation inside a bucket, or inside a whole response."""
    return cast("Aggregation", bucket[name])


def count_of(bucket: Aggregation) -> int:
    """Give how many documents are in a bucket."""
    return cast("int", bucket["doc_count"])


def buckets_of(aggregation: Aggregation) -> Sequence[Aggregation]:
    """Give the buckets of an aggregation."""
    return cast("Sequence[Aggregation]", aggregation["buckets"])


def counts_of(buckets: Sequence[Aggregation]) -> list[int]:
    """Give how many documents are in each of some buckets."""
    return cast("list[int]", [bucket["doc_count"] for bucket in buckets])


def number_of(aggregation: Aggregation) -> int | None:
    """Give the whole number that was worked out, None over no values."""
    value = aggregation["value"]
    return round(value) if isinstance(value, int | float) else None

"""`read_sealed`: what there is to know of an index that takes no more documents, counted by itself."""

from collections.abc import Iterator, Mapping, Sequence

from engines.opensearch.client import Client
from engines.opensearch.meta import Sealed
from engines.opensearch.reply import entries, items, whole
from engines.opensearch.stored import NO_COMPANION, search
from engines.query import EXACT_VALUES
from mappings.field import Field, Kind
from mappings.opensearch import COMPANION, DERIVED, FACETED, INDEXED

COUNT_SECONDS = 120.0
"""Counting over a whole catalogue may take so long."""

_BUCKETS = 40_000
"""Values that are counted in one request; OpenSearch takes 65,535 buckets by default."""


async def read_sealed(client: Client, index: str) -> Sealed:
    """Count documents, values of facet fields, and fields that a rule filled in. Raises EngineError."""
    reply = await search(client, index, _overview(), COUNT_SECONDS)
    found = entries(reply, "aggregations")
    about = {field.name: whole(found, _about(field), "value") for field in _OPEN}
    about |= dict.fromkeys(_BOOLEANS, 2)
    distinct: dict[str, int] = {}
    for names in _batches(about):
        distinct |= await _distinct(client, index, names)
    return Sealed(
        documents=whole(found, "documents", "doc_count"),
        companions=whole(found, "companions", "doc_count"),
        distinct=distinct,
        derived=frozenset(
            name
            for name in (field.name for field in INDEXED)
            if whole(found, "derived", "buckets", name, "doc_count")
        ),
    )


def _overview() -> Mapping[str, object]:
    derived = {field.name: {"term": {DERIVED: field.name}} for field in INDEXED}
    return {
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "documents": {"filter": NO_COMPANION},
            "companions": {"filter": {"exists": {"field": COMPANION}}},
            "derived": {"filters": {"filters": derived}},
            **{_about(field): {"cardinality": {"field": field.name}} for field in _OPEN},
        },
    }


_BOOLEANS = tuple(field.name for field in FACETED if field.kind is Kind.BOOLEAN)
_OPEN = tuple(field for field in FACETED if field.kind is not Kind.BOOLEAN)
"""Fields of which it is not known beforehand about how many values they have."""


def _about(field: Field) -> str:
    return f"about_{field.name}"


def _batches(about: Mapping[str, int]) -> Iterator[Sequence[str]]:
    """Put fields together whose values can be listed in one request; about so many there are of each."""
    batch: list[str] = []
    size = 0
    for name, number in about.items():
        if not number:
            continue
        # An estimate may be some percent short.
        most = min(number + number // 8 + 8, EXACT_VALUES + 1)
        if batch and size + most > _BUCKETS:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += most
    if batch:
        yield batch


async def _distinct(client: Client, index: str, names: Sequence[str]) -> Mapping[str, int]:
    """Count values exactly, up to one more than a facet counts exactly, of those fields that have any."""
    body = {
        "size": 0,
        "track_total_hits": False,
        "aggs": {name: {"terms": {"field": name, "size": EXACT_VALUES + 1}} for name in names},
    }
    found = entries(await search(client, index, body, COUNT_SECONDS), "aggregations")
    numbers = {name: len(items(found, name, "buckets")) for name in names}
    return {name: number for name, number in numbers.items() if number}

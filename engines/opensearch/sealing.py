"""`read_sealed`: what there is to know of an index that takes no more documents, counted by itself."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from engines.opensearch.client import Client
from engines.opensearch.meta import Sealed
from engines.opensearch.reply import entries, items, whole
from engines.opensearch.stored import NO_COMPANION, search
from engines.query import EXACT_VALUES
from mappings.field import Kind
from mappings.opensearch import COMPANION, DERIVED, FACETED, INDEXED

COUNT_SECONDS = 120.0
"""Counting over a whole catalogue may take so long."""

_BUCKETS = 40_000
"""Values that are counted in one request; OpenSearch takes 65,535 buckets by default."""


async def read_sealed(client: Client, index: str) -> Sealed:
    """Count documents, values of facet fields, and fields that a rule filled in. Raises EngineError.

    Three things are counted at once: a node counts what one request asks of a shard on one core.
    """
    kinds, booleans, others = await asyncio.gather(
        _aggregated(client, index, _KINDS),
        _distinct(client, index, _BOOLEANS),
        _distinct_others(client, index),
    )
    return Sealed(
        documents=whole(kinds, "documents", "doc_count"),
        companions=whole(kinds, "companions", "doc_count"),
        distinct={**booleans, **others},
        derived=frozenset(
            name
            for name in (field.name for field in INDEXED)
            if whole(kinds, "derived", "buckets", name, "doc_count")
        ),
    )


_KINDS: Mapping[str, object] = {
    "documents": {"filter": NO_COMPANION},
    "companions": {"filter": {"exists": {"field": COMPANION}}},
    "derived": {"filters": {"filters": {field.name: {"term": {DERIVED: field.name}} for field in INDEXED}}},
}
_BOOLEANS = tuple(field.name for field in FACETED if field.kind is Kind.BOOLEAN)
_OTHERS = tuple(field.name for field in FACETED if field.kind is not Kind.BOOLEAN)


async def _distinct_others(client: Client, index: str) -> Mapping[str, int]:
    """Count the values of fields that may have any number of them: first about, then exactly."""
    estimates = {name: {"cardinality": {"field": name}} for name in _OTHERS}
    found = await _aggregated(client, index, estimates)
    distinct: dict[str, int] = {}
    for names in _batches({name: whole(found, name, "value") for name in _OTHERS}):
        distinct |= await _distinct(client, index, names)
    return distinct


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
    listed = {name: {"terms": {"field": name, "size": EXACT_VALUES + 1}} for name in names}
    found = await _aggregated(client, index, listed)
    numbers = {name: len(items(found, name, "buckets")) for name in names}
    return {name: number for name, number in numbers.items() if number}


async def _aggregated(client: Client, index: str, wanted: Mapping[str, object]) -> Mapping[str, object]:
    """Give what aggregations over all documents come to."""
    body = {"size": 0, "track_total_hits": False, "aggs": wanted}
    return entries(await search(client, index, body, COUNT_SECONDS), "aggregations")

"""Verifying a sealed generation: what the index holds is what was planned, and what was added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from engines.base import Expected, GenerationRejected
from engines.opensearch.client import Client
from engines.opensearch.meta import Sealed
from engines.opensearch.reply import entries, items, whole
from engines.opensearch.sealing import COUNT_SECONDS
from engines.opensearch.stored import NO_COMPANION, hits, search, some_documents, these_documents
from mappings.document import Stored
from mappings.opensearch import KEY

SAMPLES = 50
"""So many documents at least are read back, where there are as many."""

_SCOPES = 500
"""Scopes that are counted in one request."""

_KEYS = 10_000
"""Keys that are looked for in one request; OpenSearch takes 65,536 terms by default."""


@dataclass(slots=True)
class Added:
    """What was added: how many documents, in all and per scope, and digests of some, spread over all."""

    documents: int = 0
    per_scope: dict[str, int] = field(default_factory=dict)
    samples: dict[str, bytes] = field(default_factory=dict)
    _stride: int = 1

    def count(self, documents: Sequence[Stored]) -> None:
        """Take note of documents."""
        for stored in documents:
            for scope in _scopes(stored.internal):
                self.per_scope[scope] = self.per_scope.get(scope, 0) + 1
            if self.documents % self._stride == 0:
                self.samples[stored.key] = stored.digest
                if len(self.samples) > 2 * SAMPLES:
                    self._thin_out()
            self.documents += 1

    def _thin_out(self) -> None:
        """Keep every other sample, and take half as many from now on."""
        self.samples = dict(list(self.samples.items())[::2])
        self._stride *= 2


@dataclass(frozen=True, slots=True)
class Amended:
    """What was done to a clone of `source`: what was added to it, the keys of it, and those removed."""

    source: str
    added: Added
    written: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)


async def verify_amended(
    client: Client, index: str, sealed: Sealed, amended: Amended, expected: Expected
) -> None:
    """Compare a clone with what was planned: counts, what was added, what was removed, and some of the rest.

    Raises GenerationRejected.
    """
    added = amended.added
    if sealed.documents != expected.documents:
        raise GenerationRejected(f"{sealed.documents} documents instead of {expected.documents}")
    scopes = sorted(added.per_scope.keys() | expected.per_scope.keys())
    _compare_scopes(await _per_scope(client, index, scopes), expected.per_scope)
    await _compare_samples(client, index, added.samples)
    await _check_removed(client, index, sorted(amended.removed))
    others = await _drawn(client, amended.source)
    touched = amended.written | amended.removed
    await _compare_samples(
        client, index, {each.key: each.digest for each in others if each.key not in touched}
    )


async def _check_removed(client: Client, index: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), _KEYS):
        query = {"terms": {KEY: keys[start : start + _KEYS]}}
        body = {"query": query, "size": 0, "track_total_hits": True}
        left = whole(await search(client, index, body, COUNT_SECONDS), "hits", "total", "value")
        if left:
            raise GenerationRejected(f"{left} documents that were removed are still there")


async def _drawn(client: Client, index: str) -> Sequence[Stored]:
    """Draw documents by lot."""
    lot = {"seed": index, "field": "_seq_no"}
    query = {"function_score": {"query": NO_COMPANION, "random_score": lot, "boost_mode": "replace"}}
    body = {"query": query, "size": SAMPLES, "_source": False, "docvalue_fields": [KEY]}
    body |= {"track_total_hits": False, "stored_fields": "_none_"}
    drawn = hits(await search(client, index, body, COUNT_SECONDS))
    return await these_documents(client, index, [str(items(hit, "fields", KEY)[0]) for hit in drawn])


async def verify(client: Client, index: str, sealed: Sealed, added: Added, expected: Expected) -> None:
    """Compare what is in the index with what was planned and added. Raises GenerationRejected."""
    for found in (added.documents, sealed.documents):
        if found != expected.documents:
            raise GenerationRejected(f"{found} documents instead of {expected.documents}")
    _compare_scopes(added.per_scope, expected.per_scope)
    _compare_scopes(await _per_scope(client, index, sorted(added.per_scope)), expected.per_scope)
    await _compare_samples(client, index, added.samples)


def _compare_scopes(counted: Mapping[str, int], planned: Mapping[str, int]) -> None:
    for scope in sorted(counted.keys() | planned.keys()):
        found, wanted = counted.get(scope, 0), planned.get(scope, 0)
        if found != wanted:
            raise GenerationRejected(f"{found} documents of scope {scope} instead of {wanted}")


async def _per_scope(client: Client, index: str, scopes: Sequence[str]) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    for start in range(0, len(scopes), _SCOPES):
        part = scopes[start : start + _SCOPES]
        filters = {str(place): {"term": {"scopes": scope}} for place, scope in enumerate(part)}
        body = {
            "size": 0,
            "track_total_hits": False,
            "aggs": {"scopes": {"filters": {"filters": filters}}},
        }
        found = entries(await search(client, index, body, COUNT_SECONDS), "aggregations", "scopes", "buckets")
        counted |= {scope: whole(found, str(place), "doc_count") for place, scope in enumerate(part)}
    return counted


async def _compare_samples(client: Client, index: str, samples: Mapping[str, bytes]) -> None:
    if not samples:
        return
    found = {each.key: each.digest for each in await some_documents(client, index, list(samples))}
    for key, digest in samples.items():
        if found.get(key) != digest:
            what = "is not what was added" if key in found else "is missing"
            raise GenerationRejected(f"the document {key} {what}")


@lru_cache(maxsize=65_536)
def _scopes(internal: bytes) -> frozenset[str]:
    """Read the scopes, which are the same for all that one listing gives."""
    return frozenset(map(str, orjson.loads(internal).get("scopes", ())))

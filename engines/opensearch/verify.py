"""Verifying a sealed generation: what the index holds is what was planned, and what was added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from engines.base import Expected, GenerationRejected
from engines.opensearch.client import Client
from engines.opensearch.meta import Sealed
from engines.opensearch.reply import entries, whole
from engines.opensearch.sealing import COUNT_SECONDS
from engines.opensearch.stored import search, some_documents
from mappings.document import Stored

SAMPLES = 50
"""So many documents at least are read back, where there are as many."""

_SCOPES = 500
"""Scopes that are counted in one request."""


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

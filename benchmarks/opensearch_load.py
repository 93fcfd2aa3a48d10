"""Loading OpenSearch: our build against a loop of `_bulk` requests with the same bytes."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import orjson

from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure
from benchmarks.http_load import load
from benchmarks.raw_search import RawConnection, post
from benchmarks.scale import Scale
from engines.base import Companions, Expected
from engines.clock import system_clock
from engines.embedded.file import GenerationFile
from engines.generation import Generation
from engines.opensearch.bulk import Loading
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.creation import delete_index
from engines.opensearch.entry import document_id, entry
from engines.opensearch.writer import OpenSearchWriter, open_writer
from mappings.document import Stored
from mappings.schema import SCHEMA

KEPT_SPEED = 0.85
"""What must be left of the speed of the bare loop."""

_BATCH = 1000
_DOCUMENTS = 100_000
"""Documents of one round, all of them in memory: some 500 MB as they are sent."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many documents were loaded, and how long it took until they were served."""

    documents: int
    seconds: float


async def load_catalogue(url: str, prefix: str, catalogue: Catalogue) -> Loaded:
    """Publish a catalogue on a node, in place of what was there."""
    writer = await open_writer(Cluster((url,), timeout=60.0), prefix=prefix, clock=system_clock(), replicas=0)
    file = _file(catalogue)
    try:
        before = await writer.served()
        term = 1 if before is None else int(time.time())
        started = time.perf_counter()
        build = await writer.begin(_name(prefix, term), before)
        per_scope: dict[str, int] = {}
        for start in range(0, file.documents, _BATCH):
            batch = file.stored(start, start + _BATCH)
            for each in batch:
                for scope in orjson.loads(each.internal).get("scopes", ()):
                    per_scope[scope] = per_scope.get(scope, 0) + 1
            await build.add(batch)
        await build.seal(Companions())
        await build.verify(Expected(file.documents, per_scope))
        await build.publish()
        return Loaded(file.documents, time.perf_counter() - started)
    finally:
        file.close()
        await writer.close()


async def remove(url: str, prefix: str) -> None:
    """Delete what was loaded, and what the installation keeps beside it."""
    client = Client(Cluster((url,), timeout=60.0))
    try:
        found = await client.request(
            "GET", f"/{prefix}-*/_settings/index.uuid", params={"expand_wildcards": "all"}
        )
        assert isinstance(found, dict)
        for name in sorted(found):
            await delete_index(client, name)
    finally:
        await client.close()


async def loading_figures(url: str, prefix: str, catalogue: Catalogue, scale: Scale) -> Sequence[Figure]:
    """Load the same documents by turns, into an index of their own that is removed again."""
    file = _file(catalogue)
    documents = file.stored(0, min(file.documents, _DOCUMENTS))
    file.close()
    requests = list(_bodies(documents))
    writer = await open_writer(
        Cluster((url,), timeout=60.0), prefix=f"load-{prefix}", clock=system_clock(), replicas=0
    )
    ours: list[float] = []
    bare: list[float] = []
    try:
        for number in range(scale.rounds + 1):
            bare.append(await _bare(url, writer, _name(f"load-{prefix}", 2 * number + 1), requests))
            ours.append(await _ours(writer, _name(f"load-{prefix}", 2 * number + 2), documents))
    finally:
        await writer.close()
    # The first round warms the node up.
    ratio = median(one / other for one, other in zip(bare[1:], ours[1:], strict=True))
    speeds = [len(documents) / median(seconds[1:]) for seconds in (bare, ours)]
    title = f"{scale.rounds} times {len(documents):,} documents, until they can be searched"
    return (
        Figure(f"a bare `_bulk` loop, {title}", f"{speeds[0]:,.0f} documents/s"),
        Figure(
            "our build, the same bytes",
            f"{speeds[1]:,.0f} documents/s, {ratio:.2f} of it",
            f">= {KEPT_SPEED:g}",
            ratio >= KEPT_SPEED,
        ),
    )


async def _ours(writer: OpenSearchWriter, name: str, documents: Sequence[Stored]) -> float:
    build = await writer.begin(name, None)
    started = time.perf_counter()
    for start in range(0, len(documents), _BATCH):
        await build.add(documents[start : start + _BATCH])
    await build.seal(Companions())
    seconds = time.perf_counter() - started
    await build.discard()
    return seconds


async def _bare(url: str, writer: OpenSearchWriter, name: str, bodies: Sequence[bytes]) -> float:
    """Send bodies over as many connections as our build has."""
    build = await writer.begin(name, None)
    path = f"{quoted(name, '_bulk')}?filter_path=errors"
    requests = {str(place): post(path, body, "application/x-ndjson") for place, body in enumerate(bodies)}
    port = int(url.rpartition(":")[2])
    started = time.perf_counter()
    await asyncio.to_thread(
        load, port, list(requests), _refuse_errors, write=requests.__getitem__, connections=Loading().at_once
    )
    with RawConnection(url) as raw:
        raw.send(post(quoted(name, "_refresh"), b""))
    seconds = time.perf_counter() - started
    await build.discard()
    return seconds


def _refuse_errors(target: str, body: bytes) -> None:
    if b"true" in body:
        raise ValueError(f"body {target} was not taken whole: {body[:200]!r}")


def _bodies(documents: Sequence[Stored]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for each in documents:
        line = b'{"index":{"_id":%b}}\n%b\n' % (orjson.dumps(document_id(each.key)), entry(each))
        if lines and size + len(line) > Loading().body:
            yield b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    yield b"".join(lines)


def _file(catalogue: Catalogue) -> GenerationFile:
    (path,) = catalogue.engine.glob("ims-catalog-*.sqlite")
    return GenerationFile.open(path)


def _name(prefix: str, term: int) -> str:
    return Generation(prefix, SCHEMA, term, datetime.now(UTC), "000001").name

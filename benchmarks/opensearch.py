"""OpenSearch: the embedded engine against it, and what our side adds to it. A real node, in one run."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from statistics import median

import orjson
import uvloop

from benchmarks import asking
from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure, percentile
from benchmarks.http_load import CONNECTIONS, load
from benchmarks.opensearch_load import Loaded, load_catalogue, loading_figures, remove
from benchmarks.raw_search import RawConnection, post
from benchmarks.scale import Scale
from engines.base import Reader
from engines.clock import system_clock
from engines.embedded.readers import EmbeddedReaders
from engines.opensearch.asking import search
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.response import Bodies
from engines.opensearch.searches import lines
from engines.opensearch.served import served
from engines.query import Answer, Query
from search_api.access import narrow
from search_api.answer import answer_json, image_pieces
from search_api.caller import OPERATOR
from search_api.clause import Question
from search_api.freshness import Freshness
from tests.opensearch.available import available

SMALLER_SHARE, LARGER_SHARE = 1 / 10, 1 / 8
"""What the embedded engine may take at most of the time of `_search`."""

SMALLER_ADDED, LARGER_ADDED = 0.25, 0.10
"""What our path may add at most to the time of `_search`."""

KEPT_RATE = 0.65
"""What must be left of the requests a second of `_search`."""

HEAP = "2g"
_WARM_UP = 300
"""Questions: the virtual machine of a node compiles what it runs often, and is slow until then."""
_SEED = 30


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Load a node, then ask it and the embedded engine the same questions, all different, by turns."""
    larger, prefix = catalogue.images > scale.smaller, f"bench-{os.getpid()}"
    with available(heap=HEAP) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            yield _loaded(runner.run(load_catalogue(url, prefix, catalogue)))
            yield from runner.run(loading_figures(url, prefix, catalogue, scale))
            sides = runner.run(_sides(url, prefix, catalogue, scale))
            try:
                yield from runner.run(_alone(sides, scale, larger=larger))
                yield from _together(sides, runner, scale)
            finally:
                runner.run(sides.close())
        finally:
            runner.run(remove(url, prefix))
            runner.run(remove(url, f"load-{prefix}"))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a query, and as the request that our engine makes of it."""

    query: Query
    request: bytes


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both engines, the address of the node, and what they are asked."""

    url: str
    embedded: EmbeddedReaders
    opensearch: OpenSearchReaders
    asked: Sequence[Asked]

    async def close(self) -> None:
        await self.embedded.close()
        await self.opensearch.close()


async def _sides(url: str, prefix: str, catalogue: Catalogue, scale: Scale) -> _Sides:
    embedded = EmbeddedReaders(catalogue.engine, system_clock())
    cluster = Cluster((url,), timeout=60.0)
    opensearch = OpenSearchReaders(cluster, prefix=prefix, clock=system_clock())
    images = await asking.sample(await embedded.served(), _SEED)
    wanted = min(_WARM_UP, scale.questions) + 3 * scale.searches * scale.rounds
    queries = list(islice(asking.filtered(images, _SEED), wanted))
    client = Client(cluster)
    try:
        meta = await served(client, Names(prefix))
    finally:
        await client.close()
    assert meta is not None, "a catalogue has been loaded"
    known = meta.known()
    asked = [
        Asked(query, _request(meta.generation, next(search(narrow(query, OPERATOR), known))))
        for query in queries
    ]
    return _Sides(url, embedded, opensearch, asked)


async def _alone(sides: _Sides, scale: Scale, *, larger: bool) -> Sequence[Figure]:
    """One connection: each question goes to all three, one after the other, in turn in either order."""
    with RawConnection(sides.url) as raw:
        ours, near = await sides.opensearch.served(), await sides.embedded.served()
        times: dict[str, list[float]] = {"embedded": [], "raw": [], "ours": []}
        warm = min(_WARM_UP, scale.questions)
        wanted = scale.searches * scale.rounds
        for number, each in enumerate(sides.asked[: warm + wanted]):
            ways: list[tuple[str, Callable[[], Awaitable[int]]]] = [
                ("raw", partial(_raw_total, raw, each.request)),
                ("ours", partial(_json_total, ours, each.query)),
                ("embedded", partial(_total, near, each.query)),
            ]
            # A node answers a question faster that it has just answered: each way goes first as often.
            took = {name: await _timed(way) for name, way in (ways if number % 2 else reversed(ways))}
            _check_same(each.query, {name: total for name, (_, total) in took.items()})
            if number >= warm:
                for name, (milliseconds, _) in took.items():
                    times[name].append(milliseconds)
    embedded, raw_time, ours_time = (percentile(times[name], 0.5) for name in ("embedded", "raw", "ours"))
    share = LARGER_SHARE if larger else SMALLER_SHARE
    most = LARGER_ADDED if larger else SMALLER_ADDED
    title = f"{wanted:,} questions of 3 to 5 filters, 12 facets, 20 whole documents"
    return (
        Figure(f"`_search` over a raw connection, {title}", f"p50 {raw_time:.2f} ms"),
        Figure(
            "the embedded engine in process, the same questions",
            f"p50 {embedded:.2f} ms, 1/{raw_time / embedded:.1f} of `_search`",
            f"<= 1/{1 / share:.0f}",
            embedded <= raw_time * share,
        ),
        Figure(
            "our path on OpenSearch: from the question to the answer as JSON",
            f"p50 {ours_time:.2f} ms, {ours_time / raw_time - 1:+.0%}",
            f"<= +{most:.0%}",
            ours_time <= raw_time * (1 + most),
        ),
    )


def _together(sides: _Sides, runner: asyncio.Runner, scale: Scale) -> Iterator[Figure]:
    """Several connections: rounds by turns, client and node on the same cores."""
    port = int(sides.url.rpartition(":")[2])
    start = min(_WARM_UP, scale.questions) + scale.searches * scale.rounds
    raw_rates: list[float] = []
    our_rates: list[float] = []
    for number in range(scale.rounds):
        first = start + 2 * number * scale.searches
        one, other = (
            sides.asked[first + part * scale.searches : first + (part + 1) * scale.searches]
            for part in (0, 1)
        )
        requests = {str(place): each.request for place, each in enumerate(one)}
        raw_rates.append(load(port, list(requests), write=requests.__getitem__).rate)
        our_rates.append(runner.run(_rate(sides.opensearch, other)))
    raw_rate, our_rate = median(raw_rates), median(our_rates)
    yield Figure(
        f"`_search`, {CONNECTIONS} raw connections, client and node on the same cores",
        f"{raw_rate:,.0f} requests/s",
    )
    yield Figure(
        f"our path, {CONNECTIONS} at once, client and node on the same cores",
        f"{our_rate:,.0f} requests/s, {our_rate / raw_rate:.2f} of it",
        f">= {KEPT_RATE:g}",
        our_rate >= raw_rate * KEPT_RATE,
    )


def _loaded(loaded: Loaded) -> Figure:
    return Figure(
        f"load {loaded.documents:,} documents: index, seal, verify, publish",
        f"{loaded.seconds:,.1f} s ({loaded.documents / loaded.seconds:,.0f} documents/s)",
    )


async def _timed(work: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    """Give milliseconds and what came of it."""
    started = time.perf_counter()
    total = await work()
    return (time.perf_counter() - started) * 1000, total


async def _total(reader: Reader, query: Query) -> int:
    return (await reader.search(narrow(query, OPERATOR))).total


async def _json_total(reader: Reader, query: Query) -> int:
    answer = await reader.search(narrow(query, OPERATOR))
    _written(answer, query)
    return answer.total


def _written(answer: Answer, query: Query) -> bytes:
    """Write an answer as the API does."""
    return answer_json(
        answer,
        Question(filter=query.filter),
        query,
        images=image_pieces(answer.hits, _FRESHNESS),
        notes=(),
        catalog=b"{}",
        cursor=None,
    )


_FRESHNESS = Freshness({})


def _request(generation: str, bodies: Bodies) -> bytes:
    """Write what our engine sends for a question: one search, or several in one request."""
    limited = [{**body, "timeout": "60000ms"} for body in bodies]
    if len(limited) > 1:
        return post(quoted(generation, "_msearch"), lines(limited), "application/x-ndjson")
    path = f"{quoted(generation, '_search')}?allow_partial_search_results=false"
    return post(path, orjson.dumps(limited[0]))


async def _raw_total(raw: RawConnection, request: bytes) -> int:
    """Find the total without reading the answer, which would be our work and not that of the node.

    Waits for the answer as a plain program does; nothing else goes on meanwhile.
    """
    _, _, behind = raw.send(request).partition(b'"total":{"value":')
    return int(behind.partition(b",")[0])


async def _rate(readers: OpenSearchReaders, asked: Sequence[Asked]) -> float:
    reader, waiting = await readers.served(), iter(asked)

    async def ask() -> None:
        for each in waiting:
            await _json_total(reader, each.query)

    started = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return len(asked) / (time.perf_counter() - started)


def _check_same(query: Query, totals: Mapping[str, int]) -> None:
    """Raise ValueError where the sides find different numbers of images."""
    if len(set(totals.values())) > 1:
        raise ValueError(f"different totals, {dict(totals)}, for {query}")

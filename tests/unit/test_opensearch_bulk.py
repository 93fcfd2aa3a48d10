"""Bulk loading: nothing is lost silently, whatever a host answers; and what generations are kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engines.base import EngineError, EngineTimeout, EngineUnavailable, GenerationRejected
from engines.clock import Clock
from engines.generation import Generation
from engines.opensearch.bulk import Bulk, Loading
from engines.opensearch.client import Client, Cluster
from engines.opensearch.meta import Meta, Sealed, read_meta
from engines.opensearch.retire import retired, unfinished
from engines.opensearch.retry import Patience
from mappings.schema import SCHEMA

SECRET = "do-not-tell"


@dataclass
class PassingClock:
    """Time that passes while somebody sleeps, and only then."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: datetime.now(UTC), lambda: self.seconds, self.sleep)


Item = Mapping[str, object]
Answering = Callable[[int, list[str]], Awaitable[web.Response]]
"""Answers the nth request, which holds documents of these ids."""


@dataclass
class Index:
    """A host that takes bulk requests; `answering` says what it does with each."""

    answering: Answering
    requests: list[list[str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    sources: list[bytes] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.read()
            lines = body.splitlines()
            ids = [orjson.loads(line)["index"]["_id"] for line in lines[::2]]
            self.requests.append(ids)
            self.sizes.append(len(body))
            self.sources += lines[1::2]
            return await self.answering(len(self.requests), ids)
        finally:
            self.at_once -= 1


def results(*items: Item) -> web.Response:
    errors = any("error" in item for item in items)
    return web.json_response({"errors": errors, "items": [{"index": item} for item in items]})


def taken(ids: list[str]) -> web.Response:
    return results(*[{"status": 201} for _ in ids])


def refused(status: int, kind: str, reason: str = SECRET) -> Item:
    return {"status": status, "error": {"type": kind, "reason": reason}}


@asynccontextmanager
async def loading(
    answering: Answering, hand: PassingClock | None = None, **options: int
) -> AsyncIterator[tuple[Bulk, Index]]:
    index = Index(answering)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_post("/index/_bulk", index.handle)
    server = TestServer(application)
    await server.start_server()
    client = Client(Cluster((str(server.make_url("/")),)))
    patience = Patience(attempts=6)
    bulk = Bulk(client, "index", (hand or PassingClock()).clock, Loading(patience=patience, **options))
    try:
        yield bulk, index
    finally:
        await bulk.abort()
        await client.close()
        await server.close()


def documents(*keys: str) -> list[tuple[str, bytes]]:
    return [(key, b'{"name":"do-not-tell"}') for key in keys]


async def test_all_is_sent_once_where_all_is_taken() -> None:
    async def answering(_: int, ids: list[str]) -> web.Response:
        return taken(ids)

    async with loading(answering) as (bulk, index):
        await bulk.add(documents("a", "b"))
        await bulk.add(documents("c"))
        await bulk.finish()
    assert index.requests == [["a", "b", "c"]]


async def test_documents_wait_for_a_shard_whose_node_is_gone_and_a_load_in_vain_says_so() -> None:
    async def answering(number: int, ids: list[str]) -> web.Response:
        if number > 2 and ids != ["lost"]:
            return taken(ids)
        gone = refused(503, "unavailable_shards_exception")
        return results(*[gone if one == "lost" or number < 3 else {"status": 201} for one in ids])

    async with loading(answering) as (bulk, index):
        await bulk.add(documents("a", "b"))
        await bulk.finish()
        assert index.requests == [["a", "b"]] * 3
    async with loading(answering) as (bulk, _):
        await bulk.add(documents("lost"))
        with pytest.raises(EngineUnavailable, match="no node that answers has the shard for 1 of 1"):
            await bulk.finish()


async def test_requests_are_bounded_in_bytes_and_in_number() -> None:
    async def answering(_: int, ids: list[str]) -> web.Response:
        await asyncio.sleep(0.01)
        return taken(ids)

    async with loading(answering, body=1000, at_once=3) as (bulk, index):
        await bulk.add(documents(*[f"{number:03}" for number in range(300)]))
        await bulk.add([("large", b'"%b"' % (b"x" * 5000))])
        await bulk.finish()
    assert sorted(key for request in index.requests for key in request) == [
        *[f"{number:03}" for number in range(300)],
        "large",
    ]
    assert index.most_at_once == 3
    assert all(
        size <= 1000 or ids == ["large"] for size, ids in zip(index.sizes, index.requests, strict=True)
    )


async def test_each_document_is_sent_as_it_is_whatever_was_sent_before_and_however_often() -> None:
    """The memory of a request is written anew once all of it was taken, and never before."""

    seen: set[str] = set()

    async def answering(number: int, ids: list[str]) -> web.Response:
        await asyncio.sleep(0.001)
        if number % 5 == 0:
            return web.Response(status=429)
        late = {key for key in ids if key.endswith("7")} - seen
        seen.update(late)
        return results(*[refused(429, "rejected") if key in late else {"status": 201} for key in ids])

    given = [(f"{number:04}", b'"%04d%b"' % (number, b"x" * (number * 7 % 1400))) for number in range(400)]
    async with loading(answering, body=1000, at_once=3) as (bulk, index):
        for start in range(0, 400, 7):
            await bulk.add(given[start : start + 7])
        await bulk.finish()
    assert set(index.sources) == {source for _, source in given}
    sent = [key for request in index.requests for key in request]
    assert index.sources == [dict(given)[key] for key in sent]


async def test_case_26_what_there_was_no_room_for_is_sent_again_alone() -> None:
    async def answering(number: int, ids: list[str]) -> web.Response:
        if number == 1:
            return results({"status": 201}, refused(429, "rejected"), {"status": 200}, refused(503, "shards"))
        return taken(ids)

    hand = PassingClock()
    async with loading(answering, hand) as (bulk, index):
        await bulk.add(documents("a", "b", "c", "d"))
        await bulk.finish()
    assert index.requests == [["a", "b", "c", "d"], ["b", "d"]]
    assert len(hand.pauses) == 1
    assert 0 <= hand.pauses[0] <= 0.25


async def test_case_27_requests_are_halved_while_there_is_no_room_and_grow_again() -> None:
    room = [300_000]
    refused_sizes: list[int] = []

    async def answering(number: int, ids: list[str]) -> web.Response:
        if index.sizes[number - 1] > room[0]:
            refused_sizes.append(index.sizes[number - 1])
            return web.Response(status=429)
        if len(index.requests) > 20:
            room[0] = 10_000_000
        return taken(ids)

    given = [(f"{number:04}", b'"%b"' % (b"x" * 10_000)) for number in range(1_000)]
    async with loading(answering, body=1_000_000, at_once=1) as (bulk, index):
        await bulk.add(given)
        await bulk.finish()
    assert len(set(index.sources)) == 1
    assert {key for request in index.requests for key in request} == {key for key, _ in given}
    assert refused_sizes[0] > 900_000
    assert refused_sizes[1] < 600_000
    assert len(refused_sizes) < 12, "it is not tried again and again how much there is room for"
    assert max(index.sizes[-5:]) > 600_000, "they grow once there is room"


async def test_pauses_grow_and_are_drawn() -> None:
    async def answering(number: int, ids: list[str]) -> web.Response:
        return taken(ids) if number % 6 == 0 else web.Response(status=429)

    hand = PassingClock()
    async with loading(answering, hand) as (bulk, _):
        for place in range(20):
            await bulk.add(documents(str(place)))
            await bulk.finish()
    longest = [max(hand.pauses[place::5]) for place in range(5)]
    assert all(0.6 * 0.25 * 2**place < long <= 0.25 * 2**place for place, long in enumerate(longest))
    assert len(set(hand.pauses)) == len(hand.pauses)


async def test_a_pause_that_the_cluster_asks_for_is_made() -> None:
    async def answering(number: int, ids: list[str]) -> web.Response:
        return taken(ids) if number == 2 else web.Response(status=503, headers={"Retry-After": "7"})

    hand = PassingClock()
    async with loading(answering, hand) as (bulk, _):
        await bulk.add(documents("a"))
        await bulk.finish()
    assert 7 <= hand.seconds <= 7.25


async def test_a_broken_connection_is_met_by_sending_again() -> None:
    async def answering(number: int, ids: list[str]) -> web.Response:
        if number == 1:
            raise asyncio.CancelledError
        return taken(ids)

    async with loading(answering) as (bulk, index):
        await bulk.add(documents("a"))
        await bulk.finish()
    assert index.requests == [["a"], ["a"]]


@pytest.mark.parametrize("block", ["1/state not recovered / initialized", "2/no cluster-manager"])
async def test_a_block_that_passes_by_itself_is_waited_for(block: str) -> None:
    blocked = refused(503, "cluster_block_exception", f"blocked by: [SERVICE_UNAVAILABLE/{block}];")

    async def answering(number: int, ids: list[str]) -> web.Response:
        return results(*[blocked for _ in ids]) if number == 1 else taken(ids)

    async with loading(answering) as (bulk, index):
        await bulk.add(documents("a", "b"))
        await bulk.finish()
    assert index.requests == [["a", "b"]] * 2


FLOOD = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"


@pytest.mark.parametrize(
    ("answer", "failure", "said", "requests"),
    [
        pytest.param(
            lambda: results({"status": 201}, refused(400, "mapper_parsing_exception")),
            GenerationRejected,
            "^b was refused by the index: HTTP 400 mapper_parsing_exception$",
            1,
            id="a refused document",
        ),
        pytest.param(
            lambda: results({"status": 201}, refused(429, "cluster_block_exception", FLOOD)),
            EngineUnavailable,
            "disks are full",
            1,
            id="full disks",
        ),
        pytest.param(
            lambda: results({"status": 201}, refused(404, "index_not_found_exception")),
            EngineUnavailable,
            "was deleted while it was being built",
            1,
            id="a deleted index",
        ),
        pytest.param(
            lambda: results({"status": 201}),
            EngineUnavailable,
            "2 documents were sent, 1 answered",
            1,
            id="lost",
        ),
        pytest.param(
            lambda: results(refused(429, "rejected"), refused(429, "rejected")),
            EngineUnavailable,
            "no room for 2 of 2 documents",
            6,
            id="never any room",
        ),
        pytest.param(
            lambda: web.Response(status=401), EngineUnavailable, "password", 1, id="a wrong password"
        ),
        pytest.param(lambda: web.Response(status=504), EngineTimeout, "in time", 6, id="never in time"),
    ],
)
async def test_what_is_not_taken_fails_the_load(
    answer: Callable[[], web.Response], failure: type[EngineError], said: str, requests: int
) -> None:
    async def answering(_number: int, _ids: list[str]) -> web.Response:
        return answer()

    async with loading(answering) as (bulk, index):
        await bulk.add(documents("a", "b"))
        with pytest.raises(failure, match=said) as raised:
            await bulk.finish()
        with pytest.raises(failure, match=said):
            await bulk.finish()
    assert len(index.requests) == requests
    assert SECRET not in str(raised.value)


async def test_a_load_that_failed_takes_no_more() -> None:
    async def answering(_number: int, _ids: list[str]) -> web.Response:
        return results(refused(400, "odd"))

    async with loading(answering, body=1, at_once=1) as (bulk, index):
        with pytest.raises(GenerationRejected, match=r"^0 was refused"):
            await bulk.add(documents(*map(str, range(100))))
    assert len(index.requests) <= 2


async def test_it_is_not_tried_for_ever() -> None:
    async def answering(_number: int, _ids: list[str]) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "100"})

    hand = PassingClock()
    async with loading(answering, hand) as (bulk, index):
        await bulk.add(documents("a"))
        with pytest.raises(EngineUnavailable, match="HTTP 503"):
            await bulk.finish()
    assert hand.seconds <= 300
    assert len(index.requests) == 3


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def generation(term: int, minutes_ago: float | None, run: str = "aaaaaa") -> Meta:
    published = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    return Meta("id", Generation("p", SCHEMA, term, NOW, run).name, SCHEMA, published=published)


@pytest.mark.parametrize(
    ("ours", "gone"),
    [
        pytest.param([generation(2, 60), generation(3, 0)], [], id="the one before is kept"),
        pytest.param([generation(1, 70), generation(2, 60), generation(3, 0)], [1], id="older ones go"),
        pytest.param(
            [generation(1, 20), generation(2, 9), generation(3, 0)], [], id="not within ten minutes"
        ),
        pytest.param([generation(1, 20), generation(2, 10), generation(3, 0)], [1], id="after ten minutes"),
        pytest.param(
            [generation(0, 12), generation(1, 11), generation(2, 1), generation(3, 0)],
            [0],
            id="each by the one that followed it",
        ),
        pytest.param([generation(1, None), generation(2, 60), generation(3, 0)], [], id="no unfinished ones"),
        pytest.param([generation(2, 60), generation(3, 0), generation(4, 30)], [], id="no later ones"),
    ],
)
def test_what_a_publish_deletes(ours: list[Meta], gone: list[int]) -> None:
    served, previous = generation(3, 0).generation, generation(2, 60).generation
    found = retired(ours, served, previous, NOW)
    assert sorted(found) == [generation(term, None).generation for term in gone]


A, X, Y, Z, W = (
    generation(7, 30, "aaaaaa"),
    generation(8, 29, "bbbbbb"),
    generation(8, 9, "cccccc"),
    generation(9, 5, "dddddd"),
    generation(10, 0, "eeeeee"),
)
"""X failed as it was published; Y, of the same term, took its place and was served until Z came."""


@pytest.mark.parametrize("order", [(A, X, Y, Z, W), (A, Y, X, Z, W), (W, Z, Y, X, A)])
@pytest.mark.parametrize(
    ("later", "gone"),
    [
        pytest.param(0, set(), id="A went nine minutes ago, Y five"),
        pytest.param(1, {A.generation}, id="A went ten minutes ago"),
        pytest.param(4, {A.generation}, id="Y went nine minutes ago"),
        pytest.param(5, {A.generation, X.generation, Y.generation}, id="Y went ten minutes ago"),
    ],
)
def test_one_that_failed_does_not_shorten_the_time_of_others(
    order: tuple[Meta, ...], later: int, gone: set[str]
) -> None:
    now = NOW + timedelta(minutes=later)
    assert set(retired(order, W.generation, Z.generation, now)) == gone


def test_one_of_the_same_term_as_what_is_served_is_kept() -> None:
    failed, served = generation(8, 20, "bbbbbb"), generation(8, 0, "cccccc")
    assert retired([failed, served], served.generation, A.generation, NOW) == []


def test_what_a_build_deletes_first() -> None:
    ours = [
        generation(2, 60),
        generation(3, None),
        generation(3, None, "bbbbbb"),
        generation(4, None),
        generation(5, None),
    ]
    assert unfinished(ours, [ours[2].generation], 4) == [ours[1].generation]


def test_what_a_mapping_says_comes_back() -> None:
    meta = Meta("id", "g", SCHEMA, Sealed(5, 2, {"platform": 3}, frozenset({"firmware"})), NOW)
    assert read_meta("g", orjson.loads(orjson.dumps(meta.as_json()))) == meta


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"installation": 1},
        {"installation": "i", "generation": "g", "schema": "s", "sealed": {}},
    ],
)
def test_what_another_program_wrote_is_none_of_ours(value: object) -> None:
    assert read_meta("g", value) is None

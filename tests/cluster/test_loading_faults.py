"""Building on a cluster that has too little room, hangs, goes away or is not as it should be."""

import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import web

from engines.base import Companions, EngineTimeout, EngineUnavailable, GenerationRejected, Superseded
from engines.clock import Clock, system_clock
from engines.generation import Generation
from engines.opensearch.bulk import Loading
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.creation import REPLICA_SECONDS
from engines.opensearch.names import Names
from engines.opensearch.retry import Patience
from engines.opensearch.writer import OpenSearchWriter, open_writer
from mappings.document import Document, Stored, store
from mappings.schema import SCHEMA
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.cluster.severed import severable
from tests.contract.catalogue import image
from tests.contract.engine import START, expected
from tests.opensearch.node import Node, running

FEW = Patience(attempts=3, first=0.01)
SMALL = Loading(body=20_000, at_once=8, patience=Patience(attempts=50, first=0.01, longest=0.2))
IMAGES = [image(f"i{number:05}", description="x" * 500) for number in range(3000)]


@asynccontextmanager
async def writing(
    place: Place,
    *,
    url: str | None = None,
    loading: Loading | None = None,
    replicas: int | None = 0,
    clock: Clock | None = None,
    within: float = 60.0,
    shards: int = 1,
) -> AsyncIterator[OpenSearchWriter]:
    writer = await open_writer(
        Cluster((url or place.url,), timeout=within),
        prefix=place.names.prefix,
        clock=clock or system_clock(),
        shards=shards,
        replicas=replicas,
        loading=loading,
    )
    try:
        yield writer
    finally:
        await writer.close()


def named(place: Place, term: int = 1, run: str = "5f2c9a") -> str:
    return Generation(place.names.prefix, SCHEMA, term, START, run).name


async def whole(documents: list[Document], writer: OpenSearchWriter, name: str) -> None:
    build = await writer.begin(name, await writer.served())
    for start in range(0, len(documents), 500):
        await build.add([store(document) for document in documents[start : start + 500]])
    await build.seal(Companions())
    await build.verify(expected(documents))
    await build.publish()


@pytest.fixture(scope="module")
def narrow_node() -> Iterator[Node]:
    """A node that has room for next to nothing at once."""
    with running({"thread_pool.write.size": 1, "thread_pool.write.queue_size": 1}) as node:
        yield node


@pytest.fixture
async def narrow(narrow_node: Node) -> AsyncIterator[Place]:
    names = Names(f"t{secrets.token_hex(5)}")
    client = Client(Cluster((narrow_node.url,)))
    try:
        yield Place(narrow_node.url, names, client)
    finally:
        await client.close()


async def test_a_cluster_without_room_gets_everything_in_the_end(narrow: Place) -> None:
    refusals: list[str] = []

    def after(request: web.Request, status: int, body: bytes) -> None:
        if request.path.endswith("/_bulk") and (status == 429 or b'"status":429' in body):
            refusals.append(request.path)

    async with passing(narrow.url, after=after) as url, writing(narrow, url=url, loading=SMALL) as writer:
        name = named(narrow)
        await whole(IMAGES, writer, name)
        assert await writer.served() == name
        streamed = [stored.key async for page in writer.documents(name) for stored in page]
    assert streamed == sorted(document.key for document in IMAGES)
    assert refusals, "the node had room for everything at once: this test shows nothing"


async def test_a_node_that_hangs_is_a_timeout(narrow_node: Node, narrow: Place) -> None:
    # The bodies are given little time; what the writer does before it hangs has enough of it.
    async with writing(narrow, loading=Loading(seconds=1.0, patience=FEW), within=8.0) as writer:
        build = await writer.begin(named(narrow), None)
        os.kill(narrow_node.pid, signal.SIGSTOP)
        try:
            await build.add([store(image("a"))])
            with pytest.raises(EngineTimeout, match="no answer within 1 s"):
                await build.seal(Companions())
            with pytest.raises(EngineTimeout):
                await writer.served()
        finally:
            os.kill(narrow_node.pid, signal.SIGCONT)
        await build.discard()
        assert await writer.served() is None


async def test_a_node_that_goes_away_ends_the_build_and_nothing_is_published(place: Place) -> None:
    quick = Loading(patience=FEW)
    async with severable(place.url) as line, writing(place, url=line.url, loading=quick) as writer:
        first = named(place)
        await whole([image("a")], writer, first)
        build = await writer.begin(named(place, 2, "aaaaaa"), first)
        await build.add([store(image("a"))])
        await line.cut()
        with pytest.raises(EngineUnavailable, match=r"no connection could be made|broke"):
            await build.seal(Companions())
        with pytest.raises(EngineUnavailable):
            await build.discard()
        await line.mend()
        assert await writer.served() == first
        left = await writer.begin(named(place, 3, "bbbbbb"), first)
        # What the build left is gone with the next one.
        reply = await place.client.request(
            "GET", quoted(place.names.all, "_mapping"), params={"expand_wildcards": "all"}
        )
        assert isinstance(reply, dict)
        assert build.generation not in reply
        await left.discard()


async def test_a_short_interruption_costs_nothing(place: Place) -> None:
    async with severable(place.url) as line, writing(place, url=line.url, loading=SMALL) as writer:
        build = await writer.begin(named(place), None)
        await build.add([store(document) for document in IMAGES[:1500]])
        await line.cut()
        await line.mend()
        await build.add([store(document) for document in IMAGES[1500:]])
        await build.seal(Companions())
        await build.verify(expected(IMAGES))
        await build.publish()
        assert await writer.served() == build.generation


async def test_a_document_that_the_index_refuses_ends_the_build(place: Place) -> None:
    good = store(image("a"))
    # 40,000 bytes of one value: `normalise` would never let it through.
    bad = Stored(
        "huawei/cn-north-4/b/public",
        b'{"cloud":"huawei","region":"cn-north-4","id":"b","name":"' + b"secret" * 7000 + b'"}',
        good.internal,
        b"{}",
    )
    async with writing(place) as writer:
        build = await writer.begin(named(place), None)
        await build.add([good, bad])
        with pytest.raises(GenerationRejected, match=r"^huawei/cn-north-4/b/public was refused") as raised:
            await build.seal(Companions())
        assert "secret" not in str(raised.value)
        with pytest.raises(ValueError, match="sealed"):
            await build.publish()
        await build.discard()
        assert await writer.served() is None


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("index.blocks.read_only_allow_delete", "disks are full"),
        ("index.blocks.read_only", "the cluster blocks this: index read-only"),
    ],
)
async def test_an_index_that_takes_no_more_says_why(place: Place, block: str, said: str) -> None:
    async with writing(place) as writer:
        build = await writer.begin(named(place), None)
        await place.client.request(
            "PUT", quoted(build.generation, "_settings"), body=orjson.dumps({block: True})
        )
        await build.add([store(image("a"))])
        with pytest.raises(EngineUnavailable, match=said):
            await build.seal(Companions())
        await place.client.request(
            "PUT", quoted(build.generation, "_settings"), body=orjson.dumps({block: None})
        )
        await build.discard()


async def test_a_template_that_changes_the_index_is_named(place: Place) -> None:
    template = {
        "index_patterns": [f"{place.names.prefix}-*"],
        "priority": 500,
        "template": {"settings": {"index.codec": "best_compression"}, "aliases": {"other": {}}},
    }
    path = quoted("_index_template", place.names.prefix)
    async with writing(place) as writer:
        await place.client.request("PUT", path, body=orjson.dumps(template))
        try:
            name = named(place)
            with pytest.raises(GenerationRejected, match="template") as raised:
                await writer.begin(name, None)
            assert 'aliases.other is {}; settings.index.codec is "best_compression"' in str(raised.value)
        finally:
            await place.client.request("DELETE", path)
        build = await writer.begin(name, None)
        await build.discard()


async def test_copies_that_do_not_come_are_named(place: Place) -> None:
    real, seconds = system_clock(), [0.0]

    async def sleep(pause: float) -> None:
        seconds[0] += pause if pause < 5 else 0.0
        await real.sleep(0 if pause < 5 else 3600)

    clock = Clock(real.now, lambda: seconds[0], sleep)
    async with writing(place, replicas=2, clock=clock) as writer:
        build = await writer.begin(named(place), None)
        await build.add([store(image("a"))])
        await build.seal(Companions())
        with pytest.raises(GenerationRejected, match=r"2 copies of .*engine\.replicas"):
            await build.verify(expected([image("a")]))
        assert seconds[0] >= REPLICA_SECONDS
        await build.discard()


async def test_a_copy_is_made_where_there_is_another_node(place: Place) -> None:
    async with writing(place, replicas=None) as writer:
        name = named(place)
        await whole([image("a")], writer, name)
        reply = await place.client.request("GET", quoted(name, "_settings"))
        assert isinstance(reply, dict)
        assert reply[name]["settings"]["index"]["auto_expand_replicas"] == "0-1"
        assert reply[name]["settings"]["index"]["blocks"]["write"] == "true"


async def test_a_publish_in_the_last_moment_wins_and_the_other_says_so(place: Place) -> None:
    """Another moves the alias after this one has looked: the cluster itself refuses the second."""
    first, second = named(place, 1), named(place, 2)
    async with writing(place) as other:
        await whole([image("a")], other, first)
        await whole([image("b")], other, second)
        await move(place, second, first)

    async def before(request: web.Request) -> None:
        if request.path == "/_aliases":
            await move(place, first, second)

    async with passing(place.url, before) as url, writing(place, url=url) as writer:
        build = await writer.begin(named(place, 3), first)
        await build.seal(Companions())
        await build.verify(expected([]))
        with pytest.raises(Superseded, match=f"planned on {first}, but {second} is served now"):
            await build.publish()
        await build.discard()
        assert await writer.served() == second


async def test_case_29_a_publish_whose_answer_is_lost_counts(place: Place) -> None:
    async def after_all(request: web.Request) -> None:
        if request.path == "/_aliases":
            body = await request.read()
            await place.client.request("POST", "/_aliases", body=body)
            assert request.transport is not None
            request.transport.abort()

    async with passing(place.url, after_all) as url, writing(place, url=url) as writer:
        await whole([image("a")], writer, named(place))
        assert await writer.served() == named(place)


async def move(place: Place, off: str, on: str) -> None:
    alias = place.names.served
    actions = [{"remove": {"index": off, "alias": alias}}, {"add": {"index": on, "alias": alias}}]
    await place.client.request("POST", "/_aliases", body=orjson.dumps({"actions": actions}))

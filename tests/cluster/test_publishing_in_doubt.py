"""Publishing whose end is not known, and builds whose index others moved, changed or removed."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from engines.base import Companions, EngineError, EngineTimeout, EngineUnavailable, Superseded
from engines.opensearch.build import OpenSearchBuild
from engines.opensearch.client import quoted
from engines.opensearch.creation import create_index
from engines.opensearch.meta import Meta
from engines.opensearch.reply import entries, items, part
from engines.opensearch.writer import OpenSearchWriter
from mappings.document import store
from mappings.schema import SCHEMA
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.cluster.test_loading_faults import move, named, whole, writing
from tests.contract.catalogue import image
from tests.contract.engine import START, HandClock, expected


async def ready(writer: OpenSearchWriter, name: str) -> OpenSearchBuild:
    """Build a generation up to its publish."""
    build = await writer.begin(name, await writer.served())
    await build.add([store(image("a"))])
    await build.seal(Companions())
    await build.verify(expected([image("a")]))
    return build


async def indices(place: Place) -> set[str]:
    path = quoted(place.names.all, "_mapping")
    return set(entries(await place.client.request("GET", path, params={"expand_wildcards": "all"})))


def broken(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


def turned_away(_: web.Request) -> None:
    raise web.HTTPServiceUnavailable


def not_confirmed(_: web.Request) -> None:
    raise web.HTTPOk(text='{"acknowledged":false}', content_type="application/json")


@pytest.mark.parametrize("first", [True, False], ids=["the first publish", "a later one"])
@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        pytest.param(broken, EngineUnavailable, id="the connection breaks"),
        pytest.param(turned_away, EngineUnavailable, id="a proxy answers 503"),
        pytest.param(not_confirmed, EngineTimeout, id="the cluster does not confirm it"),
    ],
)
async def test_case_29_what_the_cluster_may_still_come_to_serve_is_not_deleted(
    place: Place, answer: Callable[[web.Request], None], failure: type[EngineError], first: bool
) -> None:
    late: list[bytes] = []

    async def hold(request: web.Request) -> None:
        if request.path == "/_aliases":
            late.append(await request.read())
            answer(request)
            raise web.HTTPBadGateway

    before = None if first else named(place, 1)
    async with writing(place) as writer:
        if before is not None:
            await whole([image("a")], writer, before)
    async with passing(place.url, hold) as url, writing(place, url=url) as writer:
        build = await ready(writer, named(place, 2))
        with pytest.raises(failure):
            await build.publish()
        await build.discard()
        assert await writer.served() == before
        assert build.generation in await indices(place)
        # Only now the cluster does what it was asked for.
        await place.client.request("POST", "/_aliases", body=late[0])
        assert await writer.served() == build.generation


async def test_case_29_what_was_served_goes_only_once_the_cluster_is_seen_to_serve_what_follows(
    place: Place,
) -> None:
    """The answer to the swap is lost on its way."""
    hand = HandClock()
    first, second, third = (named(place, term) for term in (1, 2, 3))
    lost: list[str] = []
    deleted: dict[str, set[str]] = {}

    async def lose(request: web.Request) -> None:
        if request.path == "/_aliases" and not lost:
            await place.client.request("POST", "/_aliases", body=await request.read())
            lost.append(request.path)
            broken(request)
            raise web.HTTPBadGateway
        if request.method == "DELETE":
            deleted[request.path.strip("/")] = set(
                entries(await place.client.request("GET", quoted(place.names.served, "_mapping")))
            )

    async with writing(place, clock=hand.clock) as writer:
        await whole([image("a")], writer, first)
        await whole([image("b")], writer, second)
    hand.move(3600)
    async with passing(place.url, lose) as url, writing(place, url=url, clock=hand.clock) as writer:
        await whole([image("c")], writer, third)
        assert await writer.served() == third
    assert lost
    assert deleted == {first: {third}}, "what is retired goes, and nothing before the swap is seen"
    assert {second, third} <= await indices(place)


async def test_what_stayed_in_doubt_does_not_hinder_the_next(place: Place) -> None:
    async def lose(request: web.Request) -> None:
        if request.path == "/_aliases":
            raise web.HTTPBadGateway

    async with passing(place.url, lose) as url, writing(place, url=url) as writer:
        build = await ready(writer, named(place, 1, "aaaaaa"))
        with pytest.raises(EngineUnavailable):
            await build.publish()
        await build.discard()
    async with writing(place) as writer:
        await whole([image("a")], writer, named(place, 1, "bbbbbb"))
        assert await writer.served() == named(place, 1, "bbbbbb")


async def test_what_is_discarded_while_the_alias_is_asked_for_waits_for_the_answer(place: Place) -> None:
    """Nobody waits for the publish any more, but the cluster does what it was asked for."""
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> None:
        if request.path == "/_aliases":
            asked.set()
            await goes_on.wait()

    async with passing(place.url, hold) as url, writing(place, url=url) as writer:
        build = await ready(writer, named(place, 1))
        publishing = asyncio.create_task(build.publish())
        await asked.wait()
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing
        discarding = asyncio.create_task(build.discard())
        # Time enough to ask the cluster something, if it did not wait.
        for _ in range(3):
            await place.client.request("GET", "/")
        assert not discarding.done()
        goes_on.set()
        await discarding
        assert await writer.served() == build.generation
        assert build.generation in await indices(place)


async def test_a_document_that_comes_after_the_seal_is_refused(place: Place) -> None:
    """A request that was on its way for long: what was counted must be what is served."""
    async with writing(place) as writer:
        build = await writer.begin(named(place, 1), None)
        await build.add([store(image("a"))])
        await build.seal(Companions())
        late = b'{"index":{"_id":"late"}}\n{}\n'
        reply = await place.client.request("POST", quoted(build.generation, "_bulk"), body=late)
        (item,) = items(reply, "items")
        assert part(item, "index", "status") == 403
        assert part(item, "index", "error", "type") == "cluster_block_exception"
        await build.verify(expected([image("a")]))
        await build.publish()
        assert await writer.served() == build.generation


async def test_what_another_hand_serves_is_not_discarded(place: Place) -> None:
    first = named(place, 1)
    async with writing(place) as writer:
        await whole([image("a")], writer, first)
        build = await ready(writer, named(place, 2))
        await move(place, first, build.generation)
        await build.discard()
        assert await writer.served() == build.generation
        assert build.generation in await indices(place)


async def test_a_refused_publish_leaves_nothing(place: Place) -> None:
    """The first publish of another comes in between: the alias is not where it must be taken off."""

    async def before(request: web.Request) -> None:
        if request.path == "/_aliases":
            await move(place, place.names.lease, other)

    other = named(place, 2, "bbbbbb")
    async with passing(place.url, before) as url, writing(place, url=url) as writer:
        build = await ready(writer, named(place, 2))
        meta = Meta(build.meta.installation, other, SCHEMA, published=START)
        await create_index(place.client, meta, shards=1)
        with pytest.raises(Superseded, match=f"planned on nothing, but {other} is served now"):
            await build.publish()
        await build.discard()
        assert await writer.served() == other
        assert build.generation not in await indices(place)


async def test_an_index_that_was_removed_is_superseded(place: Place) -> None:
    async with writing(place) as writer:
        build = await ready(writer, named(place))
        await place.client.request("DELETE", quoted(build.generation))
        with pytest.raises(Superseded, match=f"{build.generation} was deleted before"):
            await build.publish()
        await build.discard()
        assert await writer.served() is None

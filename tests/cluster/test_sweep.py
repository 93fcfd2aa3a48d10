"""What builds leave that broke off goes, and nothing that only looks alike: other names, other installations,
higher terms, what is served.
"""

import asyncio
from datetime import timedelta

import orjson
import pytest

from engines.base import Superseded
from engines.generation import Generation
from engines.opensearch.client import quoted
from engines.opensearch.creation import create_index, write_meta
from engines.opensearch.installation import installation
from engines.opensearch.lease import take_lease
from engines.opensearch.meta import Meta
from engines.opensearch.sweep import sweep
from mappings.schema import SCHEMA
from tests.cluster.conftest import Place
from tests.cluster.test_loading_faults import move, named, whole, writing
from tests.cluster.test_publishing_in_doubt import indices, ready
from tests.contract.catalogue import image
from tests.contract.engine import START, HandClock

ELSEWHERE = "ab" * 16


async def left(place: Place, name: str, *, by: str, published: bool = False) -> str:
    """Make what a build leaves that broke off."""
    meta = Meta(by, name, SCHEMA)
    await create_index(place.client, meta, shards=1)
    if published:
        await write_meta(place.client, Meta(by, name, SCHEMA, published=START))
    return name


async def own(place: Place) -> str:
    identity = await installation(place.client, place.names, create=True)
    assert identity is not None
    return identity


async def test_what_broke_off_goes_when_the_right_to_write_is_taken(place: Place) -> None:
    async with writing(place) as writer:
        await whole([image("a")], writer, named(place, 1))
    gone = {
        await left(place, named(place, 2, "aaaaaa"), by=await own(place)),
        await left(place, named(place, 3, "bbbbbb"), by=await own(place), published=True),
    }
    async with writing(place) as writer:
        assert gone.isdisjoint(await indices(place))
        assert await writer.served() == named(place, 1)
        assert await writer.term("a run") == 2


async def test_what_was_never_served_goes_before_the_first_publish_too(place: Place) -> None:
    name = await left(place, named(place, 1), by=await own(place), published=True)
    async with writing(place) as writer:
        assert name not in await indices(place)
        assert await writer.served() is None


async def test_what_only_looks_alike_stays(place: Place) -> None:
    async with writing(place) as writer:
        await whole([image("a")], writer, named(place, 1))
    prefix, identity = place.names.prefix, await own(place)
    name = named(place, 4, "aaaaaa")
    stays = {
        await left(place, name, by=ELSEWHERE),
        await left(place, named(place, 4, "bbbbbb"), by=ELSEWHERE, published=True),
        await left(place, named(place, 9, "cccccc"), by=identity),
        await left(place, named(place, 9, "dddddd"), by=identity, published=True),
        await left(place, f"{prefix}-other-{name.removeprefix(f'{prefix}-')}", by=identity),
        await left(place, f"{name}x", by=identity),
        await left(place, f"{prefix}-notes", by=identity),
        named(place, 1),
    }
    for index in (plain := named(place, 4, "eeeeee"), strange := named(place, 4, "ffffff")):
        await place.client.request("PUT", quoted(index))
        stays.add(index)
    mapped = orjson.dumps({"_meta": {"installation": 7, "generation": strange}})
    await place.client.request("PUT", quoted(strange, "_mapping"), body=mapped)
    goes = await left(place, named(place, 4, "999999"), by=identity)
    await sweep(place.client, place.names, identity, building=(), begun=(), below=9)
    there = await indices(place)
    assert stays <= there
    assert goes not in there
    await sweep(place.client, place.names, identity, building=(), begun=(plain,), below=9)
    assert plain not in await indices(place)
    assert stays - {plain} <= await indices(place)


async def test_a_copy_costs_nobody_the_original(place: Place) -> None:
    """A clone or a restored snapshot tells of the generation that it was made of, here before its publish."""
    originals = {named(place, 1), named(place, 2)}
    copies = {named(place, 3, "aaaaaa"): named(place, 1), named(place, 3, "bbbbbb"): named(place, 2)}
    async with writing(place) as writer:
        for original in sorted(originals):
            await whole([image("a")], writer, original)
        for copy, original in copies.items():
            mappings = {"_meta": Meta(await own(place), original, SCHEMA).as_json()}
            await place.client.request("PUT", quoted(copy), body=orjson.dumps({"mappings": mappings}))
        await writer.begin(named(place, 4), named(place, 2))
        assert originals | set(copies) <= await indices(place)


async def test_what_the_cluster_comes_to_serve_meanwhile_stays(place: Place) -> None:
    """The alias that a writer asked for before it ended moves between the look and the deletion."""
    async with writing(place) as writer:
        await whole([image("a")], writer, named(place, 1))
    late = await left(place, named(place, 2), by=await own(place), published=True)
    moved = orjson.dumps(
        {
            "actions": [
                {"remove": {"index": named(place, 1), "alias": place.names.served, "must_exist": True}},
                {"add": {"index": late, "alias": place.names.served}},
            ]
        }
    )

    class Late:
        """A client before which the cluster does what it was asked for, just as it is to delete."""

        async def request(self, method: str, path: str, **given: object) -> object:
            if path == "/_aliases":
                await place.client.request("POST", "/_aliases", body=moved)
            return await place.client.request(method, path, **given)  # type: ignore[arg-type]

    await sweep(Late(), place.names, await own(place), building=(), begun=(), below=9)  # type: ignore[arg-type]
    assert {late, named(place, 1)} <= await indices(place)


@pytest.mark.parametrize("first", [True, False], ids=["the first publish", "a later one"])
async def test_what_a_writer_that_stood_still_publishes_meanwhile_stays(place: Place, *, first: bool) -> None:
    """It had the right to write when it began to publish, and goes on while the next one deletes."""
    async with writing(place) as writer:
        if not first:
            await whole([image("a")], writer, named(place, 1))
    async with writing(place, clock=HandClock().clock) as still:
        build = await ready(still, named(place, 2))
        publishing: list[asyncio.Task[None]] = []

        class Late:
            """A client before which the other publishes, just as it is to delete."""

            async def request(self, method: str, path: str, **given: object) -> object:
                if (path == "/_aliases" or method == "DELETE") and not publishing:
                    publishing.append(asyncio.create_task(build.publish()))
                    await publishing[0]
                return await place.client.request(method, path, **given)  # type: ignore[arg-type]

        await sweep(Late(), place.names, await own(place), building=(), begun=(), below=9)  # type: ignore[arg-type]
        assert publishing
        assert await still.served() == build.generation
        assert build.generation in await indices(place)


async def test_who_lost_the_right_to_write_sweeps_nothing(place: Place) -> None:
    hand = HandClock()
    async with writing(place) as writer:
        build = await ready(writer, named(place, 1))
        path = quoted(place.names.lease, "_doc", "writer")
        await place.client.request("DELETE", path)
        lease = await take_lease(place.client, place.names, hand.clock, "second")
        other = await left(place, named(place, 2, "bbbbbb"), by=await own(place))
        with pytest.raises(Superseded, match="the right to write was lost"):
            await writer.begin(Generation(place.names.prefix, SCHEMA, 3, START, "cccccc").name, None)
        with pytest.raises(Superseded, match="the right to write was lost"):
            await writer.term("a run")
        assert {other, build.generation} <= await indices(place)
        await lease.release()


async def test_terms_grow_whatever_becomes_of_runs_and_of_the_lease(place: Place) -> None:
    terms: list[int] = []
    async with writing(place) as writer:
        terms += [await writer.term("one"), await writer.term("two")]
        await whole([image("a")], writer, named(place, terms[-1]))
    async with writing(place) as writer:
        terms.append(await writer.term("three"))
    await place.client.request("DELETE", quoted(place.names.lease, "_doc", "writer"))
    async with writing(place) as writer:
        terms.append(await writer.term("four"))
        assert terms[-1] > terms[1]
        assert terms[:3] == sorted(set(terms[:3]))
        await writer.begin(
            Generation(place.names.prefix, SCHEMA, 40, START + timedelta(1), "dddddd").name,
            named(place, terms[1]),
        )
        assert await writer.term("five") > 40


async def test_a_generation_that_another_hand_serves_stays(place: Place) -> None:
    async with writing(place) as writer:
        await whole([image("a")], writer, named(place, 1))
        await whole([image("a")], writer, named(place, 2))
    await move(place, named(place, 2), named(place, 1))
    await move(place, named(place, 1), named(place, 2))
    async with writing(place) as writer:
        assert await writer.served() == named(place, 2)
        assert {named(place, 1), named(place, 2)} <= await indices(place)

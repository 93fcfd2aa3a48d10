"""A generation that begins as a clone of the one served: when it may, and that it equals one built whole."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest

from engines.base import Companions, GenerationRejected
from engines.clock import system_clock
from engines.opensearch.build import OpenSearchBuild
from engines.opensearch.client import Cluster, quoted
from engines.opensearch.clone import DEEPEST, unfit
from engines.opensearch.creation import write_meta
from engines.opensearch.entry import entry
from engines.opensearch.lease import take_lease
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.reply import part
from engines.opensearch.served import kept, served
from engines.opensearch.writer import OpenSearchWriter
from engines.query import Answer, FieldFacet, Query
from mappings.document import Document, Stored, store, told_body, told_digest
from mappings.filter import Condition, Operator
from tests.cluster.conftest import Place
from tests.cluster.test_loading_faults import named, whole, writing
from tests.contract.catalogue import ask, image
from tests.contract.engine import expected

VERSION = "3.8.0"
PLATFORMS = ("Ubuntu", "Debian", "EulerOS")
BEFORE = [image(f"i{number:03}", platform=PLATFORMS[number % 3]) for number in range(60)]
FLAVORS = Companions(flavors=({"id": "s6.small", "cloud": "huawei", "region": "cn-north-4"},))
MANY = Companions(flavors=tuple({"id": f"f{number}", "about": "x" * 500_000} for number in range(6)))

CHANGED = [
    replace(BEFORE[7], fields={**BEFORE[7].fields, "platform": "CentOS", "name": "seven"}),
    image("i007a", platform="Rocky", derived=("platform",)),
    image("i999" + "x" * 600, platform="Ubuntu"),
]
REMOVED = [BEFORE[3], BEFORE[58]]
AFTER = sorted(
    [
        one
        for one in (*BEFORE, *CHANGED)
        if one not in REMOVED and (one in CHANGED or one.key not in {other.key for other in CHANGED})
    ],
    key=lambda one: one.key,
)


def stored(documents: Sequence[Document]) -> list[Stored]:
    return [store(one) for one in sorted(documents, key=lambda one: one.key)]


async def amending(writer: OpenSearchWriter, name: str) -> OpenSearchBuild:
    build = await writer.amend(name, str(await writer.served()))
    assert build is not None
    return build


async def amended(writer: OpenSearchWriter, name: str, companions: Companions = FLAVORS) -> OpenSearchBuild:
    """Write the difference between the two catalogues to a clone, and seal it."""
    build = await amending(writer, name)
    await build.add(stored(CHANGED))
    await build.remove([one.key for one in REMOVED])
    await build.seal(companions)
    return build


async def all_of(writer: OpenSearchWriter, name: str) -> list[Stored]:
    return [one async for batch in writer.documents(name) for one in batch]


async def answers(place: Place) -> list[Answer]:
    readers = OpenSearchReaders(Cluster((place.url,)), prefix=place.names.prefix, clock=system_clock())
    platform = Condition("platform", Operator.IN, ("Ubuntu", "CentOS"))
    facets = (FieldFacet("platform"), FieldFacet("os_type"))
    try:
        reader = await readers.served()
        return [
            replace(await ask(reader, query), generation="")
            for query in (
                Query(limit=100, facets=facets),
                Query(limit=100, filter=platform, facets=facets),
                Query(limit=100, text=(Condition("name", Operator.MATCH, ("seven",)),)),
            )
        ]
    finally:
        await readers.close()


@asynccontextmanager
async def begun(place: Place, companions: Companions = FLAVORS) -> AsyncIterator[OpenSearchWriter]:
    """Publish the catalogue as it was before."""
    async with writing(place) as writer:
        build = await writer.begin(named(place), None)
        await build.add(stored(BEFORE))
        await build.seal(companions)
        await build.verify(expected(BEFORE))
        await build.publish()
        yield writer


@pytest.mark.parametrize(
    ("first", "second"), [(FLAVORS, MANY), (MANY, FLAVORS)], ids=["more companions", "fewer companions"]
)
async def test_a_clone_equals_what_is_built_whole(
    place: Place, first: Companions, second: Companions
) -> None:
    async with begun(place, first) as writer:
        build = await amended(writer, named(place, 2), second)
        await build.verify(expected(AFTER))
        assert len(await all_of(writer, named(place, 1))) == len(BEFORE), "what is served is left alone"
        await build.publish()
        cloned = await all_of(writer, named(place, 2)), await answers(place)
        assert await writer.companions(named(place, 2)) == second
        sealed = (await kept(place.client, place.names, named(place, 2))).sealed
        await whole(AFTER, writer, named(place, 3))
        assert cloned == (await all_of(writer, named(place, 3)), await answers(place))
        anew = (await kept(place.client, place.names, named(place, 3))).sealed
        assert sealed is not None
        assert anew is not None
        assert replace(sealed, companions=0) == replace(anew, companions=0)


async def test_a_clone_is_sealed_like_any_generation_and_can_be_cloned_again(place: Place) -> None:
    async with begun(place) as writer:
        build = await amended(writer, named(place, 2))
        await build.verify(expected(AFTER))
        await build.publish()
        settings = part(
            await place.client.request("GET", quoted(named(place, 2))), named(place, 2), "settings", "index"
        )
        assert part(settings, "blocks", "write") == "true"
        assert (part(settings, "hidden"), part(settings, "refresh_interval")) == ("true", "-1")
        meta = await served(place.client, place.names)
        assert meta is not None
        assert (meta.generation, meta.clones) == (named(place, 2), 1)
        again = await amending(writer, named(place, 3))
        await again.seal(FLAVORS)
        await again.verify(expected(AFTER))
        await again.publish()
        assert await all_of(writer, named(place, 3)) == stored(AFTER)


async def test_outlines_tell_whether_a_document_is_as_it_was(place: Place) -> None:
    long = image("long", scopes=tuple(f"prod/cn-north-4/{number:032}/private" for number in range(200)))
    documents = sorted([*BEFORE, long], key=lambda one: one.key)
    async with writing(place) as writer:
        await whole(documents, writer, named(place))
        outlined = await writer.outlined(named(place))
        assert outlined is not None
        found = [one async for batch in outlined.outlines() for one in batch]
        assert [one.key for one in found] == [one.key for one in documents]
        for one, document in zip(found, stored(documents), strict=True):
            assert one.told == told_digest(told_body(orjson.loads(document.body)), document.raw)
            assert one.internal == (None if document.key == long.key else document.internal)
        keys = [documents[5].key, long.key]
        read = {each.key: each for each in await outlined.documents(keys)}
        assert read == {each.key: each for each in stored([documents[5], long])}


async def rejected(writer: OpenSearchWriter, build: OpenSearchBuild, match: str) -> None:
    with pytest.raises(GenerationRejected, match=match):
        await build.verify(expected(AFTER))
    await build.discard()
    assert await writer.served() != build.generation


async def test_a_clone_that_is_not_what_was_planned_is_rejected(place: Place) -> None:
    async with begun(place) as writer:
        build = await amending(writer, named(place, 2))
        await build.add(stored(CHANGED))
        await build.remove([REMOVED[0].key])
        await build.seal(FLAVORS)
        await rejected(writer, build, "61 documents instead of 60")
        # One that should have gone stays, one that should have stayed goes.
        build = await amending(writer, named(place, 3))
        await build.add(stored(CHANGED))
        await build.remove([REMOVED[0].key, BEFORE[30].key])
        await build.seal(FLAVORS)
        await build.verify(expected(AFTER))


async def test_what_was_changed_behind_our_back_in_the_rest_is_found(place: Place) -> None:
    async with begun(place) as writer:
        build = await amending(writer, named(place, 2))
        await build.add(stored(CHANGED))
        await build.remove([one.key for one in REMOVED])
        other = replace(BEFORE[20], fields={**BEFORE[20].fields, "platform": "Other"})
        path = quoted(named(place, 2), "_doc", other.key)
        await place.client.request("PUT", path, body=entry(store(other)))
        await build.seal(FLAVORS)
        await rejected(writer, build, "is not what was added")


async def why(place: Place, *, shards: int = 1, version: str = VERSION) -> str | None:
    meta = await served(place.client, place.names)
    assert meta is not None
    return await unfit(place.client, meta, shards=shards, version=version)


async def set_index(place: Place, **settings: object) -> None:
    body = orjson.dumps({"index": settings})
    await place.client.request("PUT", quoted(named(place), "_settings"), body=body)


async def test_health_that_is_not_green(place: Place) -> None:
    async with begun(place):
        assert await why(place) is None
        await set_index(place, number_of_replicas=3)
        assert await why(place) == "its health is yellow"


async def test_another_number_of_shards_by_setting(place: Place) -> None:
    async with begun(place):
        assert await why(place, shards=2) == "it has 1 shards, 2 are wanted"
    async with writing(place, shards=2) as writer:
        assert await writer.amend(named(place, 2), named(place)) is None
        await whole(BEFORE, writer, named(place, 2))
        assert await why(place, shards=2) is None


async def test_another_major_version_made_it(place: Place) -> None:
    async with begun(place):
        assert await why(place, version="4.0.1") == "OpenSearch 3.8.0 made it, and the cluster is 4.0.1"
        assert await why(place, version="3.11.0") is None


async def test_another_schema(place: Place) -> None:
    async with begun(place):
        meta = await served(place.client, place.names)
        assert meta is not None
        for other in (replace(meta, schema="00000000"), replace(meta, clones=None)):
            assert await unfit(place.client, other, shards=1, version=VERSION) == "another version wrote it"


async def test_a_mapping_or_block_that_somebody_changed(place: Place) -> None:
    async with begun(place):
        await set_index(place, **{"blocks.write": False})
        assert await why(place) == "its write block was taken off"
        await set_index(place, **{"blocks.write": True})
        body = orjson.dumps({"properties": {"of_others": {"type": "keyword"}}})
        await place.client.request("PUT", quoted(named(place), "_mapping"), body=body)
        assert await why(place) == "its mapping is another"


async def test_so_many_clones_deep(place: Place) -> None:
    async with begun(place) as writer:
        meta = await served(place.client, place.names)
        assert meta is not None
        await write_meta(place.client, replace(meta, clones=DEEPEST - 1))
        build = await amending(writer, named(place, 2))
        await build.seal(FLAVORS)
        await build.verify(expected(BEFORE))
        await build.publish()
        assert await why(place) == "it is 20 clones away from one that was built whole"
        assert await writer.amend(named(place, 3), named(place, 2)) is None


async def test_so_much_deleted(place: Place) -> None:
    async with begun(place) as writer:
        build = await amending(writer, named(place, 2))
        gone = {one.key for one in BEFORE[:20]}
        await build.remove(sorted(gone))
        await build.seal(FLAVORS)
        await build.verify(expected(BEFORE[20:]))
        await build.publish()
        assert "documents are deleted" in str(await why(place))
        assert await writer.amend(named(place, 3), named(place, 2)) is None


async def test_a_clone_whose_making_broke_off_is_swept(place: Place) -> None:
    """The process ended before the clone bore its own name."""
    async with begun(place):
        pass
    lease = await take_lease(place.client, place.names, system_clock(), "a process")
    await lease.begin_build(named(place, 2))
    await lease.release()
    await place.client.request("PUT", quoted(named(place), "_clone", named(place, 2)))
    async with writing(place) as writer:
        there = await place.client.request("GET", quoted(place.names.all), params={"expand_wildcards": "all"})
        assert isinstance(there, dict)
        assert named(place, 2) not in there
        assert await writer.served() == named(place)


async def test_a_clone_that_is_given_up_leaves_nothing(place: Place) -> None:
    async with begun(place) as writer:
        build = await amended(writer, named(place, 2))
        await build.discard()
        there = await place.client.request("GET", quoted(place.names.all), params={"expand_wildcards": "all"})
        assert isinstance(there, dict)
        assert named(place, 2) not in there
        assert await all_of(writer, named(place)) == stored(BEFORE)

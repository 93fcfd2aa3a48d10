"""Generations: built unseen, published at once, kept for one cycle."""

import asyncio

import pytest

from engines.base import (
    Companions,
    Expected,
    ForeignGeneration,
    GenerationGone,
    GenerationRejected,
    NothingServed,
    Readers,
    Superseded,
    WriterBusy,
)
from engines.generation import Generation, parse_generation
from engines.query import Query
from mappings.document import restore, stamp, store
from mappings.schema import SCHEMA
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import START, Engine, expected, passing, publish, publish_once, reading, writing

A, B, C = image("a"), image("b"), image("c")


async def test_before_the_first_publish_nothing_is_served(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        assert await writer.served() is None
        with pytest.raises(NothingServed):
            await readers.served()


async def test_what_is_published_is_served(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        generation = await publish(engine, writer, [A, B])
        engine.hand.move(1)
        reader = await readers.served()
        assert await writer.served() == reader.generation == generation
        assert (await ask(reader, Query())).generation == generation
        assert parse_generation(generation).schema == SCHEMA


async def test_a_build_is_not_seen_before_it_is_published(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, [A])
        build = await writer.begin(engine.next_name(), first)
        await build.add([store(A), store(B)])
        await build.seal(Companions())
        engine.hand.move(1)
        assert (await readers.served()).generation == await writer.served() == first
        with pytest.raises(GenerationGone):
            await readers.named(build.generation)
        await build.discard()


async def test_of_two_plans_on_one_generation_the_second_is_superseded(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, [A])
        builds = [await writer.begin(engine.next_name(), first) for _ in range(2)]
        for build, document in zip(builds, (B, C), strict=True):
            await build.add([store(document)])
            await build.seal(Companions())
            await build.verify(expected([document]))
        await builds[0].publish()
        with pytest.raises(Superseded, match=first):
            await builds[1].publish()
        await builds[1].discard()
        assert ids(await ask(await readers.served(), Query())) == ["b"]


async def test_a_plan_on_nothing_does_not_replace_what_is_served(engine: Engine) -> None:
    async with writing(engine) as writer:
        first = await publish(engine, writer, [A])
        build = await writer.begin(engine.next_name(), None)
        await build.seal(Companions())
        await build.verify(expected([]))
        with pytest.raises(Superseded):
            await build.publish()
        await build.discard()
        assert await writer.served() == first


async def test_a_request_keeps_the_reader_it_began_with(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        await publish(engine, writer, [A])
        old = await readers.served()
        for document in (B, C):
            generation = await publish(engine, writer, [document])
            engine.hand.move(1)
            await taken_over(readers, generation)
        assert ids(await ask(old, Query())) == ["a"]


async def taken_over(readers: Readers, generation: str) -> None:
    """Let the loop run until a generation has been taken over."""
    async with asyncio.timeout(30):
        while True:
            if (await readers.served()).generation == generation:
                return
            await asyncio.sleep(0)


async def test_the_previous_generation_is_kept_for_cursors(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first, second = [await publish(engine, writer, [each]) for each in (A, B)]
        assert (await readers.served()).generation == second
        assert ids(await ask(await readers.named(first), Query())) == ["a"]
        assert ids(await ask(await readers.named(second), Query())) == ["b"]


async def test_a_generation_can_be_named_before_it_was_taken_over(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, [A])
        assert (await readers.served()).generation == first
        second = await publish(engine, writer, [B])
        assert ids(await ask(await readers.named(second), Query())) == ["b"]
        assert (await readers.served()).generation == first


async def test_older_generations_are_gone(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, [A])
        second = await publish(engine, writer, [B])
        # An engine may keep one for those who began on it; after ten minutes there is nobody left.
        engine.hand.move(600)
        await publish(engine, writer, [C])
        with pytest.raises(GenerationGone):
            await readers.named(first)
        assert (await readers.named(second)).generation == second
        with pytest.raises(GenerationGone):
            [_ async for _ in writer.documents(first)]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "ims-catalog", "ims-catalog-0-1-2-3"])
async def test_what_is_no_generation_is_gone(engine: Engine, name: str) -> None:
    await publish_once(engine, [A])
    async with reading(engine) as readers:
        with pytest.raises(GenerationGone):
            await readers.named(name)


async def test_at_most_one_writes(engine: Engine) -> None:
    async with writing(engine), passing(engine.hand):
        with pytest.raises(WriterBusy):
            await engine.writer()
    async with writing(engine) as writer:
        assert await writer.served() is None


async def test_documents_stream_by_ascending_key_as_they_were_added(engine: Engine) -> None:
    images = [
        image(f"i{n:05}", view=view, min_disk=n, extra={"n": str(n)}, derived=("min_disk",))
        for n in range(1200)
        for view in ("own", "public")
    ]
    async with writing(engine) as writer:
        generation = await publish(engine, writer, images)
        streamed = [stored async for batch in writer.documents(generation) for stored in batch]
    assert [stored.key for stored in streamed] == sorted(each.key for each in images)
    assert {stored.digest for stored in streamed} == {store(each).digest for each in images}
    assert restore(streamed[0]) == images[0]


async def test_companions_come_back_as_they_were(engine: Engine) -> None:
    companions = Companions(({"cloud": "huawei", "name": "s6"},), ({"cloud": "huawei", "platform": "授权"},))
    async with writing(engine) as writer, reading(engine) as readers:
        generation = await publish(engine, writer, [A], companions)
        assert await writer.companions(generation) == companions
        assert await (await readers.served()).companions() == companions


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Expected(3, {"prod/cn-north-4/gold": 2}), id="another number of documents"),
        pytest.param(Expected(2, {"prod/cn-north-4/gold": 1}), id="another number in a scope"),
        pytest.param(Expected(2, {}), id="a scope that was not planned"),
        pytest.param(Expected(2, {"prod/cn-north-4/gold": 2, "x": 1}), id="a scope that is missing"),
    ],
)
async def test_what_differs_from_the_plan_is_rejected(engine: Engine, wrong: Expected) -> None:
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        await build.add([store(A), store(B)])
        await build.seal(Companions())
        with pytest.raises(GenerationRejected):
            await build.verify(wrong)
        await build.discard()
        assert await writer.served() is None


async def test_keys_must_ascend(engine: Engine) -> None:
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        await build.add([store(A), store(C)])
        with pytest.raises(ValueError, match="ascend"):
            await build.add([store(B)])
        await build.discard()


@pytest.mark.parametrize("name", ["tags", "scopes", "derived"])
async def test_one_value_where_many_are_wanted_is_refused_by_name(engine: Engine, name: str) -> None:
    one: dict[str, object] = {name: "env=prod"}
    wrong = stamp(store(A), {}, one) if name == "scopes" else stamp(store(A), one, {})
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        with pytest.raises(ValueError, match=name):
            await build.add([wrong])
        await build.discard()


@pytest.mark.parametrize("sealed", [True, False])
async def test_what_was_not_verified_is_not_published(engine: Engine, sealed: bool) -> None:
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        await build.add([store(A)])
        if sealed:
            await build.seal(Companions())
        with pytest.raises(ValueError, match="verified" if sealed else "sealed"):
            await build.publish()
        await build.discard()
        assert await writer.served() is None


async def test_what_was_rejected_is_not_published(engine: Engine) -> None:
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        await build.add([store(A)])
        await build.seal(Companions())
        with pytest.raises(GenerationRejected):
            await build.verify(expected([B, C]))
        with pytest.raises(ValueError, match="verified"):
            await build.publish()
        await build.discard()


@pytest.mark.parametrize(
    ("other", "schema"),
    [
        pytest.param("", "00000000", id="another schema"),
        pytest.param("-other", SCHEMA, id="another prefix"),
    ],
)
async def test_a_writer_builds_its_own_generations_only(engine: Engine, other: str, schema: str) -> None:
    name = Generation(f"{engine.prefix}{other}", schema, 1, START, "abcdef").name
    async with writing(engine) as writer:
        with pytest.raises(ForeignGeneration):
            await writer.begin(name, None)


async def test_discarding_what_was_published_does_nothing(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        build = await writer.begin(engine.next_name(), None)
        await build.add([store(A)])
        await build.seal(Companions())
        await build.verify(expected([A]))
        await build.publish()
        await build.discard()
        assert ids(await ask(await readers.served(), Query())) == ["a"]

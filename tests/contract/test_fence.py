"""What another run was about to publish: served now, or never."""

import pytest

from engines.base import Build, Companions, EngineError, Writer
from mappings.document import store
from tests.contract.catalogue import image
from tests.contract.engine import Engine, expected, publish, publish_once, writing


async def built(engine: Engine, writer: Writer) -> Build:
    """A generation that nothing but its publish is missing to."""
    build = await writer.begin(engine.next_name(), await writer.served())
    await build.add([store(image("a"))])
    await build.seal(Companions())
    await build.verify(expected([image("a")]))
    return build


async def test_what_is_served_stays(engine: Engine) -> None:
    first = await publish_once(engine, [image("a")])
    async with writing(engine) as writer:
        second = await publish(engine, writer, [image("b")])
        assert await writer.fence(second)
        assert not await writer.fence(first), "its place was taken"
        assert await writer.served() == second
        assert [len(batch) async for batch in writer.documents(first)] == [1], "and it is kept for a cycle"


@pytest.mark.parametrize("before", [True, False], ids=["a catalogue before it", "the very first"])
async def test_what_is_not_served_never_will_be(engine: Engine, before: bool) -> None:
    first = await publish_once(engine, [image("b")]) if before else None
    async with writing(engine) as writer:
        build = await built(engine, writer)
        assert not await writer.fence(build.generation)
        with pytest.raises(EngineError):
            await build.publish()
        await build.discard()
        assert await writer.served() == first
        assert not await writer.fence(build.generation), "however often it is asked"
    async with writing(engine) as writer:
        second = await publish(engine, writer, [image("c")])
        assert await writer.served() == second


async def test_what_was_never_begun_is_not_served(engine: Engine) -> None:
    only = await publish_once(engine, [image("a")])
    async with writing(engine) as writer:
        assert not await writer.fence(engine.next_name())
        assert await writer.served() == only

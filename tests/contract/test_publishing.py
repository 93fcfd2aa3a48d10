"""Publishing while others search: no request fails, each answer is of one generation, no reader goes back."""

import asyncio
from contextlib import suppress

import pytest

from engines.base import Companions, Readers, Writer
from engines.clock import Clock, system_clock
from engines.query import FieldFacet, Query
from mappings.document import Document, store
from tests.contract.catalogue import ask, image
from tests.contract.engine import Engine, expected, writing
from tests.soak import SOAKING

PUBLISHES = 100
SEARCHERS = 16

BUILDING_SECONDS = 0.0 if SOAKING else 0.25
"""Between two searches of a searcher while a generation is built: nothing that it could see happens then."""

PUBLISHING_SECONDS = 0.0 if SOAKING else 0.05
"""Between two while one is published, so that publishing has its turn on the loop that all share."""

QUERY = Query(facets=(FieldFacet("min_disk"),))


def numbered(number: int) -> list[Document]:
    """A generation whose images all bear its number, and of which there are so many more."""
    return [image(f"i{each:03}", min_disk=number) for each in range(number + 1)]


@pytest.mark.timeout(600)
async def test_case_30_publishing_while_others_search(engine: Engine) -> None:
    # Readers look for news a hundred times as often as they would.
    real, publishing = system_clock(), asyncio.Event()
    readers = engine.readers_at(Clock(real.now, lambda: real.monotonic() * 100, real.sleep))
    try:
        async with writing(engine) as writer:
            await _publish(engine, writer, 0, publishing)
            searchers = [asyncio.create_task(_search_on(readers, publishing)) for _ in range(SEARCHERS)]
            for number in range(1, PUBLISHES + 1):
                await _publish(engine, writer, number, publishing)
                # What is retired is deleted under the searches too.
                engine.hand.move(60)
                broken = [task for task in searchers if task.done() and task.exception()]
                assert not broken, broken[0].exception()
            all_seen = await asyncio.gather(*searchers)
            for seen in all_seen:
                assert seen == sorted(set(seen))
                assert (seen[0], seen[-1]) == (0, PUBLISHES)
            # Hardly one came and went between the searches of all.
            assert len(set().union(*all_seen)) > 0.9 * PUBLISHES
    finally:
        await readers.close()


async def _publish(engine: Engine, writer: Writer, number: int, publishing: asyncio.Event) -> None:
    documents = numbered(number)
    build = await writer.begin(engine.next_name(), await writer.served())
    await build.add([store(document) for document in documents])
    await build.seal(Companions())
    await build.verify(expected(documents))
    publishing.set()
    try:
        await build.publish()
    finally:
        publishing.clear()


async def _search_on(readers: Readers, publishing: asyncio.Event) -> list[int]:
    """Search until the last generation is seen; give the generations seen, one after the other."""
    seen: list[int] = []
    while not seen or seen[-1] != PUBLISHES:
        answer = await ask(await readers.served(), QUERY)
        (bucket,) = answer.facets["min_disk"].buckets
        number = int(bucket.value)
        assert answer.total == bucket.count == number + 1
        assert len(answer.hits) == min(answer.total, QUERY.limit)
        assert all(f'"min_disk":{number},' in hit.body.decode() for hit in answer.hits)
        if not seen or seen[-1] != number:
            seen.append(number)
        await _pause(publishing)
    return seen


async def _pause(publishing: asyncio.Event) -> None:
    """Let time pass between two searches; whoever waits goes on as soon as a generation is published."""
    if publishing.is_set():
        await asyncio.sleep(PUBLISHING_SECONDS)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(BUILDING_SECONDS):
            await publishing.wait()

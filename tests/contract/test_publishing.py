"""Publishing while others search: no request fails, each answer is of one generation, no reader goes back."""

import asyncio

import pytest

from engines.base import Readers
from engines.clock import Clock, system_clock
from engines.query import FieldFacet, Query
from mappings.document import Document
from tests.contract.catalogue import ask, image
from tests.contract.engine import Engine, publish, writing

PUBLISHES = 100
SEARCHERS = 16
PAUSE_SECONDS = 0.02
"""Between two searches of a searcher, so that publishing has its turn on the loop that all share."""

QUERY = Query(facets=(FieldFacet("min_disk"),))


def numbered(number: int) -> list[Document]:
    """A generation whose images all bear its number, and of which there are so many more."""
    return [image(f"i{each:03}", min_disk=number) for each in range(number + 1)]


@pytest.mark.timeout(600)
async def test_publishing_while_others_search(engine: Engine) -> None:
    # Readers look for news a hundred times as often as they would.
    real = system_clock()
    readers = engine.readers_at(Clock(real.now, lambda: real.monotonic() * 100, real.sleep))
    try:
        async with writing(engine) as writer:
            await publish(engine, writer, numbered(0))
            searchers = [asyncio.create_task(_search_on(readers)) for _ in range(SEARCHERS)]
            for number in range(1, PUBLISHES + 1):
                await publish(engine, writer, numbered(number))
                # What is retired is deleted under the searches too.
                engine.hand.move(60)
                broken = [task for task in searchers if task.done() and task.exception()]
                assert not broken, broken[0].exception()
            for seen in await asyncio.gather(*searchers):
                assert seen == sorted(set(seen))
                assert (seen[0], seen[-1]) == (0, PUBLISHES)
    finally:
        await readers.close()


async def _search_on(readers: Readers) -> list[int]:
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
        await asyncio.sleep(PAUSE_SECONDS)
    return seen

"""Both engines and the judge: the same ids, totals, facets, histograms, pivots, sums and order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest

from engines.base import Reader
from engines.narrowed import Narrowed
from engines.query import Answer, Query
from mappings.document import Document, Stored, store
from mappings.filter import EVERY
from tests.contract.drawing import FEW, MANY, Stock, draw_documents, draw_order, draw_question
from tests.contract.engine import (
    Engine,
    embedded,
    opensearch,
    prefix_of,
    publish,
    publish_once,
    reading,
    remove_from_cluster,
    writing,
)
from tests.contract.reference import Expectation, expect

QUESTIONS = 200
PAGES = 4
"""Pages that are asked for one after the other, behind a page that holds all."""

CATALOGUES = [
    pytest.param(seed, images, stock, shards, id=f"{seed}: {images} images, {shards} shards")
    for seed, (images, stock, shards) in enumerate(
        [
            (0, FEW, 1),
            (1, FEW, 1),
            (2, FEW, 3),
            *((images, FEW, 1) for images in (5, 10, 15, 20, 25, 30, 30, 40, 40, 50, 60, 80)),
            (60, FEW, 3),
            (120, MANY, 1),
            (120, MANY, 3),
            (250, MANY, 1),
            (250, MANY, 3),
        ]
    )
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seed", "images", "stock", "shards"), CATALOGUES)
async def test_both_engines_answer_what_the_judge_says(
    tmp_path: Path, seed: int, images: int, stock: Stock, shards: int
) -> None:
    catalogue = draw_documents(Random(seed), images, stock)
    stored = {each.key: each for each in map(store, catalogue)}
    drawn = Random(seed + 1000)
    asked = [draw_question(drawn, stock) for _ in range(QUESTIONS)]
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(_publishing(tmp_path, make, catalogue))
            for make in (embedded, partial(opensearch, shards=shards))
        ]
        for narrowed in asked:
            wanted = expect(narrowed, catalogue)
            for reader in readers:
                await _compare(reader, narrowed, wanted, stored)


@asynccontextmanager
async def _publishing(
    folder: Path, make: Callable[[Path], Engine], catalogue: Sequence[Document]
) -> AsyncIterator[Reader]:
    engine = make(folder)
    try:
        await publish_once(engine, catalogue)
        async with reading(engine) as readers:
            yield await readers.served()
    finally:
        if make is not embedded:
            remove_from_cluster(prefix_of(folder))


async def _compare(
    reader: Reader, narrowed: Narrowed, wanted: Expectation, stored: dict[str, Stored]
) -> None:
    whole = replace(narrowed, query=replace(narrowed.query, limit=1000))
    answer = await reader.search(whole)
    assert _counts(answer) == (
        len(wanted.keys),
        dict(wanted.facets),
        dict(wanted.histograms),
        wanted.pivot,
        wanted.sums,
    )
    assert tuple(hit.key for hit in answer.hits) == wanted.keys
    assert all(hit.body == stored[hit.key].body for hit in answer.hits)
    assert answer.next is None
    assert [key for key, _ in await reader.raw(whole)] == list(wanted.keys)
    await _compare_pages(reader, narrowed, wanted)


async def _compare_pages(reader: Reader, narrowed: Narrowed, wanted: Expectation) -> None:
    walked: list[str] = []
    asked = narrowed
    for _ in range(PAGES):
        answer = await reader.search(asked)
        walked.extend(hit.key for hit in answer.hits)
        assert answer.total == len(wanted.keys)
        assert dict(answer.facets) == dict(wanted.facets)
        assert tuple(walked) == wanted.keys[: len(walked)]
        assert len(answer.hits) == min(
            narrowed.query.limit, len(wanted.keys) - len(walked) + len(answer.hits)
        )
        assert (answer.next is None) == (narrowed.query.limit == 0 or len(walked) == len(wanted.keys))
        if answer.next is None:
            break
        asked = replace(narrowed, query=replace(narrowed.query, after=answer.next))


def _counts(answer: Answer) -> tuple[object, ...]:
    return answer.total, dict(answer.facets), dict(answer.histograms), answer.pivot, answer.sums


@pytest.mark.timeout(300)
async def test_a_walk_stays_in_its_generation_while_others_are_published(engine: Engine) -> None:
    drawn = Random(5)
    old = draw_documents(drawn, 150, MANY)
    async with writing(engine) as writer, reading(engine) as readers:
        generation = await publish(engine, writer, old)
        reader = await readers.served()
        assert reader.generation == generation
        orders = [Query(sort=draw_order(drawn), limit=7) for _ in range(12)]
        publishing = asyncio.create_task(publish(engine, writer, draw_documents(drawn, 150, MANY)))
        walks = [await _walk(reader, query) for query in orders]
        following = await publishing
        assert following != generation
        # A cursor names its generation: whoever comes with one later gets the same reader's answers.
        kept = await readers.named(generation)
        walks += [await _walk(kept, query) for query in orders]
    wanted = [list(expect(Narrowed(query, EVERY), old).keys) for query in orders]
    assert walks == [*wanted, *wanted]


async def _walk(reader: Reader, query: Query) -> list[str]:
    found: list[str] = []
    answer = await reader.search(Narrowed(query, EVERY))
    while answer.next is not None:
        found.extend(hit.key for hit in answer.hits)
        answer = await reader.search(Narrowed(replace(query, after=answer.next), EVERY))
    return [*found, *(hit.key for hit in answer.hits)]

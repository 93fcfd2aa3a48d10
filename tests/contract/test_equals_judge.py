"""Whatever the catalogue and whatever is asked: an engine answers what the judge says, in the same order.

Here the embedded engine with many small catalogues; `test_engines_agree` holds both engines to the judge.
"""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engines.base import Reader
from engines.narrowed import Narrowed
from mappings.document import Document, store
from tests.contract.drawing import MANY, draw_documents, draw_question
from tests.contract.engine import engine_in, publish_once, reading
from tests.contract.reference import expect


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**32), images=st.integers(0, 40), questions=st.integers(1, 20))
def test_an_engine_answers_what_the_judge_says(seed: int, images: int, questions: int) -> None:
    catalogue = draw_documents(Random(seed), images)
    drawn = Random(seed + 1)
    asyncio.run(_compare(catalogue, [draw_question(drawn) for _ in range(questions)]))


@pytest.mark.parametrize("seed", [1, 2])
def test_an_engine_answers_what_the_judge_says_of_many_values(seed: int) -> None:
    drawn = Random(seed)
    catalogue = draw_documents(drawn, 1500, MANY)
    asyncio.run(_compare(catalogue, [draw_question(drawn, MANY) for _ in range(100)]))


async def _compare(catalogue: list[Document], asked: list[Narrowed]) -> None:
    with tempfile.TemporaryDirectory() as folder, engine_in("embedded", Path(folder)) as engine:
        generation = await publish_once(engine, catalogue)
        async with reading(engine) as readers:
            reader = await readers.served()
            assert reader.generation == generation
            for narrowed in asked:
                await _compare_answer(reader, narrowed, catalogue)


async def _compare_answer(reader: Reader, narrowed: Narrowed, catalogue: list[Document]) -> None:
    wanted = expect(narrowed, catalogue)
    bodies = {stored.key: stored.body for stored in map(store, catalogue)}
    scopes = {document.key: document.scopes for document in catalogue}
    limit = narrowed.query.limit
    walked: list[str] = []
    asked = narrowed
    while True:
        answer = await reader.search(asked)
        assert answer.total == len(wanted.keys)
        assert dict(answer.facets) == dict(wanted.facets)
        assert dict(answer.histograms) == dict(wanted.histograms)
        assert answer.pivot == wanted.pivot
        assert answer.sums == wanted.sums
        assert all(hit.body == bodies[hit.key] and hit.scopes == scopes[hit.key] for hit in answer.hits)
        assert len(answer.hits) == min(limit, len(wanted.keys) - len(walked))
        walked.extend(hit.key for hit in answer.hits)
        if answer.next is None:
            break
        asked = replace(narrowed, query=replace(narrowed.query, after=answer.next))
    assert tuple(walked) == (wanted.keys if limit else ())

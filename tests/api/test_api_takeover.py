"""A new generation is taken over while the old one answers, and only once it is ready."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engines.base import Companions, EngineUnavailable, Reader, Readers
from engines.narrowed import Narrowed
from engines.query import Answer
from tests.api.asking import Api, fill, serving
from tests.api.estate import GOLD, Planted, documents, record
from tests.contract.engine import Engine, embedded, publish, writing


@dataclass
class Disturbed:
    """Readers of a real engine that counts what is asked of it and breaks for some generations."""

    inner: Readers
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def problem(self) -> str | None:
        return self.inner.problem

    async def served(self) -> Reader:
        return DisturbedReader(await self.inner.served(), self)

    async def named(self, generation: str) -> Reader:
        return DisturbedReader(await self.inner.named(generation), self)

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class DisturbedReader:
    inner: Reader
    by: Disturbed

    @property
    def generation(self) -> str:
        return self.inner.generation

    async def search(self, query: Narrowed) -> Answer:
        self.by.asked.append(self.generation)
        if self.generation in self.by.broken:
            raise EngineUnavailable("broken")
        return await self.inner.search(query)

    async def raw(self, query: Narrowed) -> Sequence[tuple[str, bytes]]:
        return await self.inner.raw(query)

    async def companions(self) -> Companions:
        return await self.inner.companions()


async def _publish_another(engine: Engine) -> str:
    engine.term += 1
    another = Planted(record("another", __platform="NewOS"), GOLD)
    async with writing(engine) as writer:
        return await publish(engine, writer, [*documents(), another.document])


async def _generation(api: Api) -> str:
    api.hand.move(2)
    told = await api.get("/v1/images?limit=0")
    assert told.status == 200
    return str(told.json["catalog"]["generation"])


async def test_many_first_requests_prepare_a_generation_once(folder: Path) -> None:
    disturbed: list[Disturbed] = []

    def disturb(inner: Readers) -> Readers:
        disturbed.append(Disturbed(inner))
        return disturbed[0]

    async with serving(folder, readers=disturb) as api:
        await api.get("/v1/images")
        alone = len(disturbed[0].asked)
    disturbed.clear()
    async with serving(folder, readers=disturb) as api:
        # All different, as the answer to a question is kept.
        await asyncio.gather(*(api.get(f"/v1/images?limit={limit}") for limit in range(8)))
        assert len(disturbed[0].asked) == alone + 7


async def test_values_of_a_new_generation_can_be_named_once_it_answers(tmp_path: Path) -> None:
    first = await fill(tmp_path, documents())
    async with serving(tmp_path) as api:
        assert (await api.get("/v1/images?platform=NewOS")).status == 400
        await _publish_another(embedded(tmp_path))
        for _ in range(10_000):
            if await _generation(api) != first:
                break
        assert (await api.get("/v1/images?platform=newos")).ids == ["another"]


async def test_what_cannot_be_taken_over_leaves_the_old_one_answering(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    first = await fill(tmp_path, documents())
    held: list[Disturbed] = []

    def disturb(inner: Readers) -> Readers:
        held.append(Disturbed(inner))
        return held[0]

    async with serving(tmp_path, readers=disturb) as api:
        assert await _generation(api) == first
        second = await _publish_another(embedded(tmp_path))
        held[0].broken.add(second)
        for _ in range(10_000):
            assert await _generation(api) == first
            if second in held[0].asked:
                break
        assert second in held[0].asked
        held[0].broken.clear()
        for _ in range(10_000):
            if await _generation(api) == second:
                break
        assert await _generation(api) == second
    assert f"generation {second} cannot be taken over yet" in caplog.text


async def test_a_generation_is_taken_over_while_nobody_asks(tmp_path: Path) -> None:
    first = await fill(tmp_path, documents())
    held: list[Disturbed] = []

    def disturb(inner: Readers) -> Readers:
        held.append(Disturbed(inner))
        return held[0]

    async with serving(tmp_path, readers=disturb) as api:
        assert await _generation(api) == first
        second = await _publish_another(embedded(tmp_path))
        for _ in range(10_000):
            api.hand.move(2)
            await asyncio.sleep(0)
            if second in held[0].asked:
                break
        assert second in held[0].asked

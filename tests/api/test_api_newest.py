"""What is taken over in the background never takes the place of something newer."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engines.base import Companions, Reader
from engines.narrowed import Narrowed
from engines.query import Answer
from search_api.served import ServedCatalogue
from tests.contract.catalogue import image
from tests.contract.engine import embedded, publish_once


@dataclass
class Named:
    """A reader under another name, which answers when it may."""

    inner: Reader
    generation: str
    may: asyncio.Event

    async def search(self, query: Narrowed) -> Answer:
        await self.may.wait()
        return await self.inner.search(query)

    async def raw(self, query: Narrowed) -> list[tuple[str, bytes]]:
        return list(await self.inner.raw(query))

    async def companions(self) -> Companions:
        return await self.inner.companions()


@dataclass
class Following:
    """Readers of generations that follow one another as the test wants it."""

    inner: Reader
    newest: str = "g1"
    slow: set[str] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    problem: str | None = None

    async def served(self) -> Reader:
        return await self.named(self.newest)

    async def named(self, generation: str) -> Reader:
        may = self.gate
        if generation not in self.slow:
            may = asyncio.Event()
            may.set()
        return Named(self.inner, generation, may)

    async def close(self) -> None:
        return None


@pytest.fixture
async def following(tmp_path: Path) -> Following:
    engine = embedded(tmp_path)
    await publish_once(engine, [image("a")])
    return Following(await engine.readers().served())


async def settled() -> None:
    for _ in range(500):
        await asyncio.sleep(0)


async def test_a_slow_generation_does_not_come_after_the_one_that_followed_it(following: Following) -> None:
    following.slow.add("g2")
    catalogue = ServedCatalogue(following)
    assert (await catalogue.current()).generation == "g1"
    following.newest = "g2"
    await catalogue.current()
    await settled()
    following.newest = "g3"
    renewing = asyncio.create_task(catalogue.renew())
    await settled()
    following.gate.set()
    assert await renewing
    await settled()
    assert (await catalogue.current()).generation == "g3"
    await catalogue.close()

"""The engines that the contract is held against, and a clock that tests move by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engines.base import Companions, Expected, Readers, Writer
from engines.clock import Clock
from engines.embedded.ledger import open_ledger
from engines.embedded.readers import EmbeddedReaders
from engines.embedded.writer import open_writer
from engines.generation import Generation
from engines.ledger import Ledger
from mappings.document import Document, store
from mappings.schema import SCHEMA

START = datetime(2026, 11, 24, 6, 17, tzinfo=UTC)
PREFIX = "ims-catalog"


@dataclass
class HandClock:
    """Stands still until it is moved."""

    seconds: float = 0.0
    asleep: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def move(self, seconds: float) -> None:
        self.seconds += seconds
        for until, waking in self.asleep:
            if until <= self.seconds and not waking.done():
                waking.set_result(None)

    async def sleep(self, seconds: float) -> None:
        waking = asyncio.get_running_loop().create_future()
        self.asleep.append((self.seconds + seconds, waking))
        await waking

    @property
    def clock(self) -> Clock:
        return Clock(
            now=lambda: START + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
            sleep=self.sleep,
        )


@dataclass
class Engine:
    """One engine with a place of its own."""

    writer: Callable[[], Writer]
    readers_at: Callable[[Clock], Readers]
    ledger: Callable[[], Ledger]
    hand: HandClock
    term: int = 0

    def readers(self) -> Readers:
        """Open readers that live by the clock that is moved by hand."""
        return self.readers_at(self.hand.clock)

    def next_name(self, run: str = "5f2c9a") -> str:
        """Name the next generation."""
        self.term += 1
        return Generation(PREFIX, SCHEMA, self.term, START + timedelta(minutes=self.term), run).name


def embedded(folder: Path) -> Engine:
    hand = HandClock()
    return Engine(
        writer=lambda: open_writer(folder, prefix=PREFIX, clock=hand.clock),
        readers_at=lambda clock: EmbeddedReaders(folder, clock),
        ledger=lambda: open_ledger(folder),
        hand=hand,
    )


ENGINES: dict[str, Callable[[Path], Engine]] = {"embedded": embedded}


@asynccontextmanager
async def writing(engine: Engine) -> AsyncIterator[Writer]:
    writer = engine.writer()
    try:
        yield writer
    finally:
        await writer.close()


@asynccontextmanager
async def reading(engine: Engine) -> AsyncIterator[Readers]:
    readers = engine.readers()
    try:
        yield readers
    finally:
        await readers.close()


def expected(documents: Sequence[Document]) -> Expected:
    counts: dict[str, int] = {}
    for document in documents:
        for scope in set(document.scopes):
            counts[scope] = counts.get(scope, 0) + 1
    return Expected(len(documents), counts)


async def publish(
    engine: Engine, writer: Writer, documents: Sequence[Document], companions: Companions | None = None
) -> str:
    """Publish documents, in whatever order they come, on top of what is served; give the generation."""
    ordered = sorted(documents, key=lambda document: document.key)
    build = await writer.begin(engine.next_name(), await writer.served())
    for start in range(0, len(ordered), 100):
        await build.add([store(document) for document in ordered[start : start + 100]])
    await build.seal(companions or Companions())
    await build.verify(expected(ordered))
    await build.publish()
    return build.generation


async def publish_once(engine: Engine, documents: Sequence[Document]) -> str:
    async with writing(engine) as writer:
        return await publish(engine, writer, documents)

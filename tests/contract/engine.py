"""The engines that the contract is held against, and a clock that tests move by hand."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
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
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.writer import open_writer as open_opensearch_writer
from mappings.document import Document, store
from mappings.schema import SCHEMA
from tests.opensearch.direct import ask
from tests.opensearch.shared import required_url

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

    writer: Callable[[], Awaitable[Writer]]
    readers_at: Callable[[Clock], Readers]
    ledger: Callable[[], Ledger]
    hand: HandClock
    prefix: str = PREFIX
    term: int = 0

    def readers(self) -> Readers:
        """Open readers that live by the clock that is moved by hand."""
        return self.readers_at(self.hand.clock)

    def next_name(self, run: str = "5f2c9a") -> str:
        """Name the next generation."""
        self.term += 1
        return Generation(self.prefix, SCHEMA, self.term, START + timedelta(minutes=self.term), run).name


def embedded(folder: Path) -> Engine:
    hand = HandClock()

    async def writer() -> Writer:
        return open_writer(folder, prefix=PREFIX, clock=hand.clock)

    return Engine(
        writer=writer,
        readers_at=lambda clock: EmbeddedReaders(folder, clock),
        ledger=lambda: open_ledger(folder),
        hand=hand,
    )


def opensearch(folder: Path, *, shards: int = 1) -> Engine:
    """Several processes that give the same folder have the same place on the cluster."""
    hand, prefix = HandClock(), prefix_of(folder)
    cluster = Cluster((required_url(),), timeout=30.0)
    return Engine(
        # No copies: they would come while the clock of the test stands still.
        writer=lambda: open_opensearch_writer(
            cluster, prefix=prefix, clock=hand.clock, shards=shards, replicas=0
        ),
        readers_at=lambda clock: OpenSearchReaders(cluster, prefix=prefix, clock=clock),
        ledger=lambda: OpenSearchLedger(Client(cluster), Names(prefix)),
        hand=hand,
        prefix=prefix,
    )


ENGINES: dict[str, Callable[[Path], Engine]] = {"embedded": embedded, "opensearch": opensearch}


@contextmanager
def engine_in(name: str, folder: Path) -> Iterator[Engine]:
    """Give an engine whose place is this folder, and remove what it leaves elsewhere."""
    engine = ENGINES[name](folder)
    try:
        yield engine
    finally:
        if name == "opensearch":
            remove_from_cluster(prefix_of(folder))


def prefix_of(folder: Path) -> str:
    return f"t{hashlib.blake2b(bytes(folder.resolve()), digest_size=8).hexdigest()}"


def remove_from_cluster(prefix: str) -> None:
    """Delete all indices of a prefix, each by its name: patterns may be forbidden."""
    url = required_url()
    hidden = "expand_wildcards=all"
    for index in sorted(ask(f"{url}/{prefix}-*/_settings/index.uuid?{hidden}")):
        ask(f"{url}/{index}", "DELETE")


@asynccontextmanager
async def writing(engine: Engine) -> AsyncIterator[Writer]:
    writer = await engine.writer()
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


@asynccontextmanager
async def passing(hand: HandClock) -> AsyncIterator[None]:
    """Let time pass by itself: whoever sleeps is woken, and has the time to do what it woke for."""

    async def pass_on() -> None:
        while True:
            hand.move(1)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(pass_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


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

"""A process that reindexes a catalogue and is killed, as `kill -9` does it, at a moment of its run."""

import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from engines.base import NothingServed, Readers
from engines.clock import Clock, system_clock
from engines.embedded.ledger import open_ledger
from engines.embedded.readers import EmbeddedReaders
from engines.embedded.writer import open_writer
from engines.ledger import Ledger
from engines.narrowed import Narrowed
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.writer import open_writer as open_opensearch_writer
from engines.query import Query
from indexer.run import reindex
from indexer.setup import Setup
from indexer.sources.source import Source
from mappings.filter import EVERY
from tests.faults.installation import LIMITS, Silent
from tests.faults.seams import Ending, Moment, Told, watched
from tests.virtual_time import START


@dataclass
class Skipping:
    """A clock that shows how many hours went by; while it is `hurrying` nobody who sleeps has to wait."""

    hours: int
    hurrying: bool = True
    skipped: float = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(self._now, lambda: time.monotonic() + self.skipped, self._sleep)

    def _now(self) -> datetime:
        return START + timedelta(hours=self.hours)

    async def _sleep(self, seconds: float) -> None:
        self.skipped += seconds if self.hurrying else 0.0
        await asyncio.sleep(0 if self.hurrying else seconds)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Where a catalogue is: in a folder, or under a prefix of the cluster at `url`."""

    folder: Path
    prefix: str
    url: str | None

    async def opened(self, hours: int) -> Setup:
        """Take the right to write, however long one that died had it; whoever asks closes both."""
        time_ = Skipping(hours)
        setup = await self._opened(time_.clock)
        time_.hurrying = False
        return setup

    async def _opened(self, clock: Clock) -> Setup:
        if self.url is None:
            writer = open_writer(self.folder, clock=clock)
            return Setup(
                writer=writer, ledger=self.ledger(), progress=Silent(), clock=clock, folder=self.folder
            )
        cluster = Cluster((self.url,))
        return Setup(
            writer=await open_opensearch_writer(cluster, prefix=self.prefix, clock=clock, replicas=0),
            ledger=self.ledger(),
            progress=Silent(),
            clock=clock,
            folder=self.folder,
            prefix=self.prefix,
        )

    def ledger(self) -> Ledger:
        """Open the ledger; whoever asks closes it."""
        if self.url is None:
            return open_ledger(self.folder)
        return OpenSearchLedger(Client(Cluster((self.url,))), Names(self.prefix))

    async def served(self) -> tuple[str | None, dict[str, object]]:
        """Which generation answers who asks now, and the names of all images that it holds."""
        readers = self._readers()
        try:
            reader = await readers.served()
        except NothingServed:
            return None, {}
        else:
            answer = await reader.search(Narrowed(Query(limit=1_000), EVERY))
            assert len(answer.hits) == answer.total
            return reader.generation, {hit.key: orjson.loads(hit.body)["name"] for hit in answer.hits}
        finally:
            await readers.close()

    def _readers(self) -> Readers:
        if self.url is None:
            return EmbeddedReaders(self.folder, system_clock())
        return OpenSearchReaders(Cluster((self.url,)), prefix=self.prefix, clock=system_clock())


@dataclass(frozen=True, slots=True)
class Death:
    """A run that is to die. `told`: where to write down what it did if it does not."""

    catalogue: Catalogue
    source: Source
    hours: int
    moment: Moment
    told: Path | None = None


@dataclass
class Files:
    """Tells of the files that this process renames and removes in a folder."""

    folder: Path
    told: Told
    names: dict[str, str] = field(default_factory=lambda: {"os.rename": "rename", "os.remove": "remove"})

    def __call__(self, event: str, values: tuple[object, ...]) -> None:
        if event in self.names and Path(str(values[0])).parent == self.folder:
            self.told(f"before {self.names[event]}")


def run_to_death(death: Death) -> None:
    """Reindex; the process ends at the moment."""
    asyncio.run(_run(death))


async def _run(death: Death) -> None:
    ending = Ending(death.moment, _kill)
    sys.addaudithook(Files(death.catalogue.folder, ending))
    setup = watched(await death.catalogue.opened(death.hours), ending)
    await reindex(setup, (death.source,), LIMITS)
    await setup.ledger.close()
    await setup.writer.close()
    if death.told is not None:
        death.told.write_text("\n".join(ending.told), "utf-8")


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

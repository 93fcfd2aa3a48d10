"""A cloud, and the catalogue of it on a cluster whose nodes die."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from engines.base import EngineError
from engines.clock import system_clock
from engines.generation import term_of
from engines.ledger import Outcome, Run
from engines.narrowed import Narrowed
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.query import Answer, Query
from ims_catalog import compose
from ims_catalog.cli.sandbox import settings_for
from ims_catalog.configuration import load_settings
from ims_catalog.reindex import _setup
from ims_catalog.sandbox.estate import Listing
from ims_catalog.sandbox.server import Sandbox
from indexer.run import reindex
from mappings.document import key_of
from mappings.filter import EVERY
from tests.faults.installation import VIEWS, Silent
from tests.faults.seams import Told, watched
from tests.opensearch.direct import ask
from tests.opensearch.several import Nodes

Held = Mapping[str, object]
"""The names of images, by key."""

SHARDS = 3


@dataclass
class Account:
    """What is in the cloud, and the catalogue under a prefix of its own, three shards and, where there are
    several nodes, one copy of each.
    """

    sandbox: Sandbox
    nodes: Nodes
    folder: Path
    names: Names = field(default_factory=lambda: Names(f"t{secrets.token_hex(5)}"))

    def __post_init__(self) -> None:
        urls = ", ".join(f'"{url}"' for url in self.nodes.urls)
        engine = f"""
[engine]
kind = "opensearch"
url = [{urls}]
prefix = "{self.names.prefix}"
path = "{self.folder / "catalog"}"
shards = {SHARDS}
replicas = {min(1, len(self.nodes.urls) - 1)}
timeout = "60s"
"""
        (self.folder / "ims-catalog.toml").write_text(engine + settings_for(self.sandbox), "utf-8")

    async def run(self, told: Told = lambda _: None) -> Run:
        """Reindex as the command does; `told` of each step."""
        settings = load_settings(self.folder / "ims-catalog.toml")
        async with _setup(settings, progress=Silent(), tell=lambda _: None) as setup:
            return await reindex(watched(setup, told), compose.sources(settings), compose.limits(settings))

    async def publish(self) -> str:
        """Reindex; give the generation that was published."""
        run = await self.run()
        assert (run.exit, run.outcome, run.reason) == (0, Outcome.PUBLISHED, None)
        assert run.generation is not None
        return run.generation

    def listed(self) -> Held:
        """What the catalogue must hold after a run that went well."""
        cloud = self.sandbox.cloud
        return {
            key_of("sandbox", listing.region, str(record["id"]), VIEWS[listing.image_type]): record["name"]
            for listing in cloud.estate.listings()
            for record in cloud.records(listing)
        }

    def rename(self, count: int) -> None:
        """Give so many images another name."""
        (region,) = self.sandbox.regions
        for _, record in zip(range(count), self.sandbox.cloud.records(Listing(region, "gold")), strict=False):
            name = f"renamed {secrets.token_hex(3)}"
            self.sandbox.cloud.patch(region, str(record["id"]), name=name)

    async def held(self) -> Held:
        """What the catalogue holds, read to its end."""
        found: dict[str, object] = {}
        async with self.readers() as readers:
            reader, after = await readers.served(), None
            while True:
                answer = await reader.search(Narrowed(Query(limit=1000, after=after), EVERY))
                found |= {hit.key: orjson.loads(hit.body)["name"] for hit in answer.hits}
                if answer.next is None:
                    assert len(found) == answer.total
                    return found
                after = answer.next

    async def runs(self) -> list[Run]:
        """The runs that the ledger tells of, oldest first."""
        ledger = OpenSearchLedger(Client(self._cluster), self.names)
        try:
            return list(reversed(await ledger.runs(100)))
        finally:
            await ledger.close()

    @asynccontextmanager
    async def readers(self) -> AsyncIterator[OpenSearchReaders]:
        readers = OpenSearchReaders(self._cluster, prefix=self.names.prefix, clock=system_clock())
        try:
            yield readers
        finally:
            await readers.close()

    def indices(self) -> list[str]:
        """All indices of the catalogue."""
        found = ask(f"{self.nodes.url}/{self.names.all}/_settings?expand_wildcards=all", timeout=60)
        return list(found)

    def generations(self) -> list[str]:
        """The indices of generations, in the order of their terms."""
        return sorted(filter(self.names.is_generation, self.indices()), key=term_of)

    async def whole_cluster(self) -> None:
        """Have all nodes alive, and all shards with their copies."""
        await asyncio.to_thread(self.nodes.revive)
        await asyncio.to_thread(self.nodes.settle)

    async def remove(self) -> None:
        """Delete all that there is on the cluster, as far as it answers."""
        if self.nodes.pids:
            for index in self.indices():
                ask(f"{self.nodes.url}/{index}", "DELETE", timeout=60)

    @property
    def _cluster(self) -> Cluster:
        return Cluster(self.nodes.urls, timeout=60.0)


@dataclass
class Looking:
    """What somebody met who searched all the time: how often each generation answered, how many images it
    said there are, and what kept it from answering.
    """

    totals: dict[str, set[int]] = field(default_factory=dict)
    answers: int = 0
    failures: list[EngineError] = field(default_factory=list)
    _answered: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def count(self, answer: Answer) -> None:
        """Take note of an answer."""
        self.totals.setdefault(answer.generation, set()).add(answer.total)
        self.answers += 1
        async with self._answered:
            self._answered.notify_all()

    async def more_answers(self, count: int = 20) -> None:
        """Wait for so many more."""
        until = self.answers + count
        async with self._answered:
            await self._answered.wait_for(lambda: self.answers >= until)


@asynccontextmanager
async def looking(account: Account) -> AsyncIterator[Looking]:
    """Search one time after the other for the length of a `with`."""
    met = Looking()

    async def look() -> None:
        async with account.readers() as readers:
            while True:
                try:
                    answer = await (await readers.served()).search(Narrowed(Query(limit=1), EVERY))
                except EngineError as error:
                    met.failures.append(error)
                    await asyncio.sleep(0.1)
                else:
                    await met.count(answer)
                    await asyncio.sleep(0.01)

    task = asyncio.create_task(look())
    try:
        yield met
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

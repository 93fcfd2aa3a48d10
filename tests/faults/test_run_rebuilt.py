"""Runs whose generation cannot be a copy of the one served, or whose copy is not what was planned."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web

from engines.clock import system_clock
from engines.ledger import Outcome
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.writer import open_writer
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from indexer.run import reindex
from tests.cluster.passing import passing
from tests.contract.engine import prefix_of, remove_from_cluster
from tests.contract.test_amending import clones
from tests.faults.installation import LIMITS, Installation, Silent
from tests.faults.spoilt import gold, ids
from tests.opensearch.direct import ask
from tests.opensearch.shared import required_url

ESTATE = draw_estate(images=120, seed=30, regions=1, projects=2)


@dataclass
class Health:
    """Answers for a cluster how a generation is, where that is set; passes all else on."""

    generation: str = ""
    status: str = ""

    async def before(self, request: web.Request) -> None:
        if self.status and request.path == f"/_cluster/health/{self.generation}":
            raise web.HTTPOk(text=f'{{"status": "{self.status}"}}', content_type="application/json")


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
async def one(tmp_path: Path, health: Health) -> AsyncIterator[Installation]:
    """A catalogue on a cluster, from which one image of the cloud differs."""
    prefix = prefix_of(tmp_path)
    async with (
        await start_sandbox(ESTATE) as sandbox,
        cleared(prefix),
        passing(required_url(), health.before) as url,
    ):
        clock, nodes = system_clock(), Cluster((url,))
        writer = await open_writer(nodes, prefix=prefix, clock=clock, replicas=0)
        ledger = OpenSearchLedger(Client(nodes), Names(prefix))
        try:
            installation = Installation(sandbox, tmp_path, writer, ledger, clock, prefix=prefix)
            assert (await installation.run()).exit == 0
            listing = gold(installation)
            sandbox.cloud.patch(listing.region, ids(installation, listing)[0], name="renamed")
            yield installation
        finally:
            await ledger.close()
            await writer.close()


@asynccontextmanager
async def cleared(prefix: str) -> AsyncIterator[None]:
    try:
        yield
    finally:
        remove_from_cluster(prefix)


@dataclass
class Saboteur(Silent):
    """Removes a document from the copy that is being amended, once."""

    prefix: str
    served: str
    key: str
    done: bool = False

    def built(self, documents: int) -> None:
        if self.done:
            return
        self.done = True
        url = required_url()
        (copy,) = [
            name
            for name in ask(f"{url}/{self.prefix}-*/_mapping?expand_wildcards=all")
            if Names(self.prefix).is_generation(name) and name != self.served
        ]
        ask(f"{url}/{quoted(copy, '_doc', self.key).lstrip('/')}?refresh=true", "DELETE")


async def test_a_copy_that_is_not_what_was_planned_is_built_whole(one: Installation) -> None:
    served = str(await one.writer.served())
    saboteur = Saboteur(one.prefix, served, max(await one.documents()))
    run = await reindex(replace(one.setup, progress=saboteur), (one.source,), LIMITS)
    assert saboteur.done
    assert (run.exit, run.outcome, run.changed) == (0, Outcome.PUBLISHED, 1)
    assert [note for note in run.notes if "a copy of what is served was not what was planned" in note]
    assert await clones(one) == 0
    assert await one.held() == one.model()
    changes = await one.ledger.changes(0, 10_000)
    assert Counter(change.kind.value for change in changes if change.run == run.run) == {"changed": 1}
    assert [entry.notes for entry in await one.ledger.runs(1)] == [run.notes]
    again = await one.run()
    assert (again.exit, again.outcome, again.notes) == (0, Outcome.UNCHANGED, ())


async def set_index(one: Installation, **settings: object) -> None:
    ask(f"{required_url()}/{await one.writer.served()}/_settings", "PUT", {"index": settings})


async def red(one: Installation, health: Health) -> None:
    """Some other shard of it is away."""
    health.generation, health.status = str(await one.writer.served()), "red"


async def yellow(one: Installation, _: Health) -> None:
    """Want a copy on another node, of which there is none."""
    await set_index(one, number_of_replicas=1, auto_expand_replicas="false")


async def unblocked(one: Installation, _: Health) -> None:
    """Take the write block off."""
    await set_index(one, **{"blocks.write": False})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (red, "its health is red"),
        (yellow, "its health is yellow"),
        (unblocked, "its write block was taken off"),
    ],
)
async def test_what_is_not_fit_to_be_copied_is_built_whole(
    one: Installation,
    health: Health,
    spoil: Callable[[Installation, Health], Awaitable[None]],
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "engines.opensearch.clone")
    await spoil(one, health)
    run = await one.run()
    assert (run.exit, run.outcome, run.changed) == (0, Outcome.PUBLISHED, 1)
    assert await clones(one) == 0
    assert why in caplog.text
    assert await one.held() == one.model()

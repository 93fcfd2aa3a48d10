"""A run that asked the cluster to serve its generation and got no answer: the next one settles it.

The request may still be done, at any later moment. So it is made impossible before it is decided.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from engines.ledger import Outcome, Run
from engines.opensearch.client import Client, Cluster, Refused
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from tests.cluster.passing import passing
from tests.contract.engine import prefix_of, remove_from_cluster
from tests.faults.installation import Installation, installed_on
from tests.faults.spoilt import gold, ids
from tests.opensearch.shared import required_url

ESTATE = draw_estate(images=60, seed=29, regions=1, projects=2)


@dataclass
class Late:
    """Loses the answer to the first request to move the alias that comes while it is `losing`.

    The request itself is done before the `nth` that comes after it.
    """

    nth: int
    losing: bool = False
    waiting: bytes | None = None
    came: int = 0
    statuses: list[int] = field(default_factory=list)

    async def before(self, request: web.Request) -> None:
        if request.path != "/_aliases":
            return
        if self.losing:
            self.losing, self.waiting = False, await request.read()
            raise web.HTTPBadGateway
        if self.waiting is not None:
            self.came += 1
            if self.came == self.nth:
                await self.done(self.waiting)
                self.waiting = None

    async def done(self, body: bytes) -> None:
        client = Client(Cluster((required_url(),)))
        try:
            await client.request("POST", "/_aliases", body=body)
            self.statuses.append(200)
        except Refused as error:
            self.statuses.append(error.status)
        finally:
            await client.close()


@asynccontextmanager
async def behind(late: Late, folder: Path) -> AsyncIterator[Installation]:
    """Open a catalogue on a cluster, with a proxy before it."""
    try:
        async with (
            await start_sandbox(ESTATE) as sandbox,
            passing(required_url(), late.before) as url,
            installed_on(url, sandbox, folder) as one,
        ):
            yield one
    finally:
        remove_from_cluster(prefix_of(folder))


async def in_doubt(one: Installation, late: Late, *, first: bool) -> Run:
    """Run, and lose the answer to its publish."""
    if not first:
        assert (await one.run()).exit == 0
        listing = gold(one)
        one.sandbox.cloud.patch(listing.region, ids(one, listing)[0], name="renamed")
    late.losing = True
    served = await one.writer.served()
    run = await one.run()
    assert (run.exit, run.outcome) == (1, Outcome.FAILED)
    assert "the next run finds out whether it was published" in str(run.reason)
    assert await one.writer.served() == served
    assert run.run not in {entry.run for entry in await one.ledger.runs(9)}, "nobody can tell yet"
    return run


async def told(one: Installation) -> Counter[tuple[str, str, str]]:
    """The changes that the ledger tells: run, kind and key."""
    return Counter(
        (change.run, change.kind.value, change.stored.key) for change in await one.ledger.changes(0, 10_000)
    )


FIRST = pytest.mark.parametrize("first", [True, False], ids=["the first run", "a later run"])


@FIRST
async def test_a_publish_that_is_done_late_is_recorded_as_one(tmp_path: Path, first: bool) -> None:
    """It comes right before the step that would have made it impossible."""
    late = Late(nth=1)
    async with behind(late, tmp_path) as one:
        run = await in_doubt(one, late, first=first)
        following = await one.run()
        assert late.statuses == [200]
        assert (following.exit, following.outcome) == (0, Outcome.UNCHANGED)
        recorded = await one.ledger.run(run.run)
        assert recorded is not None
        assert (recorded.outcome, recorded.generation) == (Outcome.PUBLISHED, following.generation)
        assert "before it could record" in recorded.notes[-1]
        await as_the_cloud_is(one, run, images=len(one.model()) if first else 1)


@FIRST
async def test_a_publish_that_was_given_up_is_never_done(tmp_path: Path, first: bool) -> None:
    """It comes after it was decided that it failed, right before the next run publishes."""
    late = Late(nth=2)
    async with behind(late, tmp_path) as one:
        run = await in_doubt(one, late, first=first)
        following = await one.run()
        assert late.statuses == [404], "the cluster refuses it"
        assert (following.exit, following.outcome) == (0, Outcome.PUBLISHED)
        recorded = await one.ledger.run(run.run)
        assert recorded is not None
        assert (recorded.outcome, recorded.published) == (Outcome.FAILED, False)
        assert await one.writer.served() == following.generation
        await as_the_cloud_is(one, following, images=len(one.model()) if first else 1)


async def as_the_cloud_is(one: Installation, by: Run, *, images: int) -> None:
    """The catalogue equals the cloud, and each change is told once, of the run that published it."""
    assert await one.held() == one.model()
    changes = await told(one)
    assert max(changes.values()) == 1
    assert sum(run == by.run for run, _, _ in changes) == images
    assert await one.ledger.intended() is None


async def test_what_cannot_be_made_certain_is_not_decided(tmp_path: Path) -> None:
    """The step that would make it certain is refused: nothing is recorded of it, and the next run tries."""
    late = Late(nth=9)
    async with behind(late, tmp_path) as one:
        run = await in_doubt(one, late, first=False)
        late.losing = True
        failed = await one.run()
        assert (failed.exit, failed.outcome) == (1, Outcome.FAILED)
        intention = await one.ledger.intended()
        assert intention is not None
        assert intention.run.run == run.run
        assert await one.ledger.run(run.run) is None
        following = await one.run()
        assert (following.exit, following.outcome) == (0, Outcome.PUBLISHED)
        await as_the_cloud_is(one, following, images=1)

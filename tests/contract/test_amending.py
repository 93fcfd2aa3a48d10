"""Runs with few changes come to the same on every engine, however the generation is built."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engines.clock import system_clock
from engines.ledger import Outcome
from engines.opensearch.client import Client, Cluster
from engines.opensearch.names import Names
from engines.opensearch.served import served
from engines.opensearch.writer import OpenSearchWriter
from ims_catalog.sandbox.answer import image_error
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.fault import Fault, matching
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.run import purge, renormalise
from mappings.document import key_of
from mappings.scope import View
from tests.contract.engine import Engine, writing
from tests.faults.installation import LIMITS, Installation, scope_id
from tests.faults.spoilt import BROKEN
from tests.opensearch.shared import required_url

ESTATE = draw_estate(images=500, seed=21, regions=2, projects=4)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(ESTATE) as running:
        yield running


@asynccontextmanager
async def installed(engine: Engine, sandbox: Sandbox, folder: Path) -> AsyncIterator[Installation]:
    ledger = engine.ledger()
    try:
        async with writing(engine) as writer:
            yield Installation(sandbox, folder, writer, ledger, system_clock(), prefix=engine.prefix)
    finally:
        await ledger.close()


async def clones(one: Installation) -> int | None:
    """How deep in clones what is served is; None on an engine that does not clone."""
    if not isinstance(one.writer, OpenSearchWriter):
        return None
    client = Client(Cluster((required_url(),)))
    try:
        meta = await served(client, Names(one.prefix))
    finally:
        await client.close()
    assert meta is not None
    return meta.clones


def deep(one: Installation, wanted: int) -> int | None:
    return wanted if isinstance(one.writer, OpenSearchWriter) else None


def gold(one: Installation) -> tuple[Listing, list[str]]:
    listing = Listing(one.sandbox.regions[0], "gold")
    return listing, [str(record["id"]) for record in one.sandbox.cloud.records(listing)]


async def as_built_whole(one: Installation) -> None:
    """Build anew what is served: every byte of every document is the same then."""
    before = await one.documents()
    run = await renormalise(one.setup, (one.source,))
    assert (run.exit, run.outcome) == (0, Outcome.PUBLISHED)
    assert await clones(one) == deep(one, 0)
    assert await one.documents() == before


async def test_few_changes(engine: Engine, sandbox: Sandbox, tmp_path: Path) -> None:
    async with installed(engine, sandbox, tmp_path) as one:
        first = await one.run()
        assert (first.reason, first.exit) == (None, 0)
        assert await clones(one) == deep(one, 0)
        cloud, (listing, images) = sandbox.cloud, gold(one)
        region = listing.region
        cloud.delete(region, images[0])
        cloud.patch(region, images[1], name="renamed")
        cloud.hide(region, images[2])
        new = cloud.add(region, {"name": "new", "__imagetype": "gold"})
        run = await one.run()
        assert (run.exit, run.added, run.changed, run.removed, run.unlisted) == (0, 1, 1, 1, 1)
        assert run.documents == first.documents
        assert await clones(one) == deep(one, 1)
        documents = await one.documents()
        hidden, renamed, added = (
            documents[key_of("huawei", region, image, View.PUBLIC)] for image in (images[2], images[1], new)
        )
        assert hidden.fields["listed"] is False
        assert (renamed.fields["name"], len(renamed.many("former_names"))) == ("renamed", 1)
        assert added.fields["listed"] is True
        told = [change.kind.value for change in await one.ledger.changes(0, 10_000) if change.run == run.run]
        assert sorted(told) == ["added", "changed", "removed", "unlisted"]

        again = await one.run()
        assert (again.exit, again.outcome, again.generation) == (0, Outcome.UNCHANGED, run.generation)
        assert (again.documents, again.scopes and [s.seen for s in again.scopes]) == (
            run.documents,
            [s.seen for s in run.scopes],
        )
        cloud.unhide(region, images[2])
        back = await one.run()
        assert (back.exit, back.changed, await clones(one)) == (0, 1, deep(one, 2))
        assert await one.held() == one.model()
        await as_built_whole(one)


async def test_a_share_that_comes_and_goes(engine: Engine, sandbox: Sandbox, tmp_path: Path) -> None:
    async with installed(engine, sandbox, tmp_path) as one:
        cloud, region = sandbox.cloud, sandbox.regions[0]
        owner, member = [project.id for project in sandbox.projects if project.region == region][:2]
        image = cloud.add(region, {"name": "mine", "owner": owner})
        await one.run()
        cloud.share(region, image, member)
        assert (await one.run()).exit == 0
        shared = (await one.documents())[key_of("huawei", region, image, View.SHARED)]
        assert (shared.many("visible_to"), shared.many("shadowed_by")) == ((member,), (owner,))
        cloud.unshare(region, image, member)
        assert (await one.run()).exit == 0
        assert await one.held() == one.model()
        assert await clones(one) == deep(one, 2)
        await as_built_whole(one)


async def test_few_changes_while_a_scope_is_incomplete(
    engine: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    async with installed(engine, sandbox, tmp_path) as one:
        await one.run()
        listing, images = gold(one)
        failing = sandbox.fail(
            Fault(lambda one: one.image_type == "market", image_error("IMG.0061", "x", 500))
        )
        sandbox.cloud.patch(listing.region, images[1], name="renamed")
        before = await one.held()
        run = await one.run()
        assert (run.exit, run.changed, run.removed) == (3, 1, 0)
        assert (await one.held()).keys() == before.keys()
        assert await clones(one) == deep(one, 1)
        sandbox.faults.remove(failing)
        assert (await one.run()).exit == 0
        assert await one.held() == one.model()


async def test_many_changes_are_written_whole(engine: Engine, sandbox: Sandbox, tmp_path: Path) -> None:
    async with installed(engine, sandbox, tmp_path) as one:
        await one.run()
        listing, images = gold(one)
        for image in images[:60]:
            sandbox.cloud.patch(listing.region, image, name="renamed")
        run = await one.run()
        assert (run.exit, run.changed) == (0, min(60, len(images)))
        assert await clones(one) == deep(one, 0)
        assert await one.held() == one.model()


async def test_a_scope_with_few_images_is_given_up(engine: Engine, sandbox: Sandbox, tmp_path: Path) -> None:
    async with installed(engine, sandbox, tmp_path) as one:
        await one.run()
        held = await one.held()
        scope = min(
            (scope for scope, state in (await one.states()).items() if 0 < state.seen < 15),
            key=lambda scope: scope,
        )
        run = await purge(one.setup, (one.source,), frozenset({scope}))
        assert (run.exit, run.outcome, run.purged) == (0, Outcome.PUBLISHED, (scope,))
        gone = {key for key, modelled in held.items() if modelled.scopes == {scope}}
        assert held.keys() - (await one.held()).keys() == gone
        assert await clones(one) == deep(one, 1)
        assert scope_id(gold(one)[0]) in await one.states()


async def test_companions_that_changed_beside_few_changes(
    engine: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Flavors that were read in documents come, those that the cloud itself told take their place."""
    async with installed(engine, sandbox, tmp_path) as one:
        failing = sandbox.fail(Fault(matching(service="ecs"), BROKEN))
        await one.run()
        served_before = await one.writer.served()
        assert served_before is not None
        before = await one.writer.companions(served_before)
        sandbox.faults.remove(failing)
        listing, images = gold(one)
        sandbox.cloud.patch(listing.region, images[1], name="renamed")
        run = await one.run(limits=replace(LIMITS, companions_every=0.0))
        assert (run.reason, run.exit, run.changed) == (None, 0, 1)
        served_now = await one.writer.served()
        assert served_now is not None
        after = await one.writer.companions(served_now)
        assert len(after.flavors) > len(before.flavors)
        assert after.os_versions == before.os_versions
        assert await clones(one) == deep(one, 1)
        assert await one.held() == one.model()

"""Runs that fail, are cut off or interrupted: what is served stays, and no secret shows."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from ims_catalog.sandbox.fault import Fault, Hang, Received, matching
from indexer.sources.credential import AccessKey
from tests.faults.installation import LIMITS, Installation, scope_id
from tests.faults.spoilt import BROKEN, gold


async def test_no_scope_complete_publishes_nothing(wide: Installation) -> None:
    wide.sandbox.fail(Fault(matching(service="ims"), BROKEN))
    run = await wide.run()
    assert (run.exit, run.outcome.value) == (1, "failed")
    assert "no scope could be listed whole" in str(run.reason)
    assert await wide.writer.served() is None


async def test_a_failed_run_leaves_what_is_served_and_its_age(wide: Installation) -> None:
    first = await wide.run()
    before, states = await wide.held(), await wide.states()
    wide.sandbox.fail(Fault(matching(), BROKEN))
    run = await wide.run()
    assert (run.exit, run.outcome.value, run.generation) == (1, "failed", first.generation)
    assert await wide.held() == before
    assert await wide.writer.served() == first.generation
    after = await wide.states()
    assert {name: one.last_complete for name, one in after.items()} == {
        name: one.last_complete for name, one in states.items()
    }
    assert {one.state.value for one in after.values()} == {"incomplete"}
    assert sum(one.carried for one in after.values()) == sum(one.seen for one in states.values())


async def test_silence_ends_with_the_deadlines(wide: Installation) -> None:
    listing = gold(wide)
    wide.sandbox.fail(Fault(matching(region=listing.region, image_type="gold"), Hang()))
    run = await wide.run(limits=replace(LIMITS, request_timeout=30.0, scope_deadline=2.0))
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(listing))
    assert state.reason == "the deadline passed; no page was seen"


async def test_case_19_the_deadline_of_the_run_ends_everything(wide: Installation) -> None:
    wide.sandbox.fail(Fault(matching(service="ims"), Hang()))
    run = await wide.run(limits=replace(LIMITS, request_timeout=30.0, run_deadline=0.5))
    assert run.exit == 1
    assert "the deadline passed" in str(run.reason)


async def test_a_run_that_is_interrupted_leaves_nothing_behind(wide: Installation) -> None:
    first = await wide.run()
    before = {path.name for path in wide.folder.iterdir()}
    asked = asyncio.Event()

    def market(received: Received) -> bool:
        if received.image_type == "market":
            asked.set()
        return received.image_type == "market"

    wide.sandbox.fail(Fault(market, Hang()))
    running = asyncio.create_task(wide.run(limits=replace(LIMITS, request_timeout=30.0)))
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert {path.name for path in wide.folder.iterdir()} == before
    assert await wide.writer.served() == first.generation
    latest = (await wide.ledger.runs(1))[0]
    assert (latest.outcome.value, latest.reason) == ("failed", "the run was interrupted")


def files_with(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def test_a_wrong_secret_is_reported_without_it(wide: Installation) -> None:
    secret = "a-secret-that-is-wrong-and-must-not-show"
    source = replace(wide.source, credential=AccessKey(SecretStr(wide.sandbox.access_key), SecretStr(secret)))
    run = await wide.run(source)
    assert run.exit == 1
    for text in (repr(run), str(run.reason), repr(source), repr(wide.sandbox.requests)):
        assert secret not in text
        assert wide.sandbox.access_key not in text
    assert not files_with(secret, wide.folder)

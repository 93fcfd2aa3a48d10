"""The ledger: written in one step, read by others meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engines.ledger import Outcome, Run, ScopeState, State
from tests.contract.engine import START, Engine

COMPLETE = ScopeState("prod/cn-north-4/gold", State.COMPLETE, None, START, START, seen=3, carried=0)
HELD = ScopeState("prod/cn-north-4/p/private", State.INCOMPLETE, "held", START, None, seen=1, carried=2)
RUN = Run(
    run="5f2c9a",
    started=START,
    finished=START + timedelta(minutes=2, microseconds=5),
    outcome=Outcome.PUBLISHED,
    exit=3,
    reason=None,
    generation="ims-catalog-3f9a1c2e-000007-20261124t061700z-5f2c9a",
    documents=3,
    added=1,
    changed=2,
    removed=0,
    unlisted=0,
    refused=1,
    problems={"name: too long": 2},
    scopes=(COMPLETE, HELD),
)


async def test_a_run_comes_back_as_it_was(engine: Engine) -> None:
    ledger = engine.ledger()
    assert await ledger.runs(10) == ()
    await ledger.record(RUN)
    assert await ledger.runs(10) == (RUN,)
    await ledger.close()


async def test_runs_come_newest_first_and_in_pages(engine: Engine) -> None:
    ledger = engine.ledger()
    runs = [replace(RUN, run=f"{number:06x}") for number in range(5)]
    for run in runs:
        await ledger.record(run)
    assert [run.run for run in await ledger.runs(2)] == ["000004", "000003"]
    assert [run.run for run in await ledger.runs(2, before="000003")] == ["000002", "000001"]
    assert await ledger.runs(2, before="unknown") == ()
    await ledger.close()


async def test_a_run_that_is_recorded_again_keeps_its_place(engine: Engine) -> None:
    ledger = engine.ledger()
    for run in (RUN, replace(RUN, run="aaaaaa"), replace(RUN, exit=0)):
        await ledger.record(run)
    assert [(run.run, run.exit) for run in await ledger.runs(9)] == [("aaaaaa", 3), ("5f2c9a", 0)]
    await ledger.close()


async def test_scope_states_are_the_last_ones(engine: Engine) -> None:
    ledger = engine.ledger()
    await ledger.record(RUN)
    later = replace(HELD, state=State.COMPLETE, reason=None, last_complete=START)
    await ledger.record(replace(RUN, run="aaaaaa", scopes=(later,)))
    assert await ledger.scope_states() == {COMPLETE.scope: COMPLETE, HELD.scope: later}
    await ledger.close()


async def test_another_reader_sees_what_is_written_and_the_revision_grows(engine: Engine) -> None:
    writer, reader = engine.ledger(), engine.ledger()
    revisions = [await reader.revision()]
    for number in range(3):
        await writer.record(replace(RUN, run=f"{number:06x}"))
        assert len(await reader.runs(9)) == number + 1
        assert len(await reader.scope_states()) == 2
        revisions.append(await reader.revision())
        assert await writer.revision() == revisions[-1]
    assert revisions == sorted(set(revisions))
    await writer.close()
    await reader.close()


async def test_the_ledger_outlives_its_opening(engine: Engine) -> None:
    first = engine.ledger()
    await first.record(RUN)
    revision = await first.revision()
    await first.close()
    second = engine.ledger()
    assert (await second.runs(1), await second.revision()) == ((RUN,), revision)
    await second.close()


@pytest.mark.parametrize("run", [replace(RUN, problems={}, scopes=(), reason="授权", generation=None)])
async def test_a_bare_run(engine: Engine, run: Run) -> None:
    ledger = engine.ledger()
    await ledger.record(run)
    assert await ledger.runs(1) == (run,)
    assert await ledger.scope_states() == {}
    await ledger.close()

"""The ledger as answers show it: the age that is told is that of the generation that is told."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from engines.base import EngineUnavailable
from engines.embedded.ledger import open_ledger
from engines.ledger import Outcome, Run, ScopeState, State
from search_api.caller import OPERATOR
from search_api.ledger_view import LOOK_SECONDS, LedgerView

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_run(number: int, generation: str) -> Run:
    at = NOON + timedelta(hours=number)
    state = ScopeState("s/r/gold", State.COMPLETE, None, at, at, seen=1, carried=0)
    return Run(
        run=f"run{number}",
        started=at,
        finished=at,
        outcome=Outcome.PUBLISHED,
        exit=0,
        reason=None,
        generation=generation,
        documents=1,
        added=0,
        changed=0,
        removed=0,
        unlisted=0,
        refused=0,
        problems={},
        scopes=(state,),
    )


@dataclass
class SlowLedger:
    """A ledger that answers when it is told to, or fails."""

    run: Run
    number: int = 1
    broken: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def record(self, run: Run) -> None:
        self.run, self.number = run, self.number + 1

    async def revision(self) -> int:
        self.asked += 1
        await self.answers.wait()
        if self.broken:
            raise EngineUnavailable("away")
        return self.number

    async def scope_states(self) -> Mapping[str, ScopeState]:
        await asyncio.sleep(0)
        return {state.scope: state for state in self.run.scopes}

    async def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        del limit, before
        await asyncio.sleep(0)
        return [self.run]

    async def close(self) -> None:
        return None


async def settled() -> None:
    """Let what was begun in the background come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_old_generation_is_not_told_to_be_new(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    seconds = [0.0]
    view = LedgerView(ledger, lambda: seconds[0])
    await ledger.record(a_run(1, "first"))
    assert b"2026-11-24T13:00:00Z" in (await view.current("first")).catalog("first", OPERATOR)
    await ledger.record(a_run(2, "second"))
    seconds[0] += LOOK_SECONDS
    assert b"2026-11-24T13:00:00Z" in (await view.current("first")).catalog("first", OPERATOR)
    assert b"2026-11-24T14:00:00Z" in (await view.current("second")).catalog("second", OPERATOR)
    await ledger.record(replace(a_run(3, "second"), outcome=Outcome.UNCHANGED))
    seconds[0] += LOOK_SECONDS
    await view.current("second")
    await settled()
    assert b"2026-11-24T15:00:00Z" in (await view.current("second")).catalog("second", OPERATOR)
    await ledger.close()


def stands(scope: str, state: State, hour: int, *, complete: int | None = None, **more: object) -> ScopeState:
    """Where a scope stands after an attempt at an hour, listed whole last at `complete`."""
    at = NOON + timedelta(hours=hour)
    whole = None if complete is None else NOON + timedelta(hours=complete)
    return replace(ScopeState(scope, state, None, at, whole, seen=1, carried=0), **more)  # type: ignore[arg-type]


async def test_a_run_that_passes_a_held_scope_by_does_not_make_it_whole(tmp_path: Path) -> None:
    """Its own entry says no more of it than that it was not due."""
    ledger = open_ledger(tmp_path)
    seconds = [0.0]
    view = LedgerView(ledger, lambda: seconds[0])
    gold, market = "s/r/gold", "t/r/market"
    held = stands(gold, State.INCOMPLETE, 2, complete=1, held=True, carried=3, reason="held: too small")
    whole = stands(market, State.COMPLETE, 2, complete=2)
    await ledger.record(replace(a_run(2, "first"), scopes=(held, whole)))
    passing = stands(gold, State.NOT_DUE, 2, complete=1)
    later = stands(market, State.COMPLETE, 3, complete=3)
    for number, outcome in ((3, Outcome.UNCHANGED), (4, Outcome.UNCHANGED)):
        await ledger.record(replace(a_run(number, "first"), outcome=outcome, scopes=(passing, later)))
        seconds[0] += LOOK_SECONDS
        await view.current("first")
        await settled()
        revision = await view.current("first")
        assert revision.states == {gold: held, market: later}
        told = orjson.loads(revision.catalog("first", OPERATOR))
        assert (told["as_of"], told["scopes"]) == ("2026-11-24T13:00:00Z", {"complete": 1, "total": 2})
        assert [one["scope"] for one in told["incomplete"]] == [gold]
        freshness = revision.freshness(OPERATOR)
        assert freshness.carried_from((gold,)) == held.last_complete
    # Another generation, in which it is whole again, is not what the first one shows.
    again = stands(gold, State.COMPLETE, 5, complete=5)
    await ledger.record(replace(a_run(5, "second"), scopes=(again, later)))
    seconds[0] += LOOK_SECONDS
    await view.current("first")
    await settled()
    assert (await view.current("first")).states[gold] == passing
    assert (await view.current("second")).states[gold] == again
    await ledger.close()


async def test_a_generation_that_no_run_tells_of_is_as_the_ledger_is(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    view = LedgerView(ledger, lambda: 0.0)
    await ledger.record(a_run(1, "first"))
    assert b"2026-11-24T13:00:00Z" in (await view.current("unknown")).catalog("unknown", OPERATOR)
    await ledger.close()


async def test_the_first_questions_all_wait_until_the_ledger_was_read() -> None:
    ledger = SlowLedger(a_run(1, "first"))
    view = LedgerView(ledger, lambda: 0.0)
    asking = [asyncio.create_task(view.current("first")) for _ in range(3)]
    await settled()
    assert not any(one.done() for one in asking)
    ledger.answers.set()
    told = await asyncio.gather(*asking)
    assert [(one.number, set(one.states)) for one in told] == [(1, {"s/r/gold"})] * 3
    assert ledger.asked == 1


async def test_a_ledger_that_was_never_read_is_no_empty_one() -> None:
    ledger = SlowLedger(a_run(1, "first"), broken=True)
    ledger.answers.set()
    view = LedgerView(ledger, lambda: 0.0)
    for _ in range(2):
        with pytest.raises(EngineUnavailable, match="away"):
            await view.current("first")
    ledger.broken = False
    assert set((await view.current("first")).states) == {"s/r/gold"}


async def test_what_was_read_answers_while_the_ledger_does_not(caplog: pytest.LogCaptureFixture) -> None:
    seconds = [0.0]
    ledger = SlowLedger(a_run(1, "first"))
    ledger.answers.set()
    view = LedgerView(ledger, lambda: seconds[0])
    await view.current("first")
    ledger.answers.clear()
    await ledger.record(a_run(2, "first"))
    seconds[0] += LOOK_SECONDS
    assert (await view.current("first")).number == 1
    ledger.broken = True
    ledger.answers.set()
    for _ in range(3):
        await settled()
        seconds[0] += LOOK_SECONDS
        assert (await view.current("first")).number == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the ledger cannot be read, answers tell what it was before: away"
    ]
    ledger.broken = False
    await settled()
    seconds[0] += LOOK_SECONDS
    await view.current("first")
    await settled()
    assert (await view.current("first")).number == 2
    await view.close()


async def test_a_generation_that_no_run_tells_of_is_waited_for_once() -> None:
    """A publish whose run could not be recorded, while the ledger hangs: later questions go on at once."""
    seconds = [0.0]
    ledger = SlowLedger(a_run(1, "first"))
    ledger.answers.set()
    view = LedgerView(ledger, lambda: seconds[0])
    await view.current("first")
    ledger.answers.clear()
    seconds[0] += LOOK_SECONDS
    waiting = asyncio.create_task(view.current("untold"))
    await settled()
    assert not waiting.done()
    ledger.broken = True
    ledger.answers.set()
    assert (await waiting).number == 1
    ledger.answers.clear()
    seconds[0] += LOOK_SECONDS
    async with asyncio.timeout(5):
        assert (await view.current("untold")).number == 1
    await settled()
    assert ledger.asked == 3
    # What is recorded later is told, and may be waited for anew.
    ledger.broken = False
    await ledger.record(a_run(2, "second"))
    ledger.answers.set()
    await settled()
    assert (await view.current("untold")).number == 2
    await view.close()


async def test_a_view_that_is_closed_waits_for_nothing() -> None:
    view = LedgerView(SlowLedger(a_run(1, "first")), lambda: 0.0)
    asking = asyncio.create_task(view.current("first"))
    await settled()
    await view.close()
    with pytest.raises(asyncio.CancelledError):
        await asking

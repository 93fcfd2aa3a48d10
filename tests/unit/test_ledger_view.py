"""The ledger as answers show it: the age that is told is that of the generation that is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
    assert b"2026-11-24T15:00:00Z" in (await view.current("second")).catalog("second", OPERATOR)
    await ledger.close()


async def test_a_generation_that_no_run_tells_of_is_as_the_ledger_is(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    view = LedgerView(ledger, lambda: 0.0)
    await ledger.record(a_run(1, "first"))
    assert b"2026-11-24T13:00:00Z" in (await view.current("unknown")).catalog("unknown", OPERATOR)
    await ledger.close()

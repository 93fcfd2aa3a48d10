"""What becomes of a run whose time has come: done, done by another, in the way, failed; what is logged."""

import asyncio
import logging
import random
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engines.base import EngineUnavailable, WriterBusy
from engines.clock import Clock
from engines.embedded.ledger import open_ledger
from engines.embedded.writer import open_writer
from engines.ledger import Outcome, Run, ScopeState, State
from ims_catalog.configuration import ConfigurationError
from ims_catalog.schedule import ScheduledRuns, StillDue, last_attempts, timetables
from ims_catalog.settings import Settings
from indexer.cron import Cron
from indexer.schedule import Due, Timetable, Watch, follow
from tests.contract.engine import START, HandClock
from tests.contract.test_ledger_rules import RUN
from tests.soak import SOAKING

SLOT = START
DUE = (Due(("prod",), SLOT, 0),)


def state(source: str, attempt: datetime, reason: str | None = None) -> ScopeState:
    whole = State.COMPLETE if reason is None else State.INCOMPLETE
    return ScopeState(
        scope=f"{source}/r/gold",
        state=whole,
        reason=reason,
        last_attempt=attempt,
        last_complete=attempt,
        seen=1,
        carried=0,
    )


def run_of(number: int, *scopes: ScopeState, outcome: Outcome = Outcome.PUBLISHED) -> Run:
    failed = outcome is Outcome.FAILED
    code = 1 if failed else 3 if any(one.reason for one in scopes) else 0
    return replace(
        RUN,
        run=f"20261124t06{number:02}00z-{number:06x}",
        outcome=outcome,
        exit=code,
        reason=f"no scope could be listed whole: 503 after {number} tries" if failed else None,
        scopes=scopes,
    )


class Script:
    """Gives or raises one thing after the other, and keeps what was due."""

    def __init__(self, *told: Run | Exception, states: Mapping[str, ScopeState] | None = None) -> None:
        self.told = list(told)
        self.states = states or {}
        self.due: list[AbstractSet[str]] = []

    async def __call__(self, still_due: StillDue) -> Run | None:
        self.due.append(still_due(self.states))
        if not self.due[-1]:
            return None
        said = self.told.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    return [one.message for one in caplog.records if one.levelno >= level]


async def several(script: Script, count: int) -> ScheduledRuns:
    runs = ScheduledRuns(script, HandClock().clock)
    for _ in range(count):
        await runs(DUE)
    return runs


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(run_of(1, outcome=Outcome.FAILED), id="a failed run"),
        pytest.param(run_of(1, state("prod", START, "HTTP 503")), id="a run that is not whole"),
        pytest.param(EngineUnavailable("cannot connect to http://127.0.0.1:9200"), id="no engine"),
        pytest.param(ConfigurationError("no secret"), id="no secret"),
        pytest.param(ZeroDivisionError("a mistake"), id="a mistake in the program"),
    ],
)
async def test_a_trouble_is_logged_once_and_its_end_once(
    trouble: Run | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    again = (
        trouble
        if isinstance(trouble, Exception)
        else replace(
            trouble,
            run="20261124t071700z-00abcd",
            reason=trouble.reason and trouble.reason.replace("1 tries", "22 tries"),
        )
    )
    await several(Script(trouble, again, again, run_of(4), run_of(5), trouble), 6)
    said = logged(caplog)
    assert len(said) == 3, said
    assert said[1] == "runs are well again, after 3 that were not"
    assert "Traceback" not in caplog.text


async def test_another_trouble_is_another(caplog: pytest.LogCaptureFixture) -> None:
    await several(Script(EngineUnavailable("away"), ConfigurationError("no secret"), run_of(3)), 3)
    assert len(logged(caplog)) == 3


async def test_who_is_in_the_way_is_said_once_and_the_time_counts_as_missed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    busy = WriterBusy("process 7 on builder (since 2026-11-24 06:17:00 UTC, run 20261124t061700z-5f2c9a) is")
    runs = await several(Script(busy, busy, run_of(1)), 3)
    assert runs.missed == 2
    assert [line.split(" (")[0] for line in logged(caplog)] == [
        "a run was left out: process 7 on builder",
        "runs are well again, after 2 that were not",
    ]


async def test_scopes_that_are_incomplete_or_held_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    scopes = (
        state("prod", START),
        state("near", START, "HTTP 503"),
        replace(state("far", START, "held: it lost 90 of 100"), held=True),
    )
    await several(Script(run_of(1, *scopes)), 1)
    assert logged(caplog, logging.INFO)[0].endswith(", scopes: 1 incomplete, 1 held, of 3")


async def test_missed_runs_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    runs = ScheduledRuns(Script(run_of(1), run_of(2)), HandClock().clock)
    await runs([Due(("prod",), SLOT, 2), Due(("other",), SLOT, 1)])
    await runs([Due(("prod",), SLOT, 4)])
    assert (runs.ended, runs.missed) == (2, 7)
    assert logged(caplog)[-1] == "4 runs were missed; this one stands for them (7 so far)"


@pytest.mark.parametrize(
    ("attempt", "due"),
    [
        pytest.param(None, True, id="never tried"),
        pytest.param(SLOT - timedelta(seconds=1), True, id="before its time"),
        pytest.param(SLOT, False, id="another process at its time"),
        pytest.param(SLOT + timedelta(hours=1), False, id="another whose clock is ahead"),
        pytest.param(SLOT + timedelta(days=4000), True, id="a clock that was far out"),
    ],
)
async def test_what_another_process_did_is_left_out(attempt: datetime | None, due: bool) -> None:
    states = {} if attempt is None else {"prod/r/gold": state("prod", attempt)}
    script = Script(run_of(1), states=states)
    await several(script, 1)
    assert script.due == [{"prod/"} if due else set()]


async def test_what_this_process_did_itself_is_no_reason() -> None:
    """Its clock was set back: the time comes round again, and enough has gone by."""
    mine = state("prod", SLOT + timedelta(minutes=50))
    script = Script(run_of(1, mine), run_of(2, mine))
    runs = ScheduledRuns(script, HandClock().clock)
    await runs(DUE)
    script.states = {mine.scope: mine}
    await runs(DUE)
    assert script.due == [{"prod/"}, {"prod/"}]


async def test_only_the_sources_that_are_due_are_crawled() -> None:
    script = Script(run_of(1), states={"near/r/gold": state("near", SLOT)})
    runs = ScheduledRuns(script, HandClock().clock)
    await runs([Due(("prod", "near"), SLOT, 0), Due(("far",), SLOT, 0)])
    assert script.due == [{"prod/", "far/"}]


def test_sources_of_one_time_go_together() -> None:
    source = {"regions": ["r"], "auth": {"kind": "none"}}
    given = Settings.model_validate(
        {
            "schedule": {"cron": "@hourly", "timezone": "Europe/Berlin"},
            "sources": [
                {"name": "a", **source},
                {"name": "b", **source, "schedule": "*/5 * * * *"},
                {"name": "c", **source},
            ],
        }
    )
    tables = timetables(given)
    assert [(one.cron.expression, one.sources) for one in tables] == [
        ("@hourly", ("a", "c")),
        ("*/5 * * * *", ("b",)),
    ]
    assert str(tables[0].cron.zone) == "Europe/Berlin"


TIMES = 1_000 if SOAKING else 200
"""Two schedulers begin together so often in one test."""


@pytest.mark.timeout(900 if SOAKING else 300)
async def test_case_21_two_schedulers_make_one_run_of_each_time(tmp_path: Path) -> None:
    """Two that begin together, on one catalogue, each late in its own way: a run for each time."""
    world = _Shared(tmp_path)
    watching = [
        asyncio.create_task(
            follow(
                [Watch(Timetable(Cron("* * * * *"), ("prod",), 12.0), START, random.Random(seed))],
                world.clock,
                ScheduledRuns(world.reindex, world.clock),
            )
        )
        for seed in (1, 2)
    ]
    while len(world.began) < TIMES:
        await world.turn()
        for task in watching:
            assert not task.done(), task.exception()
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    slots = [moment.replace(second=0, microsecond=0) for moment in world.began]
    assert len(set(slots)) == len(slots)
    assert slots == [slots[0] + timedelta(minutes=number) for number in range(len(slots))]


class _Shared:
    """One catalogue with its lock and its ledger, and the clock that both schedulers live by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 0.0
        self.began: list[datetime] = []
        self.going_on = 0
        self.waking: list[tuple[float, asyncio.Future[None]]] = []
        self.draw = random.Random(3)

    @property
    def clock(self) -> Clock:
        return Clock(self.now, lambda: self.seconds, self.sleep)

    def now(self) -> datetime:
        return (START + timedelta(seconds=self.seconds)).astimezone(UTC)

    async def sleep(self, seconds: float) -> None:
        waking = asyncio.get_running_loop().create_future()
        self.waking.append((self.seconds + max(seconds, 0.01), waking))
        await waking

    async def turn(self) -> None:
        """Move the clock to whoever wakes next, once all others sleep."""
        for _ in range(5):
            await asyncio.sleep(0)
        if self.waking:
            self.waking.sort(key=lambda one: one[0])
            self.seconds, waking = self.waking.pop(0)
            waking.set_result(None)

    async def reindex(self, still_due: StillDue) -> Run | None:
        writer, ledger = open_writer(self.folder, clock=self.clock), open_ledger(self.folder)
        try:
            if not still_due(await ledger.scope_states()):
                return None
            assert self.going_on == 0
            self.going_on += 1
            self.began.append(self.now())
            begun = self.now()
            await self.sleep(self.draw.choice([0.1, 4.0, 18.0]))
            run = replace(run_of(0, state("prod", begun)), run=f"run-{len(self.began)}")
            await ledger.record(run)
            self.going_on -= 1
            return run
        finally:
            await ledger.close()
            await writer.close()


def test_the_last_attempt_of_a_source_is_the_newest_of_its_scopes() -> None:
    later = SLOT + timedelta(minutes=1)
    states = {"a": state("prod", SLOT), "b": state("prod", later), "c": state("near", SLOT)}
    states = {f"{one.scope}/{name}": one for name, one in states.items()}
    assert last_attempts(states) == {"prod": later, "near": SLOT}

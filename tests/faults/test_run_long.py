"""A run that takes as long as three lie apart, by the clock and with the catalogue that both are real."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from engines.clock import Clock
from engines.ledger import Run
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.fault import Fault, Hang, Received
from ims_catalog.sandbox.login import ACCOUNT, PASSWORD, USER
from ims_catalog.sandbox.server import start_sandbox
from ims_catalog.schedule import ScheduledRuns, StillDue
from indexer.choice import Choice
from indexer.cron import Cron
from indexer.schedule import Timetable, Watch, follow
from indexer.sources.credential import Password
from tests.faults.installation import LIMITS, installed

ESTATE = draw_estate(images=40, seed=24, regions=1, projects=2)
START = datetime(2026, 11, 24, 6, 10, tzinfo=UTC)
PATIENT = replace(LIMITS, scope_deadline=86_400.0, run_deadline=86_400.0)
END = 6.2 * 3600.0


class Hours:
    """Time that passes while somebody sleeps, and while the cloud lets a run wait."""

    def __init__(self) -> None:
        self.passed = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: START + timedelta(seconds=self.passed), lambda: self.passed, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.passed += max(seconds, 0.001)
        if self.passed >= END:
            raise asyncio.CancelledError
        await asyncio.sleep(0)


async def test_case_24_no_run_overlaps_and_those_missed_are_one_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hours = Hours()
    waited: list[Received] = []

    def slow(received: Received) -> bool:
        if received.image_type == "gold" and not waited:
            waited.append(received)
            hours.passed += 3 * 3600.0
        return False

    async with (
        await start_sandbox(ESTATE, now=hours.clock.now) as sandbox,
        installed(sandbox, tmp_path) as opened,
    ):
        one = replace(opened, clock=hours.clock)
        sandbox.fail(Fault(slow, Hang()))
        # Not keys: what is signed is good for a quarter of an hour.
        source = replace(one.source, credential=Password(USER, ACCOUNT, SecretStr(PASSWORD)))

        async def reindex(still_due: StillDue) -> Run | None:
            due = still_due(await one.ledger.scope_states())
            return await one.run(source, limits=PATIENT, choice=Choice(due)) if due else None

        runs = ScheduledRuns(reindex, hours.clock)
        watch = Watch(Timetable(Cron("17 * * * *"), ("prod",)), START, random.Random(24))
        with pytest.raises(asyncio.CancelledError):
            await follow([watch], hours.clock, runs)
        told = sorted(await one.ledger.runs(100), key=lambda run: run.started)
        assert await one.held() == one.model()
    assert [f"{run.started:%H:%M}" for run in told] == ["06:17", "09:17", "10:17", "11:17", "12:17"]
    assert all(earlier.finished <= later.started for earlier, later in pairwise(told)), "never two at once"
    assert {run.exit for run in told} == {0}
    assert runs.missed == 2
    assert [record.message for record in caplog.records if "missed" in record.message] == [
        "2 runs were missed; this one stands for them (2 so far)"
    ]

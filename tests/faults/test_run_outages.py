"""Runs through a throttled or broken cloud, minutes long by a clock that passes only while all wait."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from ims_catalog.sandbox.answer import Answer, throttled
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.fault import Fault, Received
from ims_catalog.sandbox.server import start_sandbox
from indexer.limits import Limits
from tests.faults.installation import Installation, installed
from tests.virtual_time import WIRED_TURNS, VirtualTime

ESTATE = draw_estate(images=300, seed=16, regions=2, projects=4)
ILL, WELL = ESTATE.regions
LIMITS = Limits()
"""Those of the program."""


@dataclass
class Watched:
    """When images were asked for, by region: seconds since the beginning."""

    time: VirtualTime
    asked: dict[str, list[float]] = field(default_factory=lambda: {ILL: [], WELL: []})
    failed: list[float] = field(default_factory=list)

    def strike(self, fails: Callable[[Received], bool]) -> Callable[[Received], bool]:
        def picks(received: Received) -> bool:
            if received.service != "ims" or received.region is None:
                return False
            self.asked[received.region].append(self.time.passed)
            struck = received.region == ILL and fails(received)
            if struck:
                self.failed.append(self.time.passed)
            return struck

        return picks


@asynccontextmanager
async def timed(folder: Path) -> AsyncIterator[tuple[Watched, Installation]]:
    time = VirtualTime(WIRED_TURNS)
    async with await start_sandbox(ESTATE, now=time.clock.now) as sandbox, installed(sandbox, folder) as one:
        yield Watched(time), replace(one, clock=time.clock)


async def test_case_16_nothing_is_asked_while_the_cloud_wants_a_pause(tmp_path: Path) -> None:
    async with timed(tmp_path) as (watched, one):
        first = watched.strike(lambda received: received.image_type == "gold" and not watched.failed)
        one.sandbox.fail(Fault(first, throttled("30")))
        run = await watched.time.run(one.run(limits=LIMITS))
        assert run.exit == 0
        assert await one.held() == one.model()
    (told,) = watched.failed
    later = [moment for moment in watched.asked[ILL] if moment > told]
    assert told + 30.0 <= min(later) <= told + 30.0 + LIMITS.first_wait + 1.0
    slower = 2 / LIMITS.requests_per_second
    assert all(after - before >= slower - 1e-6 for before, after in pairwise(later)), "at half the rate"
    assert max(watched.asked[WELL]) < told + 30.0, "another region does not wait"


@pytest.mark.parametrize("asked", ["1000000000", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_case_16_who_is_throttled_for_ever_waits_for_a_bounded_time(tmp_path: Path, asked: str) -> None:
    async with timed(tmp_path) as (watched, one):
        await watched.time.run(one.run(limits=LIMITS))
        before, begin = await one.held(), watched.time.passed
        one.sandbox.fail(
            Fault(watched.strike(lambda received: received.image_type == "gold"), throttled(asked))
        )
        run = await watched.time.run(one.run(limits=LIMITS))
        assert run.exit == 3
        (incomplete,) = [state for state in run.scopes if state.reason]
        assert incomplete.scope == f"prod/{ILL}/gold"
        assert "throttled" in str(incomplete.reason)
        assert await one.held() == before
    assert len(watched.failed) == LIMITS.attempts
    apart = [after - before for before, after in pairwise(watched.failed)]
    assert all(LIMITS.longest_wait <= each <= LIMITS.longest_wait + LIMITS.first_wait + 1.0 for each in apart)
    assert watched.time.passed - begin <= LIMITS.scope_deadline


async def test_case_17_a_minute_without_service_costs_few_requests_and_no_image(tmp_path: Path) -> None:
    outage = 60.0
    async with timed(tmp_path) as (watched, one):
        fails = watched.strike(lambda _: watched.time.passed < outage)
        one.sandbox.fail(Fault(fails, Answer(503, b"<html>busy</html>")))
        run = await watched.time.run(one.run(limits=LIMITS))
        assert run.exit == 0
        assert await one.held() == one.model()
    opening = LIMITS.failures_in_a_row + LIMITS.concurrency
    assert len(watched.failed) <= opening + outage / LIMITS.probe_every
    probes = watched.failed[opening:]
    assert len(probes) >= 3
    assert all(after - before >= LIMITS.probe_every for before, after in pairwise(probes)), "one at a time"
    back = min(moment for moment in watched.asked[ILL] if moment >= outage)
    assert back <= outage + LIMITS.probe_every + 1.0, "found out within an interval"
    assert max(watched.asked[WELL]) < outage, "another region does not wait"

"""Runs at the times that were set: late ones, missed ones, jumping clocks, and never two at once."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.clock import Clock
from indexer.cron import Cron
from indexer.schedule import MOST_COUNTED, STEP_SECONDS, Due, Timetable, Watch, follow

START = datetime(2026, 11, 24, 6, 10, tzinfo=UTC)
HOURLY = Cron("17 * * * *")
OFTEN = Cron("*/5 * * * *")
MINUTES = 60.0
HOURS = 3600.0


@dataclass
class Began:
    """A run: what was due, and when it began by each clock."""

    due: Due
    wall: datetime
    monotonic: float


@dataclass
class World:
    """Clocks that only what sleeps moves, and a wall clock that can jump when a moment comes."""

    jumps: list[tuple[float, timedelta]] = field(default_factory=list)
    lasts: list[float] = field(default_factory=list)
    until: float = 6 * HOURS
    now: datetime = START
    monotonic: float = 0.0
    began: list[Began] = field(default_factory=list)
    running: int = 0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.monotonic, self.sleep)

    async def sleep(self, seconds: float) -> None:
        assert 0 <= seconds <= STEP_SECONDS
        self.go_on(seconds or 0.001)
        if self.monotonic >= self.until:
            raise asyncio.CancelledError

    def go_on(self, seconds: float) -> None:
        self.monotonic += seconds
        self.now += timedelta(seconds=seconds)
        while self.jumps and self.jumps[0][0] <= self.monotonic:
            self.now += self.jumps.pop(0)[1]

    async def run(self, due: Sequence[Due]) -> None:
        assert self.running == 0
        self.running += 1
        for one in due:
            self.began.append(Began(one, self.now, self.monotonic))
        self.go_on(self.lasts.pop(0) if self.lasts else 1.0)
        await asyncio.sleep(0)
        self.running -= 1

    def follow(self, *timetables: Timetable, last: datetime | None = START) -> list[Began]:
        watches = [Watch(one, last, random.Random(7)) for one in timetables]
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(follow(watches, self.clock, self.run))
        return self.began

    @property
    def slots(self) -> list[str]:
        return [f"{one.due.slot:%d %H:%M}" for one in self.began]

    @property
    def missed(self) -> list[int]:
        return [one.due.missed for one in self.began]


def hourly(jitter: float = 0.0) -> Timetable:
    return Timetable(HOURLY, ("prod",), jitter)


def test_each_time_has_its_run() -> None:
    world = World()
    for one in world.follow(hourly()):
        assert 0 <= (one.wall - one.due.slot).total_seconds() <= STEP_SECONDS
    assert world.slots == [f"24 {hour:02}:17" for hour in range(6, 12)]
    assert set(world.missed) == {0}


def test_a_run_begins_late_by_a_part_of_the_jitter() -> None:
    late = [(one.wall - one.due.slot).total_seconds() for one in World().follow(hourly(5 * MINUTES))]
    assert len(late) == 6
    assert all(0 <= seconds <= 5 * MINUTES + STEP_SECONDS for seconds in late)
    assert max(late) - min(late) > 30


def test_a_jitter_longer_than_the_time_between_two_leaves_none_out() -> None:
    world = World(until=2 * HOURS)
    world.follow(Timetable(OFTEN, ("prod",), 1 * HOURS))
    assert len(world.began) + sum(world.missed) == 23


@pytest.mark.parametrize(
    ("last", "first", "missed"),
    [
        pytest.param(None, "24 06:10", 0, id="never: at once"),
        pytest.param(START - timedelta(minutes=30), "24 06:17", 0, id="nothing was missed"),
        pytest.param(START - timedelta(minutes=55), "24 05:17", 0, id="one is late"),
        pytest.param(START - timedelta(hours=10, minutes=55), "24 05:17", 10, id="eleven are one"),
        pytest.param(START + timedelta(hours=2), "24 06:17", 0, id="the clock was ahead"),
    ],
)
def test_what_was_missed_before_the_start_is_one_late_run(
    last: datetime | None, first: str, missed: int
) -> None:
    world = World()
    began = world.follow(hourly(5 * MINUTES), last=last)
    assert (world.slots[0], world.missed[0]) == (first, missed)
    assert world.slots[-1] == "24 11:17"
    assert first == "24 06:17" or began[0].monotonic == 0


def test_case_24_times_that_come_while_a_run_goes_on_are_one() -> None:
    """A run that takes three times as long as lies between two: one late run follows, the others count."""
    world = World(lasts=[3 * HOURS])
    world.follow(hourly())
    assert world.slots == ["24 06:17", "24 09:17", "24 10:17", "24 11:17"]
    assert world.missed == [0, 2, 0, 0]


def test_sources_that_are_due_together_are_one_run() -> None:
    seen: list[list[str]] = []

    class Noting(World):
        async def run(self, due: Sequence[Due]) -> None:
            seen.append([source for one in due for source in one.sources])
            await super().run(due)

    world = Noting(until=80 * MINUTES, lasts=[*[1.0] * 13, 20 * MINUTES])
    world.follow(hourly(), Timetable(OFTEN, ("near", "far")))
    assert seen.count(["near", "far"]) >= 8
    assert seen[-1] == ["prod", "near", "far"]


@pytest.mark.parametrize(
    ("jump", "cron", "slots"),
    [
        pytest.param(timedelta(hours=1), HOURLY, "06 07 08 09 10 11 12", id="an hour ahead"),
        pytest.param(timedelta(hours=-1), HOURLY, "06 06 07 08 09 10", id="an hour back: as much later"),
        pytest.param(timedelta(minutes=-10), HOURLY, "06 07 08 09 10 11", id="ten minutes back"),
        pytest.param(timedelta(seconds=-1), HOURLY, "06 07 08 09 10 11", id="a second back"),
    ],
)
def test_case_23_a_jump_of_the_wall_clock(jump: timedelta, cron: Cron, slots: str) -> None:
    world = World(jumps=[(7 * MINUTES + 4, jump)])
    world.follow(Timetable(cron, ("prod",)))
    assert [slot[3:5] for slot in world.slots] == slots.split()


@pytest.mark.parametrize("back", [timedelta(hours=-1), timedelta(days=-1), timedelta(minutes=-7)])
def test_a_clock_set_back_holds_up_no_more_than_one(back: timedelta) -> None:
    world = World(jumps=[(31 * MINUTES, back)], until=3 * HOURS)
    world.follow(Timetable(OFTEN, ("prod",)))
    apart = [later.monotonic - earlier.monotonic for earlier, later in pairwise(world.began)]
    assert min(apart) >= 5 * MINUTES - STEP_SECONDS
    assert max(apart) <= 10 * MINUTES + STEP_SECONDS
    assert len(world.began) >= 34


def test_case_23_the_clock_leaps_to_2038_and_back() -> None:
    far = timedelta(days=4200)
    world = World(jumps=[(31 * MINUTES, far), (61 * MINUTES, -far)], until=3 * HOURS)
    began = world.follow(Timetable(OFTEN, ("prod",)))
    assert {one.wall.year for one in began} == {2026, 2038}
    assert max(world.missed) == MOST_COUNTED - 1
    apart = [later.monotonic - earlier.monotonic for earlier, later in pairwise(began)]
    assert max(apart) <= 10 * MINUTES + STEP_SECONDS
    assert 33 <= len(began) <= 37


@pytest.mark.parametrize(
    ("begin", "slots"),
    [
        pytest.param("2026-03-29T00:10+01:00", ["00:30", "01:00"], id="spring: right after the gap"),
        pytest.param("2026-10-25T00:10+02:00", ["22:30", "00:30"], id="autumn: once"),
    ],
)
def test_case_23_the_nights_when_the_clock_is_set(begin: str, slots: list[str]) -> None:
    """A time that the clock leaves out has its run, one that comes twice has one."""
    start = datetime.fromisoformat(begin).astimezone(UTC)
    berlin = ZoneInfo("Europe/Berlin")
    world = World(now=start)
    world.follow(
        Timetable(Cron("30 0 * * *", berlin), ("a",)),
        Timetable(Cron("30 2 * * *", berlin), ("b",)),
        last=start,
    )
    assert len(world.slots) == 2
    assert [one.due.sources for one in world.began] == [("a",), ("b",)]


CRONS = st.sampled_from(["*/5 * * * *", "17 * * * *", "0 */2 * * *", "3,4,50 * * * *", "30 2 * * *"])


@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    expression=CRONS,
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")]),
    minutes=st.integers(0, 212 * 24 * 60),
    jitter=st.sampled_from([0.0, 30.0, 300.0, 7200.0]),
    looks=st.lists(st.floats(0.5, 9000.0), min_size=5, max_size=30),
    seed=st.integers(0, 1000),
)
def test_every_time_is_run_or_counted_once(
    *,
    expression: str,
    zone: ZoneInfo,
    minutes: int,
    jitter: float,
    looks: list[float],
    seed: int,
) -> None:
    """Against the list of times: however far apart the looks are, none is lost and none counts twice."""
    now = begin = datetime(2026, 3, 28, tzinfo=UTC) + timedelta(minutes=minutes)
    cron = Cron(expression, zone)
    watch, monotonic = Watch(Timetable(cron, ("prod",), jitter), begin, random.Random(seed)), 0.0
    ran: list[Due] = []
    for seconds in looks:
        monotonic += seconds
        now += timedelta(seconds=seconds)
        watch.look(now, monotonic)
        if watch.due(monotonic):
            ran.append(watch.take())
            gap = (cron.next(ran[-1].slot) - ran[-1].slot).total_seconds()
            assert ran[-1].slot == cron.newest(now)
            assert gap > 0
    if watch.due(monotonic + jitter):
        ran.append(watch.take())
    came = list(takewhile(lambda time: time <= now, cron.after(begin)))
    assert len(ran) + sum(one.missed for one in ran) == len(came)
    assert [one.slot for one in ran] == sorted({one.slot for one in ran})
    assert {one.slot for one in ran} <= set(came)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    at=st.floats(0.0, 2 * HOURS),
    jump=st.one_of(
        st.floats(-2 * HOURS, 2 * HOURS), st.sampled_from([-HOURS, HOURS, -86400.0, 86400.0, 3.6e8, -3.6e8])
    ),
    looks=st.lists(st.floats(2.0, STEP_SECONDS), min_size=1, max_size=20),
    jitter=st.sampled_from([0.0, 200.0]),
    seed=st.integers(0, 1000),
)
def test_case_23_one_jump_doubles_none_and_holds_up_one_at_most(
    at: float, jump: float, looks: list[float], jitter: float, seed: int
) -> None:
    now, monotonic, jumped = START, 0.0, False
    watch = Watch(Timetable(OFTEN, ("prod",), jitter), START, random.Random(seed))
    ran: list[tuple[datetime, float]] = []
    step = 0
    while monotonic < 3 * HOURS:
        seconds = looks[step % len(looks)] * 6
        step += 1
        monotonic += seconds
        now += timedelta(seconds=seconds)
        if not jumped and monotonic >= at:
            jumped, now = True, now + timedelta(seconds=jump)
        watch.look(now, monotonic)
        if watch.due(monotonic):
            ran.append((watch.take().slot, monotonic))
    slack = jitter + 6 * STEP_SECONDS
    for (slot, begun), (after, next_begun) in pairwise(ran):
        assert next_begun - begun <= 10 * MINUTES + slack
        if slot == after:
            assert next_begun - begun >= 5 * MINUTES - slack
    assert len(ran) >= 34 - (1 if jump < 0 else 0) - 1
    assert len(ran) <= 38

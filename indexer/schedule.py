"""`follow`: runs at the times that were set, whatever the clock on the wall does.

A `Watch` looks at the clock again and again. What lies between two looks has come; where the wall clock was
set back nothing has. So what came while a run went on, or while the machine slept, is one run that is late,
and the others are counted. All waiting goes by the monotonic clock, in short steps.
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from engines.clock import Clock
from indexer.cron import Cron

STEP_SECONDS = 5.0
"""How soon a jump of the wall clock is seen."""

MOST_COUNTED = 1000
"""Times that came at once are counted up to here: a clock may jump by decades."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Sources that are crawled together. `jitter` in seconds: each run begins late by a part of it."""

    cron: Cron
    sources: tuple[str, ...]
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Due:
    """Sources whose time has come: `slot` is that time. `missed` times before it had no run of their own."""

    sources: tuple[str, ...]
    slot: datetime
    missed: int


class Watch:
    """Tells when it is time by one timetable."""

    def __init__(self, timetable: Timetable, last: datetime | None, draw: random.Random) -> None:
        """`last` is when its sources were crawled last; where they never were it is time at once."""
        self.timetable = timetable
        self._draw = draw
        self._seen = last
        self._next: datetime | None = None
        self._slot: datetime | None = None
        self._reached = 0.0
        self._begin = 0.0
        self._waiting: Due | None = None

    def look(self, now: datetime, monotonic: float) -> None:
        """Take in what has come since the last look."""
        cron, before, self._seen = self.timetable.cron, self._seen, now
        if before is None:
            self._take(now.replace(second=0, microsecond=0), 1, now, monotonic, jitter=0.0)
            self._next = cron.next(now)
            return
        if self._next is None or now < before:
            self._next = cron.next(min(before, now))
        if self._next <= now:
            self._pass(before, now, monotonic)
            self._next = cron.next(now)

    def due(self, monotonic: float) -> bool:
        """Tell whether a run is to begin."""
        return self._waiting is not None and monotonic >= self._begin

    def wait(self, now: datetime, monotonic: float) -> float:
        """Give the seconds until there is something to see, if no clock jumps."""
        if self._waiting is not None:
            return max(0.0, self._begin - monotonic)
        return STEP_SECONDS if self._next is None else max(0.0, (self._next - now).total_seconds())

    def take(self) -> Due:
        """Give the run that is to begin now; it is not due any more."""
        if self._waiting is None:
            raise ValueError("nothing is due")
        due, self._waiting = self._waiting, None
        return due

    def _pass(self, before: datetime, now: datetime, monotonic: float) -> None:
        cron = self.timetable.cron
        came = sum(1 for _ in islice(_until(cron.after(before), now), MOST_COUNTED))
        newest = cron.newest(now)
        if newest is None or came == 0:
            return
        reached = monotonic - (now - newest).total_seconds()
        if self._slot is not None and newest <= self._slot:
            # The clock was set back, and this time had its run: another comes when so much time has gone by
            # as lies between two.
            earlier = cron.newest(newest - timedelta(microseconds=1)) or newest
            if reached - self._reached < (newest - earlier).total_seconds():
                return
        gap = (cron.next(newest) - newest).total_seconds()
        self._take(newest, came, now, monotonic, jitter=min(self.timetable.jitter, gap))

    def _take(self, slot: datetime, came: int, now: datetime, monotonic: float, *, jitter: float) -> None:
        late = (now - slot).total_seconds()
        self._slot, self._reached = slot, monotonic - late
        if self._waiting is None:
            self._begin = monotonic + max(0.0, self._draw.uniform(0.0, jitter) - late)
            missed = came - 1
        else:
            missed = self._waiting.missed + came
        self._waiting = Due(self.timetable.sources, slot, missed)


async def follow(
    watches: Sequence[Watch], clock: Clock, run: Callable[[Sequence[Due]], Awaitable[None]]
) -> None:
    """Run what is due, one after the other, until cancelled. What is due together is one run."""
    while True:
        now, monotonic = clock.now(), clock.monotonic()
        for watch in watches:
            watch.look(now, monotonic)
        due = [watch.take() for watch in watches if watch.due(monotonic)]
        if due:
            await run(due)
        else:
            waits = [watch.wait(now, monotonic) for watch in watches]
            await clock.sleep(min([STEP_SECONDS, *waits]))


def _until(times: Iterable[datetime], end: datetime) -> Iterable[datetime]:
    for time in times:
        if time > end:
            return
        yield time

"""`Clock`: the time, passed in so that no test waits and no decision hangs on a wall clock that jumps."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` is for what is written down and for questions; `monotonic` (seconds) for durations and limits."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


def system_clock() -> Clock:
    """Give the clock of this machine, in UTC."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=asyncio.sleep)

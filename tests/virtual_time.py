"""A clock for tests in which time passes only when everybody sleeps."""

import asyncio
import heapq
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from engines.clock import Clock

T = TypeVar("T")
START = datetime(2026, 11, 24, tzinfo=UTC)
TURNS = 50
"""Turns of the loop after which whoever could go on has done so."""

WIRED_TURNS = 2_000
"""The same where they speak to each other over sockets of this process."""


class VirtualTime:
    """Seconds that passed since `START`; sleepers are woken one by one, the soonest first."""

    def __init__(self, turns: int = TURNS) -> None:
        self.passed = 0.0
        self._turns = turns
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    @property
    def clock(self) -> Clock:
        """The clock to pass in."""
        return Clock(lambda: START + timedelta(seconds=self.passed), lambda: self.passed, self._sleep)

    async def run(self, work: Awaitable[T]) -> T:
        """Do the work; time passes while it sleeps."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(self._turns):
                await asyncio.sleep(0)
            if self._sleepers and not task.done():
                moment, _, sleeper = heapq.heappop(self._sleepers)
                self.passed = max(self.passed, moment)
                if not sleeper.done():
                    sleeper.set_result(None)
        return await task

    async def _sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.passed + max(0.0, seconds), next(self._numbers), sleeper))
        await sleeper

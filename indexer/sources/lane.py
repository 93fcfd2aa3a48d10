"""`Lane`: what all who ask one endpoint share, so that together they ask no more than it can take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engines.clock import Clock, system_clock
from indexer.limits import Limits
from indexer.sources.breaker import Breaker, Passage
from indexer.sources.budget import Budget
from indexer.sources.pace import Pace


@dataclass(frozen=True, slots=True)
class Turn:
    """One request on its way; who sends it says how it ended, or nothing if it was given up."""

    lane: "Lane"
    passage: Passage
    sent: float

    def answered(self) -> None:
        """The endpoint is there and took the request."""
        self.passage.answered = True
        self.lane.pace.answered()

    def throttled(self, pause: float) -> None:
        """The endpoint is there and wants fewer; nothing may be sent for `pause` seconds."""
        self.passage.answered = True
        self.lane.pace.throttled(self.sent, min(max(pause, 0.0), self.lane.limits.longest_wait))

    def failed(self, trouble: str, *, connected: bool = True) -> None:
        """The endpoint has a problem of its own, or is not there at all where it was not even `connected`.

        `trouble` holds no secret.
        """
        self.passage.trouble, self.passage.connected = trouble, connected


class Lane:
    """One endpoint: requests at once, requests a second, retries, and whether it is down."""

    def __init__(self, endpoint: str, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self.breaker = Breaker(endpoint, limits, clock)
        self.budget = Budget(limits.retry_share, limits.retry_allowance)
        self.pace = Pace(limits.requests_per_second, clock)
        self._at_once = asyncio.Semaphore(limits.concurrency)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for a turn at this endpoint, and hold it. Raises Down."""
        async with self._at_once, self.breaker.passage() as passage:
            yield Turn(self, passage, await self.pace.turn())


class Lanes:
    """The lanes of a run, by endpoint; shared by all sources."""

    def __init__(self, limits: Limits, clock: Clock | None = None) -> None:
        self._limits = limits
        self._clock = clock or system_clock()
        self._lanes: dict[str, Lane] = {}

    def of(self, endpoint: str) -> Lane:
        """Give the lane of an endpoint."""
        if endpoint not in self._lanes:
            self._lanes[endpoint] = Lane(endpoint, self._limits, self._clock)
        return self._lanes[endpoint]

    @property
    def clock(self) -> Clock:
        """The clock that all of them go by."""
        return self._clock

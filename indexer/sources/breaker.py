"""`Breaker`: an endpoint that is down is asked by one request at a time, until it answers again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engines.clock import Clock
from indexer.limits import Limits
from indexer.sources.failure import Down


class Passage:
    """The way of one request past the breaker; who holds it says how the request ended."""

    def __init__(self) -> None:
        self.answered = False
        self.trouble: str | None = None
        self.connected = True


class Breaker:
    """Closed while an endpoint answers; open after `failures_in_a_row`, until a request succeeds.

    While it is open one request in `probe_every` seconds goes through, the others wait for how it ends. Once
    the endpoint has been down for `longest_outage`, they are refused at once; for `unreachable_for` already
    where no connection was made in all that time.
    """

    def __init__(self, endpoint: str, limits: Limits, clock: Clock) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._clock = clock
        self._failures = 0
        self._since = 0.0
        self._connected = False
        self._next_probe = 0.0
        self._trouble = ""
        self._probing: asyncio.Event | None = None

    @property
    def open(self) -> bool:
        """The endpoint counts as down."""
        return self._failures >= self._limits.failures_in_a_row

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[Passage]:
        """Wait until a request may go to the endpoint. Raises Down."""
        passage = Passage()
        probe = await self._admitted()
        try:
            yield passage
        finally:
            if passage.trouble is not None:
                self._failed(passage.trouble, connected=passage.connected, is_probe=probe is not None)
            elif passage.answered:
                self._failures = 0
            if probe is not None:
                self._probing = None
                probe.set()

    async def _admitted(self) -> asyncio.Event | None:
        """Give None for a request among many, the event that ends its turn for the one that probes."""
        while self.open:
            now = self._clock.monotonic()
            if self._probing is None and now >= self._next_probe:
                self._probing = asyncio.Event()
                return self._probing
            if now >= self._given_up:
                raise Down(
                    f"{self._endpoint} has given no usable answer for {now - self._since:.0f} s"
                    f" (last: {self._trouble}); it is tried again every {self._limits.probe_every:g} s"
                )
            if self._probing is not None:
                await self._probing.wait()
            else:
                await self._clock.sleep(min(self._next_probe, self._given_up) - now)
        return None

    @property
    def _given_up(self) -> float:
        """When nobody waits any more."""
        limits = self._limits
        longest = limits.longest_outage
        return self._since + (longest if self._connected else min(longest, limits.unreachable_for))

    def _failed(self, trouble: str, *, connected: bool, is_probe: bool) -> None:
        now = self._clock.monotonic()
        if self._failures == 0:
            self._since, self._connected = now, False
        self._connected = self._connected or connected
        was_open = self.open
        self._failures += 1
        self._trouble = trouble
        if is_probe or (self.open and not was_open):
            self._next_probe = now + self._limits.probe_every

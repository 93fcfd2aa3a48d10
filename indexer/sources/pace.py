"""`Pace`: how many requests a second go to an endpoint; fewer once it says that they are too many."""

from collections import deque
from math import floor, inf

from engines.clock import Clock

_SLOWEST = 1 / 64
"""Part of the setting below which the rate does not fall."""

_STEP = 1 / 10
"""Part of the setting that is added at a time."""

_QUIET_SECONDS = 5.0
"""Time without throttling before each step up."""


class Pace:
    """Never more than `rate` requests in any second; half of that after throttling, back step by step."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._setting = rate
        self._clock = clock
        self._rate = rate
        self._changed = -inf
        self._paused_until = 0.0
        self._slots: deque[float] = deque(maxlen=max(1, floor(rate)))

    @property
    def rate(self) -> float:
        """Requests a second, as they go now."""
        return self._rate

    async def turn(self) -> float:
        """Wait for a turn; give the moment of it, on the monotonic clock."""
        slot = self._reserve()
        while (left := slot - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
            if self._paused_until > max(slot, self._clock.monotonic()):
                slot = self._reserve()
        return slot

    def throttled(self, sent: float, pause: float) -> None:
        """Note that a request of the moment `sent` was too many; `pause` is how long nothing may be sent.

        Of requests that were under way together only the first one halves the rate. The time without
        throttling begins after the pause.
        """
        now = self._clock.monotonic()
        self._paused_until = max(self._paused_until, now + pause)
        if sent > self._changed:
            self._rate = max(self._rate / 2, self._setting * _SLOWEST)
            self._changed = self._paused_until if pause > 0 else now

    def answered(self) -> None:
        """Note that a request was not too many."""
        now = self._clock.monotonic()
        if self._rate < self._setting and now - self._changed >= _QUIET_SECONDS:
            self._rate = min(self._setting, self._rate + self._setting * _STEP)
            self._changed = now

    def _reserve(self) -> float:
        """Take the next free moment.

        At the full rate as many requests may go at once as the rate allows for a second; at a reduced one
        they go one by one.
        """
        together, apart = 1, 1.0 / self._rate
        if self._rate == self._setting and self._rate >= 1:
            together, apart = floor(self._rate), 1.0
        moment = max(self._clock.monotonic(), self._paused_until)
        if len(self._slots) >= together:
            moment = max(moment, self._slots[-together] + apart)
        if self._slots:
            moment = max(moment, self._slots[-1])
        self._slots.append(moment)
        return moment

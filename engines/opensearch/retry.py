"""Trying again what the cluster could not do at once: the one place that waits for it."""

import random
from dataclasses import dataclass

from engines.base import EngineError
from engines.clock import Clock
from engines.opensearch.client import Busy


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried, how long in all, and the shortest and longest pause (seconds)."""

    attempts: int = 16
    seconds: float = 300.0
    first: float = 0.25
    longest: float = 30.0


class Retries:
    """Counts the tries of one request. Pauses double and are drawn from their whole length, so that senders
    that were turned away together do not come back together; one that the cluster asks for is added.
    """

    def __init__(self, clock: Clock, patience: Patience) -> None:
        self._clock = clock
        self._patience = patience
        self._until = clock.monotonic() + patience.seconds
        self._failed = 0

    async def pause(self, error: EngineError) -> None:
        """Wait before the next try; raise the error where there is none any more."""
        self._failed += 1
        if self._failed >= self._patience.attempts:
            raise error
        asked = error.retry_after if isinstance(error, Busy) and error.retry_after else 0.0
        longest = min(self._patience.longest, self._patience.first * 2 ** (self._failed - 1))
        pause = asked + random.uniform(0.0, longest)  # noqa: S311 (no secret hangs on it)
        if self._clock.monotonic() + pause > self._until:
            raise error
        await self._clock.sleep(pause)

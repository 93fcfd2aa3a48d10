"""`retried`: the one place where a request is made again."""

from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import TypeVar

from clouds.error import Meaning
from indexer.deadline import Deadline
from indexer.limits import Limits
from indexer.sources.failure import Failure

T = TypeVar("T")
_RANDOM = SystemRandom()


async def retried(attempt: Callable[[], Awaitable[T]], *, limits: Limits, deadline: Deadline) -> T:
    """Make an attempt, and again while its failure may pass, attempts are left and the deadline allows.

    Between attempts it waits as long as the cloud asked for, `longest_wait` at most; else a random time below
    a bound that doubles (full jitter). Raises the last Failure.
    """
    made = 0
    while True:
        made += 1
        try:
            return await attempt()
        except Failure as failure:
            wait = _wait(failure, made, limits)
            if not failure.passing:
                raise
            if made >= limits.attempts:
                raise Failure(f"{failure} (after {made} attempts)", failure.meaning) from None
            if wait >= deadline.left:
                raise Failure(f"{failure} (no time left for another attempt)", Meaning.OTHER) from None
        await deadline.clock.sleep(wait)


def _wait(failure: Failure, made: int, limits: Limits) -> float:
    if failure.retry_after is not None:
        return min(max(failure.retry_after, 0.0), limits.longest_wait)
    return _RANDOM.uniform(0.0, min(limits.longest_wait, limits.first_wait * 2.0 ** (made - 1)))

"""`retried`: the one place where a request is made again."""

from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import TypeVar

from clouds.error import Meaning
from indexer.deadline import Deadline
from indexer.limits import Limits
from indexer.sources.failure import Down, Failure
from indexer.sources.lane import Lane

T = TypeVar("T")
_RANDOM = SystemRandom()


async def retried(
    attempt: Callable[[], Awaitable[T]], *, limits: Limits, deadline: Deadline, lane: Lane
) -> T:
    """Make an attempt, and again while its failure may pass, attempts are left and the deadline allows.

    Between attempts it waits as long as the cloud asked for, `longest_wait` at most; else a random time below
    a bound that doubles (full jitter). The budget of the lane bounds the retries of all requests together.
    While the lane's breaker is open, attempts are not counted: it lets through few enough, and ends the
    waiting. Raises the last Failure.
    """
    lane.budget.earn()
    made = 0
    last: Failure | None = None
    while True:
        try:
            return await attempt()
        except Down as down:
            raise (down if last is None else Failure(f"{last}; {down}", Meaning.OTHER)) from None
        except Failure as failure:
            last = failure
            if not failure.passing:
                raise
            made += 0 if lane.breaker.open else 1
            wait = 0.0 if lane.breaker.open else _wait(failure, made, limits)
            if made >= limits.attempts:
                raise Failure(f"{failure} (after {made} attempts)", failure.meaning) from None
            if wait >= deadline.left:
                raise Failure(f"{failure} (no time left for another attempt)", Meaning.OTHER) from None
            if not lane.breaker.open and not lane.budget.spend():
                text = f"{failure} (not asked again: too many requests to this endpoint fail)"
                raise Failure(text, Meaning.OTHER) from None
        await deadline.clock.sleep(wait)


def _wait(failure: Failure, made: int, limits: Limits) -> float:
    if failure.retry_after is not None and failure.retry_after > 0:
        # Not all at the same moment, and none too early.
        return min(failure.retry_after, limits.longest_wait) + _RANDOM.uniform(0.0, limits.first_wait)
    return _RANDOM.uniform(0.0, min(limits.longest_wait, limits.first_wait * 2.0 ** (made - 1)))

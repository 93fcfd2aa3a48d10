"""`Kept`: what a login brought, fetched once for all who need it."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clouds.error import Meaning
from engines.clock import Clock
from indexer.sources.credential import Proof
from indexer.sources.failure import Failure

_RENEWED_AT = 0.8
"""Part of its life after which a proof is replaced."""

_REPLACED = 10
"""Times that a proof is replaced in a run because it was refused: a cloud may refuse every other request."""

_AGAIN_SECONDS = 60.0
"""Time before another try to renew what still holds."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A proof, and for how many seconds from now it holds."""

    proof: Proof
    seconds: float = math.inf


Fetch = Callable[[], Awaitable[Issued]]


class Kept:
    """One proof, renewed early, replaced once for all when it is refused.

    With `once`, fetching is a login: one that failed is never made again, as accounts are locked by that.
    """

    def __init__(self, clock: Clock, *, once: bool) -> None:
        self._clock = clock
        self._once = once
        self._lock = asyncio.Lock()
        self._proof: Proof | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._failure: Failure | None = None
        self._accepted = True
        self._replaced = 0

    async def get(self, fetch: Fetch) -> Proof:
        """Give the proof, from `fetch` where there is none or it is old. Raises Failure."""
        async with self._lock:
            holds = self._fresh(self._ends_at) and (self._fresh(self._renew_at) or self._failure is not None)
            return self._proof if self._proof is not None and holds else await self._renewed(fetch)

    async def replace(self, refused: Proof, fetch: Fetch) -> Proof | None:
        """Give another proof than the one that was refused.

        None if that was new and never accepted, or was replaced too often before. Raises Failure.
        """
        async with self._lock:
            if self._proof is not refused:
                return self._proof
            if not self._accepted or self._replaced >= _REPLACED:
                return None
            self._replaced += 1
            self._ends_at = self._renew_at = 0.0
            await self._renewed(fetch)
            self._accepted = False
            return None if self._proof == refused else self._proof

    def accepted(self, proof: Proof) -> None:
        """Note that a request with this proof was answered."""
        if proof is self._proof:
            self._accepted = True

    async def _renewed(self, fetch: Fetch) -> Proof:
        if self._failure is not None:
            raise self._failure.again()
        ended = False
        try:
            issued = await fetch()
            ended = True
        except Failure as failure:
            ended = True
            if self._once and failure.sent:
                meaning = Meaning.OTHER if failure.passing else failure.meaning
                self._failure = failure = Failure(f"{failure} (not tried again in this run)", meaning)
            if self._proof is None or not self._fresh(self._ends_at):
                raise failure.again() from None
            self._renew_at = self._clock.monotonic() + _AGAIN_SECONDS
            return self._proof
        finally:
            if self._once and not ended:
                self._failure = Failure("a login was broken off, and is not made again", Meaning.OTHER)
        now = self._clock.monotonic()
        self._proof = issued.proof
        self._renew_at = now + issued.seconds * _RENEWED_AT
        self._ends_at = now + issued.seconds
        return issued.proof

    def _fresh(self, moment: float) -> bool:
        return self._clock.monotonic() < moment

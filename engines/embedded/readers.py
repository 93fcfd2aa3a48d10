"""`EmbeddedReaders`: hands out readers, and takes over what is published while requests go on."""

import asyncio
import logging
from pathlib import Path

from engines.base import DamagedGeneration, EngineError, EngineUnavailable, GenerationGone, NothingServed
from engines.clock import Clock
from engines.embedded.load import load_steps
from engines.embedded.pointer import POINTER_FILE, Pointer, Published, read_pointer
from engines.embedded.reader import EmbeddedReader

LOOK_SECONDS = 1.0
"""The pointer is looked at no more often."""

RETRY_SECONDS = 30.0
"""A generation that could not be loaded is tried again after so long."""

IDLE_SECONDS = 600.0
"""The previous generation leaves memory when no cursor has asked for it for so long."""

_LOG = logging.getLogger(__name__)


class EmbeddedReaders:
    """Implements `engines.base.Readers` for one process and one event loop.

    A new generation is loaded in the background while the old one answers. If it cannot be, `problem` says
    why, the old one goes on, and it is tried again from time to time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.problem: str | None = None
        self._folder = folder
        self._clock = clock
        self._served: EmbeddedReader | None = None
        self._previous: EmbeddedReader | None = None
        self._previous_used = 0.0
        self._failure: type[EngineError] = NothingServed
        self._reason = f"nothing has been published in {folder} yet"
        self._refused: Pointer | None = None
        self._refused_at = 0.0
        self._looked: float | None = None
        self._taking: asyncio.Task[None] | None = None
        self._naming = asyncio.Lock()
        self._closed = False

    async def served(self) -> EmbeddedReader:
        """Give a reader of the generation being served; the first call waits until it is loaded.

        Raises NothingServed; before anything could be loaded also what kept it from that.
        """
        self._look()
        if self._served is None and self._taking is not None:
            # Shielded, as the load is for all who wait and not for this caller alone.
            await asyncio.shield(self._taking)
        if self._served is None:
            # A new one each time: an exception holds on to the calls that it went through.
            raise self._failure(self._reason)
        return self._served

    async def named(self, generation: str) -> EmbeddedReader:
        """Give a reader of a generation that is served or still kept.

        Raises GenerationGone, and what kept a generation that is kept from being loaded.
        """
        self._look()
        # One load at a time: whoever waits finds what the one before him loaded.
        async with self._naming:
            if self._served is not None and self._served.generation == generation:
                return self._served
            self._previous_used = self._clock.monotonic()
            if self._previous is None or self._previous.generation != generation:
                self._previous = await self._load(self._kept(generation))
            return self._previous

    async def close(self) -> None:
        """Let go of readers, whose files close with the last request; what is being loaded is given up."""
        self._closed = True
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)
        self._served = self._previous = self._taking = None

    def _look(self) -> None:
        """Look whether another generation is served, at most once a second; if so begin to load it."""
        if self._closed:
            raise EngineUnavailable("the catalogue has been closed")
        now = self._clock.monotonic()
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if self._previous is not None and now - self._previous_used >= IDLE_SECONDS:
            self._previous = None
        if self._taking is not None and not self._taking.done():
            return
        try:
            pointer = read_pointer(self._folder)
        except (EngineError, OSError) as error:
            self._report(error)
            return
        if pointer is None:
            if self._served is not None:
                self._report(NothingServed(f"{self._folder / POINTER_FILE} is gone"))
        elif self._served is not None and pointer.name == self._served.generation:
            self._mend(pointer.name)
        elif pointer != self._refused or now - self._refused_at >= RETRY_SECONDS:
            self._taking = asyncio.create_task(self._take(pointer))

    async def _take(self, pointer: Pointer) -> None:
        """Load what the pointer names, then put it in place of what is served."""
        try:
            loaded = await self._load(pointer.served)
        except Exception as error:
            self._refused, self._refused_at = pointer, self._clock.monotonic()
            self._report(error)
            return
        if self._served is not None:
            self._previous, self._previous_used = self._served, self._clock.monotonic()
        self._served, self._refused = loaded, None
        self._mend(pointer.name)

    async def _load(self, published: Published) -> EmbeddedReader:
        steps = load_steps(self._folder, published)
        try:
            for reader in steps:
                if reader is not None:
                    return reader
                await asyncio.sleep(0)
        finally:
            steps.close()
        raise DamagedGeneration(f"{published.name} holds no index")

    def _kept(self, generation: str) -> Published:
        """Look into the pointer now: a cursor may come from a process that has looked since."""
        try:
            pointer = read_pointer(self._folder)
        except OSError as error:
            raise EngineUnavailable(f"cannot read {self._folder / POINTER_FILE}: {error}") from error
        published = None if pointer is None else pointer.kept(generation)
        if published is None:
            raise GenerationGone(f"{generation!r} is no longer kept")
        return published

    def _mend(self, generation: str) -> None:
        if self.problem is not None:
            _LOG.info("what is published can be taken over again: %s", generation)
        self.problem = None

    def _report(self, error: Exception) -> None:
        """Say once what is wrong; what is served goes on."""
        match error:
            case EngineError():
                self._failure, self._reason = type(error), str(error)
            case OSError():
                self._failure = EngineUnavailable
                self._reason = f"cannot read {self._folder / POINTER_FILE}: {error}"
            case _:
                self._failure = EngineUnavailable
                self._reason = f"it cannot be loaded ({type(error).__name__})"
        if self._reason != self.problem:
            self.problem = self._reason
            expected = isinstance(error, EngineError | OSError)
            _LOG.error(
                "the published generation cannot be taken over: %s",
                self._reason,
                exc_info=None if expected else error,
            )

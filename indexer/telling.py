"""`Telling`: what a run has to tell, however it ends. Its entry of the journal is written here."""

from dataclasses import replace
from datetime import datetime

from engines.base import EngineError
from engines.ledger import Memory, Run
from indexer.companions import Known, remembered
from indexer.crawl import Crawled
from indexer.gate import Gated
from indexer.journal import EXIT_FAILED, Begun, Done, failed_run, finished_run, held_run
from indexer.memories import memories
from indexer.questions import NOTHING_ASKED
from indexer.setup import Setup
from indexer.tally import Tally


class Telling:
    """A run that is going on: what it knows by now, for the entry that it may have to end with."""

    def __init__(self, setup: Setup, begun: Begun) -> None:
        self.begun = begun
        self.served: str | None = None
        self.known = Known()
        self.crawled = Crawled()
        self.memories: tuple[Memory, ...] = ()
        self.in_doubt = False
        """Whether nobody can tell if it published."""
        self.published: Run | None = None
        """The entry of a run that was interrupted while it published, and did."""
        self._setup = setup

    async def open(self) -> None:
        """Drop what was noted, and let it be known that the run has begun, should it not come to its end."""
        await self._setup.ledger.forget()
        await self._setup.ledger.intend(self.failed("the run has not ended"), ())

    def finished(self, done: Done) -> Run:
        """Give the entry of a run whose plan is served now; what it has to remember is kept."""
        fetched = () if done.vain is not None else self.crawled.companions
        self.memories = (
            *memories(self.known.memories, self.crawled, done.gated, done.tally, done.told),
            *remembered(fetched, self.begun.started),
        )
        return finished_run(self.begun, self.crawled, done, finished=self._now())

    def held(self, gated: Gated, reason: str) -> Run:
        """Give the entry of a run that would have published what is doubted."""
        return held_run(
            self.begun,
            self.crawled,
            gated,
            reason=reason,
            generation=self.served,
            finished=self._now(),
        )

    def stopped(self, gated: Gated, tally: Tally, reason: str) -> Run:
        """Give the entry of a run that the gate held as a whole; what was doubted is remembered."""
        self.memories = memories(self.known.memories, self.crawled, gated, tally, NOTHING_ASKED)
        return self.held(gated, reason)

    def failed(self, reason: str) -> Run:
        """Give the entry of a run that published nothing."""
        return failed_run(
            self.begun, self.crawled, reason=reason, generation=self.served, finished=self._now()
        )

    async def record(self, run: Run) -> Run:
        """Write the entry; one that cannot be written makes the run a failed one.

        While nobody can tell whether it published, what it intended stays, and the next run settles it.
        """
        ledger = self._setup.ledger
        if self.in_doubt:
            return replace(run, reason=f"{run.reason}; the next run finds out whether it was published")
        try:
            await self._setup.writer.check()
            await ledger.record(run, self.memories if run.exit != EXIT_FAILED else ())
            await ledger.trim(self._setup.keep, self._now())
        except (EngineError, OSError) as error:
            what = "what was published is served, but" if run.exit != EXIT_FAILED else f"{run.reason};"
            reason = f"{what} the ledger could not be written: {said(error)}"
            return replace(run, exit=EXIT_FAILED, reason=reason)
        return run

    def _now(self) -> datetime:
        return self._setup.clock.now()


EXPECTED = (EngineError, OSError)
"""What goes wrong though nothing is wrong with the program."""


def cause(error: BaseException) -> BaseException:
    """Give what went wrong first where it is told as one of several things."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def said(error: BaseException) -> str:
    """Say in a sentence for the user what went wrong."""
    match error:
        case EngineError():
            return str(error)
        case OSError():
            return f"{error.strerror or type(error).__name__}" + (
                f": {error.filename}" if error.filename else ""
            )
        case _:
            return f"internal error ({type(error).__name__}); nothing was published"

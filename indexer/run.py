"""`reindex`: one run, from the clouds to the generation being served."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from engines.base import Companions, EngineError, Writer
from engines.clock import Clock
from engines.generation import Generation, parse_generation
from engines.ledger import Ledger, Run
from indexer.companions import merge_companions
from indexer.crawl import Crawled, crawling
from indexer.journal import EXIT_FAILED, Begun, failed_run, finished_run, nothing_complete
from indexer.limits import Limits
from indexer.plan import Decision, Terms, plan
from indexer.progress import Progress
from indexer.renewal import renewed
from indexer.sources.source import Source
from indexer.spool import Spool, open_spool
from indexer.tally import Tally
from mappings.date import date_text, from_datetime
from mappings.document import Stored
from mappings.schema import SCHEMA

_log = logging.getLogger(__name__)


async def reindex(
    *,
    sources: Sequence[Source],
    writer: Writer,
    ledger: Ledger,
    limits: Limits,
    progress: Progress,
    clock: Clock,
    folder: Path,
    prefix: str = "ims-catalog",
) -> Run:
    """Crawl the sources and publish what was found; give the journal entry, which the ledger holds by then.

    `folder` is where the spool may grow; `prefix` begins the name of a new generation. Only cancelling
    raises: whatever else goes wrong is the reason of a failed run, and the generation served before goes on.
    """
    attempt = _Attempt(writer, progress, clock, prefix)
    try:
        with open_spool(folder) as spool:
            run = await attempt.make(sources, spool, limits, ledger)
    except asyncio.CancelledError:
        await _record(ledger, attempt.failed("the run was interrupted"))
        raise
    except Exception as error:
        cause = _cause(error)
        level = logging.DEBUG if isinstance(cause, _EXPECTED) else logging.ERROR
        _log.log(level, "the run failed", exc_info=True)
        run = attempt.failed(_said(cause))
    finally:
        progress.close()
    return await _record(ledger, run)


_EXPECTED = (EngineError, OSError)
"""What goes wrong though nothing is wrong with the program."""


class _Attempt:
    """One run, and how far it came."""

    def __init__(self, writer: Writer, progress: Progress, clock: Clock, prefix: str) -> None:
        self._writer = writer
        self._progress = progress
        self._clock = clock
        self._generation = Generation(prefix, SCHEMA, 1, clock.now(), secrets.token_hex(3))
        self._begun = Begun(_run_name(self._generation), clock.now(), {})
        self._served: str | None = None
        self._crawled: Crawled | None = None
        self._sources: Sequence[Source] = ()

    async def make(self, sources: Sequence[Source], spool: Spool, limits: Limits, ledger: Ledger) -> Run:
        self._sources = sources
        self._begun = replace(self._begun, scopes=await ledger.scope_states())
        self._served = await self._writer.served()
        expected = {name: state.seen + state.carried for name, state in self._begun.scopes.items()}
        async with crawling(
            sources, spool, limits=limits, progress=self._progress, clock=self._clock, expected=expected
        ) as crawl:
            self._crawled = crawled = await crawl.listed()
        if not crawled.complete:
            return self.failed(nothing_complete(crawled))
        terms = Terms(crawled.complete, date_text(from_datetime(self._begun.started)))
        before = await self._companions()
        companions = merge_companions(before, crawled.companions)
        if self._served is not None and companions == before and self._same_schema():
            tally = await self._unchanged(spool, terms)
            if tally is not None:
                return self._finished(crawled, tally, self._served, published=False)
        tally = await self._publish(spool, terms, companions)
        return self._finished(crawled, tally, self._next().name, published=True)

    def failed(self, reason: str) -> Run:
        return failed_run(
            self._begun,
            self._crawled,
            reason=reason,
            generation=self._served,
            finished=self._clock.now(),
        )

    def _finished(self, crawled: Crawled, tally: Tally, generation: str, *, published: bool) -> Run:
        return finished_run(
            self._begun,
            crawled,
            tally,
            generation=generation,
            published=published,
            finished=self._clock.now(),
        )

    async def _companions(self) -> Companions:
        return Companions() if self._served is None else await self._writer.companions(self._served)

    def _same_schema(self) -> bool:
        return self._served is not None and parse_generation(self._served).schema == SCHEMA

    async def _unchanged(self, spool: Spool, terms: Terms) -> Tally | None:
        """Count a plan that changes nothing; None as soon as it changes something."""
        tally = Tally()
        async with self._plan(spool, terms) as batches:
            async for decisions in batches:
                tally.count(decisions)
                if not tally.nothing_changed:
                    return None
                await asyncio.sleep(0)
        return tally

    async def _publish(self, spool: Spool, terms: Terms, companions: Companions) -> Tally:
        tally = Tally()
        build = await self._writer.begin(self._next().name, self._served)
        try:
            async with self._plan(spool, terms) as batches:
                async for decisions in batches:
                    tally.count(decisions)
                    await build.add([one.stored for one in decisions if one.stored is not None])
                    self._progress.built(tally.documents)
                    await asyncio.sleep(0)
            await build.seal(companions)
            await build.verify(tally.expected)
            await build.publish()
        except BaseException:
            await build.discard()
            raise
        return tally

    def _next(self) -> Generation:
        term = 1 if self._served is None else parse_generation(self._served).term + 1
        return replace(self._generation, term=term)

    @asynccontextmanager
    async def _plan(
        self, spool: Spool, terms: Terms
    ) -> AsyncIterator[AsyncGenerator[tuple[Decision, ...], None]]:
        served = _nothing() if self._served is None else self._writer.documents(self._served)
        if self._served is not None and not self._same_schema():
            served = renewed(served, {source.name: source.kind for source in self._sources})
        async with aclosing(plan(spool.entries(), served, terms)) as batches:
            try:
                yield batches
            finally:
                if isinstance(served, AsyncGenerator):
                    await served.aclose()


def _run_name(generation: Generation) -> str:
    return f"{generation.time:%Y%m%dt%H%M%Sz}-{generation.run}"


async def _nothing() -> AsyncIterator[Sequence[Stored]]:
    no_batches: tuple[Sequence[Stored], ...] = ()
    for batch in no_batches:
        yield batch


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _said(error: BaseException) -> str:
    match error:
        case EngineError():
            return str(error)
        case OSError():
            return f"{error.strerror or type(error).__name__}" + (
                f": {error.filename}" if error.filename else ""
            )
        case _:
            return f"internal error ({type(error).__name__}); nothing was published"


async def _record(ledger: Ledger, run: Run) -> Run:
    try:
        await ledger.record(run)
    except (EngineError, OSError) as error:
        what = "what was published is served, but" if run.exit != EXIT_FAILED else f"{run.reason};"
        return replace(
            run, exit=EXIT_FAILED, reason=f"{what} the ledger could not be written: {_said(error)}"
        )
    return run

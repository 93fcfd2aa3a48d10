"""A run: from the clouds, or from what is served, to the next generation. Each reads as the story of one.

recover -> crawl -> survey -> gate -> ask -> plan -> note -> build -> verify -> intend -> publish -> record
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from engines.base import Amendment, Build, Companions, EngineError, GenerationRejected, Writer
from engines.clock import Clock
from engines.generation import Generation, parse_generation
from engines.ledger import Keep, Ledger, Memory, Run
from indexer.building import Building
from indexer.choice import EVERYTHING, NOTHING_DUE, Choice
from indexer.companions import Known, merge_companions, remembered
from indexer.comparison import compare
from indexer.confirmed import confirmed
from indexer.crawl import Crawl, Crawled, crawling
from indexer.difference import Difference, open_difference
from indexer.fate import Terms
from indexer.gate import NOT_GATED, Gated, GateLimits, gate
from indexer.journal import EXIT_FAILED, Begun, Done, failed_run, finished_run, held_run, nothing_complete
from indexer.limits import Limits
from indexer.memories import memories
from indexer.missing import unpacked
from indexer.plan import Decision, plan
from indexer.progress import Progress
from indexer.questions import NOTHING_ASKED, Answers, answers, image_ids, questions
from indexer.recover import recover
from indexer.renewal import renewed
from indexer.sources.source import Source
from indexer.spool import Entry, Spool, open_spool
from indexer.survey import Survey
from indexer.tally import Tally
from mappings.date import date_text, from_datetime
from mappings.document import Stored
from mappings.schema import SCHEMA
from mappings.scope import shared

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a run works with.

    `folder` is where the spool may grow; `prefix` begins the name of a new generation. What is shared goes on
    being seen for `max_carry` while nobody can confirm it.
    """

    writer: Writer
    ledger: Ledger
    progress: Progress
    clock: Clock
    folder: Path
    prefix: str = "ims-catalog"
    gate: GateLimits = field(default_factory=GateLimits)
    keep: Keep = field(default_factory=Keep)
    max_carry: timedelta = timedelta(hours=24)


async def reindex(
    setup: Setup, sources: Sequence[Source], limits: Limits, choice: Choice = EVERYTHING
) -> Run:
    """Crawl the sources and publish what was found; give the journal entry, which the ledger holds by then.

    Only cancelling raises: whatever else goes wrong is the reason of a failed run, and the generation served
    before goes on.
    """
    attempt = _Attempt(setup, sources)
    return await _told(attempt, lambda: attempt.crawled(limits, choice))


async def renormalise(setup: Setup, sources: Sequence[Source]) -> Run:
    """Normalise again, without the clouds, all that is served, and publish it. Raises as `reindex` does."""
    attempt = _Attempt(setup, sources)
    return await _told(attempt, lambda: attempt.from_served(frozenset(), renew=True))


async def purge(setup: Setup, sources: Sequence[Source], scopes: AbstractSet[str]) -> Run:
    """Give up scopes, with the images that no other scope keeps. Raises as `reindex` does."""
    attempt = _Attempt(setup, sources)
    return await _told(attempt, lambda: attempt.from_served(scopes, renew=False))


async def _told(attempt: "_Attempt", story: Callable[[], Awaitable[Run]]) -> Run:
    """Let a run end as an entry of the journal, however it ends."""
    try:
        run = await story()
    except asyncio.CancelledError:
        await attempt.record(attempt.served_all_the_same or attempt.failed("the run was interrupted"))
        raise
    except Exception as error:
        cause = _cause(error)
        level = logging.DEBUG if isinstance(cause, _EXPECTED) else logging.ERROR
        _log.log(level, "the run failed", exc_info=True)
        run = attempt.failed(_said(cause))
    finally:
        attempt.setup.progress.close()
    return await attempt.record(run)


_EXPECTED = (EngineError, OSError)
"""What goes wrong though nothing is wrong with the program."""


class Seen(Protocol):
    """What a plan goes by beside what is served: a spool, or a part of it."""

    def entries(self) -> Iterator[Entry]:
        """Give it by ascending key, anew with each call."""
        ...


@dataclass(frozen=True, slots=True)
class _Shared:
    """Of a spool only what is shared."""

    spool: Spool

    def entries(self) -> Iterator[Entry]:
        return (entry for entry in self.spool.entries() if shared(entry.scope))


class _Attempt:
    """One run, and how far it came."""

    def __init__(self, setup: Setup, sources: Sequence[Source]) -> None:
        self.setup = setup
        self._sources = sources
        now = setup.clock.now()
        self._generation = Generation(setup.prefix, SCHEMA, 1, now, secrets.token_hex(3))
        self._begun = Begun(f"{now:%Y%m%dt%H%M%Sz}-{self._generation.run}", now)
        self._served: str | None = None
        self._crawled = Crawled()
        self._memories: tuple[Memory, ...] = ()
        self._known: Known = Known()
        self._in_doubt = False
        self.served_all_the_same: Run | None = None
        """The entry of a run that was interrupted while it published, and did."""

    async def crawled(self, limits: Limits, choice: Choice) -> Run:
        """Crawl, doubt, ask, and publish what comes of it."""
        await self._begin(choice)
        folder = self.setup.folder
        with open_spool(folder) as spool, open_difference(folder) as difference:
            async with crawling(
                [source for source in self._sources if choice.reaches(source.name)],
                spool,
                limits=limits,
                progress=self.setup.progress,
                clock=self.setup.clock,
                expected=self._begun.expected,
                only=choice.due,
                known=self._known,
            ) as crawl:
                self._crawled = crawled = await crawl.listed()
                if not crawled.complete:
                    return await self._rights_only(spool, self.failed(nothing_complete(crawled)))
                terms = self._terms(crawled)
                survey = await self._survey(spool, terms, difference)
                gated = self._gate(survey, choice)
                if gated.stopped is not None:
                    self._memories = memories(
                        self._known.memories, crawled, gated, survey.tally, NOTHING_ASKED
                    )
                    return await self._rights_only(spool, self._held(gated, gated.stopped), gated)
                told = await self._ask(crawl, survey, crawled.complete - gated.held.keys())
            terms = replace(
                terms,
                whole=crawled.complete - gated.held.keys(),
                gone=told.gone,
                found=told.found,
                missing_before={
                    scope: unpacked(memory.missing) for scope, memory in self._known.memories.items()
                },
            )
            companions = merge_companions(self._known.companions, crawled.companions)
            done = Done(survey.tally, self._served, gated=gated, told=told)
            return await self._next(spool, terms, difference, companions, done)

    async def _rights_only(self, spool: Spool, vain: Run, gated: Gated = NOT_GATED) -> Run:
        """Where nothing may be published, publish at least that rights ended; `vain` is the entry else.

        Of what was seen only what is shared counts: all other images stay as they are.
        """
        complete = frozenset(scope for scope in self._crawled.complete if shared(scope))
        terms = replace(self._terms(self._crawled), whole=complete)
        seen = _Shared(spool)
        if self._served is None:
            return vain
        with open_difference(self.setup.folder) as difference:
            survey = await self._survey(seen, terms, difference)
            if survey.tally.nothing_changed:
                return vain
            done = Done(survey.tally, self._served, gated=gated, vain=vain)
            return await self._publish(seen, terms, self._known.companions, done, difference)

    async def from_served(self, ended: AbstractSet[str], *, renew: bool) -> Run:
        """Publish what is served without the scopes that are `ended`; `renew`: as this version reads it."""
        await self._begin(NOTHING_DUE)
        if self._served is None:
            return self.failed("nothing is served yet: ims-catalog reindex crawls the clouds")
        terms = replace(self._terms(Crawled()), ended=ended)
        companions = self._known.companions
        done = Done(Tally(), self._served, purged=tuple(sorted(ended)))
        folder = self.setup.folder
        with open_spool(folder) as spool, open_difference(folder) as difference:
            if renew or not self._same_schema():
                return await self._publish(spool, terms, companions, done, renew=renew)
            await self._survey(spool, terms, difference)
            return await self._next(spool, terms, difference, companions, done)

    async def _begin(self, choice: Choice) -> None:
        """Settle what a run before left open, and look where everything stands."""
        setup = self.setup
        term = await setup.writer.term(self._begun.run)
        self._generation = replace(self._generation, term=term)
        self._served = await setup.writer.served()
        await recover(setup.ledger, self._served)
        await self._open_entry()
        companions = Companions() if self._served is None else await setup.writer.companions(self._served)
        self._begun = replace(
            self._begun,
            scopes=await setup.ledger.scope_states(),
            configured=frozenset(source.name for source in self._sources),
            choice=choice,
        )
        self._known = Known(companions, await setup.ledger.memories())

    async def _open_entry(self) -> None:
        """Drop what was noted, and let it be known that the run has begun, should it not come to its end."""
        await self.setup.ledger.forget()
        await self.setup.ledger.intend(self.failed("the run has not ended"), ())

    def _terms(self, crawled: Crawled) -> Terms:
        """Terms by which nothing that is missing ends, what is shared excepted."""
        return Terms(
            started=date_text(from_datetime(self._begun.started)),
            whole=crawled.complete,
            confirmed=confirmed(self._begun, crawled, self.setup.max_carry),
        )

    async def _survey(self, seen: Seen, terms: Terms, difference: Difference) -> Survey:
        """Look at all images; those that change or may still change are in the difference then."""
        survey = Survey(self._known.memories)
        async with self._comparison(seen, terms) as batches:
            async for decisions in batches:
                survey.count(decisions)
                if self._same_schema():
                    difference.take(decisions)
                self.setup.progress.compared(survey.tally.changes.total())
                await asyncio.sleep(0)
        return survey

    def _gate(self, survey: Survey, choice: Choice) -> Gated:
        return gate(
            survey,
            self._crawled.complete,
            accepted=choice.accepted,
            memories=self._known.memories,
            refused=sum(listed.refused for listed in self._crawled.scopes),
            now=self._begun.started,
            limits=self.setup.gate,
        )

    async def _ask(self, crawl: Crawl, survey: Survey, passing: AbstractSet[str]) -> Answers:
        """Ask for what is missing by id, before anything is removed."""
        asked = questions(survey, passing, self.setup.gate.ask)
        if not asked:
            return NOTHING_ASKED
        return answers(
            asked,
            await crawl.ask(image_ids(asked)),
            scopes={listed.scope.id: listed.scope for listed in self._crawled.scopes},
            orders={source.name: order for order, source in enumerate(self._sources)},
            unlisted={scope: frozenset(one.in_turn) for scope, one in survey.unlisted.items()},
        )

    async def _next(
        self, seen: Seen, terms: Terms, difference: Difference, companions: Companions, done: Done
    ) -> Run:
        """Publish the plan, if it changes anything."""
        if not self._same_schema():
            return await self._publish(seen, terms, companions, done)
        if companions == self._known.companions:
            tally = await self._unchanged(seen, terms, difference)
            if tally is not None:
                return self._finished(replace(done, tally=tally))
        return await self._publish(seen, terms, companions, done, difference)

    async def _unchanged(self, seen: Seen, terms: Terms, difference: Difference) -> Tally | None:
        """Count a plan, for all images if it changes nothing; None as soon as it changes something."""
        if difference.whole:
            tally = await difference.tally(terms)
            return tally if tally.nothing_changed else None
        tally = Tally()
        async with self._plan(seen, terms) as batches:
            async for decisions in batches:
                tally.count(decisions)
                if not tally.nothing_changed:
                    return None
                await asyncio.sleep(0)
        return tally

    async def _publish(
        self,
        seen: Seen,
        terms: Terms,
        companions: Companions,
        done: Done,
        difference: Difference | None = None,
        *,
        renew: bool = False,
    ) -> Run:
        """Build, and serve it. With a `difference`, which knows all that changes, only that is written where
        the engine can do so.
        """
        setup = self.setup
        building = Building(setup.ledger, setup.progress, self._begun.run, setup.keep.changes)
        amendment = await self._amendment(difference)
        build = amendment or await setup.writer.begin(self._generation.name, self._served)
        run: Run | None = None
        try:
            if amendment is not None and difference is not None:
                async with aclosing(difference.planned(terms)) as batches:
                    await building.amend(amendment, batches, difference.rest, at=self._now())
            else:
                async with self._plan(seen, terms, renew=renew) as batches:
                    await building.fill(build, batches, at=self._now())
            await build.seal(companions)
            await build.verify(building.tally.expected)
            run = self._finished(
                replace(
                    done,
                    tally=building.tally,
                    generation=self._generation.name,
                    published=True,
                    changes=building.changes,
                    left_out=building.left_out,
                )
            )
            await setup.writer.check()
            await setup.ledger.intend(run, self._memories)
            await build.publish()
        except GenerationRejected as error:
            await build.discard()
            if amendment is not None:
                _log.warning("a generation that was cloned is built whole instead: %s", error)
                await self._open_entry()
                return await self._publish(seen, terms, companions, done)
            return self._held(done.gated, str(error))
        except BaseException as error:
            await build.discard()
            if run is None or not await self._is_served(build):
                raise
            if not isinstance(error, Exception):
                self.served_all_the_same = replace(run, finished=self._now())
                raise
        return replace(run, finished=self._now())

    async def _amendment(self, difference: Difference | None) -> Amendment | None:
        if self._served is None or difference is None or not difference.few:
            return None
        return await self.setup.writer.amend(self._generation.name, self._served)

    async def _is_served(self, build: Build) -> bool:
        """Tell whether a generation is served though publishing it failed, and note where nobody can tell."""
        try:
            served = await self.setup.writer.served() == build.generation
        except EngineError:
            self._in_doubt = True
            return False
        self._in_doubt = build.in_doubt and not served
        return served

    def _finished(self, done: Done) -> Run:
        fetched = () if done.vain is not None else self._crawled.companions
        self._memories = (
            *memories(self._known.memories, self._crawled, done.gated, done.tally, done.told),
            *remembered(fetched, self._begun.started),
        )
        return finished_run(self._begun, self._crawled, done, finished=self._now())

    def _held(self, gated: Gated, reason: str) -> Run:
        return held_run(
            self._begun,
            self._crawled,
            gated,
            reason=reason,
            generation=self._served,
            finished=self._now(),
        )

    def failed(self, reason: str) -> Run:
        """Give the entry of a run that published nothing."""
        return failed_run(
            self._begun, self._crawled, reason=reason, generation=self._served, finished=self._now()
        )

    async def record(self, run: Run) -> Run:
        """Write the entry; one that cannot be written makes the run a failed one.

        While nobody can tell whether it published, what it intended stays, and the next run settles it.
        """
        ledger = self.setup.ledger
        if self._in_doubt:
            return replace(run, reason=f"{run.reason}; the next run finds out whether it was published")
        try:
            await self.setup.writer.check()
            await ledger.record(run, self._memories if run.exit != EXIT_FAILED else ())
            await ledger.trim(self.setup.keep, self._now())
        except (EngineError, OSError) as error:
            what = "what was published is served, but" if run.exit != EXIT_FAILED else f"{run.reason};"
            reason = f"{what} the ledger could not be written: {_said(error)}"
            return replace(run, exit=EXIT_FAILED, reason=reason)
        return run

    @asynccontextmanager
    async def _comparison(
        self, seen: Seen, terms: Terms
    ) -> AsyncIterator[AsyncGenerator[tuple[Decision, ...], None]]:
        """Plan by terms by which nobody has been asked yet, on outlines where the engine has them."""
        served = self._served
        outlined = await self.setup.writer.outlined(served) if served and self._same_schema() else None
        if outlined is None:
            async with self._plan(seen, terms) as batches:
                yield batches
            return
        async with aclosing(compare(seen.entries(), outlined, terms)) as batches:
            yield batches

    @asynccontextmanager
    async def _plan(
        self, seen: Seen, terms: Terms, *, renew: bool = False
    ) -> AsyncIterator[AsyncGenerator[tuple[Decision, ...], None]]:
        """Plan on what is served, as this version reads it where another wrote it."""
        served = _nothing() if self._served is None else self.setup.writer.documents(self._served)
        if renew or not self._same_schema():
            served = renewed(served, {source.name: source.kind for source in self._sources})
        async with aclosing(plan(seen.entries(), served, terms)) as batches:
            try:
                yield batches
            finally:
                if isinstance(served, AsyncGenerator):
                    await served.aclose()

    def _same_schema(self) -> bool:
        return self._served is not None and parse_generation(self._served).schema == SCHEMA

    def _now(self) -> datetime:
        return self.setup.clock.now()


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

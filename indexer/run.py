"""A run: from the clouds, or from what is served, to the next generation. Each reads as the story of one.

recover -> crawl -> survey -> gate -> ask -> plan -> note -> build -> verify -> intend -> publish -> record
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from engines.generation import Generation
from engines.ledger import Run
from indexer.choice import EVERYTHING, NOTHING_DUE, Choice
from indexer.companions import Known, merge_companions
from indexer.confirmed import confirmed
from indexer.crawl import Crawl, Crawled, crawling
from indexer.difference import Difference, open_difference
from indexer.fate import Terms
from indexer.gate import NOT_GATED, Gated, gate
from indexer.journal import Begun, Done, nothing_complete
from indexer.limits import Limits
from indexer.missing import unpacked
from indexer.publishing import Proposal, publish
from indexer.questions import NOTHING_ASKED, Answers, answers, image_ids, questions
from indexer.recover import recover
from indexer.setup import Setup
from indexer.sources.source import Source
from indexer.spool import Spool, open_spool
from indexer.standing import Seen, SharedOnly, Standing
from indexer.survey import Survey
from indexer.tally import Tally
from indexer.telling import EXPECTED, Telling, cause, said
from mappings.date import date_text, from_datetime
from mappings.schema import SCHEMA
from mappings.scope import shared

_log = logging.getLogger(__name__)


async def reindex(
    setup: Setup, sources: Sequence[Source], limits: Limits, choice: Choice = EVERYTHING
) -> Run:
    """Crawl the sources and publish what was found; give the journal entry, which the ledger holds by then.

    Only cancelling raises: whatever else goes wrong is the reason of a failed run, and the generation served
    before goes on.
    """
    attempt = _Attempt(setup, sources, choice)
    return await _told(attempt, lambda: attempt.crawled(limits))


async def renormalise(setup: Setup, sources: Sequence[Source]) -> Run:
    """Normalise again, without the clouds, all that is served, and publish it. Raises as `reindex` does."""
    attempt = _Attempt(setup, sources, NOTHING_DUE)
    return await _told(attempt, lambda: attempt.from_served(frozenset(), renew=True))


async def purge(setup: Setup, sources: Sequence[Source], scopes: AbstractSet[str]) -> Run:
    """Give up scopes, with the images that no other scope keeps. Raises as `reindex` does."""
    attempt = _Attempt(setup, sources, NOTHING_DUE)
    return await _told(attempt, lambda: attempt.from_served(scopes, renew=False))


async def _told(attempt: "_Attempt", story: Callable[[], Awaitable[Run]]) -> Run:
    """Let a run end as an entry of the journal, however it ends."""
    telling = attempt.telling
    try:
        await attempt.begin()
        run = await story()
    except asyncio.CancelledError:
        await telling.record(telling.published or telling.failed("the run was interrupted"))
        raise
    except Exception as error:
        first = cause(error)
        level = logging.DEBUG if isinstance(first, EXPECTED) else logging.ERROR
        _log.log(level, "the run failed", exc_info=True)
        run = telling.failed(said(first))
    finally:
        attempt.setup.progress.close()
    return await telling.record(run)


class _Attempt:
    """One run: from what is served when it begins to what it publishes."""

    def __init__(self, setup: Setup, sources: Sequence[Source], choice: Choice) -> None:
        now, mark = setup.clock.now(), secrets.token_hex(3)
        begun = Begun(
            f"{now:%Y%m%dt%H%M%Sz}-{mark}",
            now,
            configured=frozenset(source.name for source in sources),
            choice=choice,
        )
        self.setup = setup
        self.telling = Telling(setup, begun)
        self._sources = sources
        self._orders = {source.name: order for order, source in enumerate(sources)}
        self._choice = choice
        self._standing = self._upon(None)
        self._mark = mark

    async def begin(self) -> None:
        """Settle what a run before left open, and look where everything stands."""
        setup, telling = self.setup, self.telling
        term = await setup.writer.term(telling.begun.run)
        await recover(setup.writer, setup.ledger)
        telling.served = await setup.writer.served()
        await telling.open()
        self._standing = self._upon(telling.served)
        generation = Generation(setup.prefix, SCHEMA, term, telling.begun.started, self._mark)
        telling.begun = replace(
            telling.begun, generation=generation.name, scopes=await setup.ledger.scope_states()
        )
        companions = await self._standing.companions()
        telling.known = Known(companions, await setup.ledger.memories())

    def _upon(self, served: str | None) -> Standing:
        return Standing(self.setup.writer, served, {source.name: source.kind for source in self._sources})

    async def crawled(self, limits: Limits) -> Run:
        """Crawl, doubt, ask, and publish what comes of it."""
        telling, folder = self.telling, self.setup.folder
        with open_spool(folder) as spool, open_difference(folder) as difference:
            async with self._crawling(spool, limits) as crawl:
                telling.crawled = crawled = await crawl.listed()
                if not crawled.complete:
                    return await self._rights_only(spool, telling.failed(nothing_complete(crawled)))
                terms = self._terms(crawled)
                survey = await self._survey(spool, terms, difference)
                gated = self._gate(survey)
                if gated.stopped is not None:
                    stopped = telling.stopped(gated, survey.tally, gated.stopped)
                    return await self._rights_only(spool, stopped, gated)
                passing = crawled.complete - gated.held.keys()
                told = await self._ask(crawl, survey, passing)
            memories = telling.known.memories
            terms = replace(
                terms,
                whole=passing,
                gone=told.gone,
                found=told.found,
                missing_before={scope: unpacked(one.missing) for scope, one in memories.items()},
            )
            companions = merge_companions(telling.known.companions, crawled.companions)
            done = Done(survey.tally, telling.served, gated=gated, told=told)
            return await self._next(Proposal(spool, terms, companions, done), difference)

    async def from_served(self, ended: AbstractSet[str], *, renew: bool) -> Run:
        """Publish what is served without the scopes that are `ended`; `renew`: as this version reads it."""
        telling, folder = self.telling, self.setup.folder
        if telling.served is None:
            return telling.failed("nothing is served yet: ims-catalog reindex crawls the clouds")
        terms = replace(self._terms(Crawled()), ended=ended)
        done = Done(Tally(), telling.served, purged=tuple(sorted(ended)))
        with open_spool(folder) as spool, open_difference(folder) as difference:
            proposal = Proposal(spool, terms, telling.known.companions, done, renew=renew)
            if renew or not self._standing.same_schema:
                return await self._publish(proposal)
            await self._survey(spool, terms, difference)
            return await self._next(proposal, difference)

    async def _rights_only(self, spool: Spool, vain: Run, gated: Gated = NOT_GATED) -> Run:
        """Where nothing may be published, publish at least that rights ended; `vain` is the entry else.

        Of what was seen only what is shared counts: all other images stay as they are.
        """
        telling = self.telling
        if telling.served is None:
            return vain
        complete = frozenset(scope for scope in telling.crawled.complete if shared(scope))
        terms = replace(self._terms(telling.crawled), whole=complete)
        seen = SharedOnly(spool)
        with open_difference(self.setup.folder) as difference:
            survey = await self._survey(seen, terms, difference)
            if survey.tally.nothing_changed:
                return vain
            done = Done(survey.tally, telling.served, gated=gated, vain=vain)
            return await self._publish(Proposal(seen, terms, telling.known.companions, done, difference))

    def _crawling(self, spool: Spool, limits: Limits) -> AbstractAsyncContextManager[Crawl]:
        return crawling(
            self._sources,
            spool,
            limits=limits,
            progress=self.setup.progress,
            clock=self.setup.clock,
            expected=self.telling.begun.expected,
            only=self._choice.due,
            known=self.telling.known,
        )

    def _terms(self, crawled: Crawled) -> Terms:
        """Terms by which nothing that is missing ends, what is shared excepted."""
        begun = self.telling.begun
        return Terms(
            started=date_text(from_datetime(begun.started)),
            orders=self._orders,
            whole=crawled.complete,
            confirmed=confirmed(begun, crawled, self.setup.max_carry),
        )

    async def _survey(self, seen: Seen, terms: Terms, difference: Difference) -> Survey:
        return await self._standing.survey(
            seen, terms, difference, memories=self.telling.known.memories, progress=self.setup.progress
        )

    def _gate(self, survey: Survey) -> Gated:
        crawled = self.telling.crawled
        return gate(
            survey,
            crawled.complete,
            accepted=self._choice.accepted,
            memories=self.telling.known.memories,
            refused=sum(listed.refused for listed in crawled.scopes),
            now=self.telling.begun.started,
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
            scopes={listed.scope.id: listed.scope for listed in self.telling.crawled.scopes},
            orders=self._orders,
            unlisted={scope: frozenset(one.in_turn) for scope, one in survey.unlisted.items()},
        )

    async def _next(self, proposal: Proposal, difference: Difference) -> Run:
        """Publish the plan, if it changes anything."""
        if not self._standing.same_schema:
            return await self._publish(replace(proposal, difference=None))
        if proposal.companions == self.telling.known.companions:
            tally = await self._standing.unchanged(proposal.seen, proposal.terms, difference)
            if tally is not None:
                return self.telling.finished(replace(proposal.done, tally=tally))
        return await self._publish(replace(proposal, difference=difference))

    async def _publish(self, proposal: Proposal) -> Run:
        return await publish(self.setup, self._standing, self.telling, proposal)

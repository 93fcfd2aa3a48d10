"""`Standing`: what is served when a run begins, and plans upon it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from engines.base import Companions, Writer
from engines.generation import parse_generation
from engines.ledger import Memory
from indexer.comparison import compare
from indexer.difference import Difference
from indexer.fate import Terms
from indexer.plan import Decision, plan
from indexer.progress import Progress
from indexer.renewal import renewed
from indexer.spool import Entry, Spool
from indexer.survey import Survey
from indexer.tally import Tally
from mappings.document import Stored
from mappings.schema import SCHEMA
from mappings.scope import CloudKind, shared

Decisions = AsyncGenerator[tuple[Decision, ...], None]
"""A plan, in batches by ascending key."""


class Seen(Protocol):
    """What a plan goes by beside what is served: a spool, or a part of it."""

    def entries(self) -> Iterator[Entry]:
        """Give it by ascending key, anew with each call."""
        ...


@dataclass(frozen=True, slots=True)
class SharedOnly:
    """Of a spool only what is shared."""

    spool: Spool

    def entries(self) -> Iterator[Entry]:
        """Give it by ascending key."""
        return (entry for entry in self.spool.entries() if shared(entry.scope))


@dataclass(frozen=True, slots=True)
class Standing:
    """`served` is the generation, None where there is none yet.

    `kinds` are the clouds of the configured sources by name, by which documents of another version are read.
    """

    writer: Writer
    served: str | None
    kinds: Mapping[str, CloudKind]

    @property
    def same_schema(self) -> bool:
        """Whether it was written as this version would have written it."""
        return self.served is not None and parse_generation(self.served).schema == SCHEMA

    async def companions(self) -> Companions:
        """Give what it holds beside its documents."""
        return Companions() if self.served is None else await self.writer.companions(self.served)

    @asynccontextmanager
    async def planned(self, seen: Seen, terms: Terms, *, renew: bool = False) -> AsyncIterator[Decisions]:
        """Plan on the documents; with `renew`, or where another version wrote them, as this reads them."""
        served = _nothing() if self.served is None else self.writer.documents(self.served)
        if renew or not self.same_schema:
            served = renewed(served, self.kinds)
        async with aclosing(plan(seen.entries(), served, terms)) as decisions:
            try:
                yield decisions
            finally:
                if isinstance(served, AsyncGenerator):
                    await served.aclose()

    @asynccontextmanager
    async def compared(self, seen: Seen, terms: Terms) -> AsyncIterator[Decisions]:
        """Plan by terms by which nobody has been asked yet, on outlines where the engine has them."""
        outlined = (
            await self.writer.outlined(self.served) if self.served is not None and self.same_schema else None
        )
        if outlined is None:
            async with self.planned(seen, terms) as decisions:
                yield decisions
            return
        async with aclosing(compare(seen.entries(), outlined, terms)) as decisions:
            yield decisions

    async def survey(
        self,
        seen: Seen,
        terms: Terms,
        difference: Difference,
        *,
        memories: Mapping[str, Memory],
        progress: Progress,
    ) -> Survey:
        """Look at all images; those that change or may still change are in the difference then."""
        survey = Survey(memories)
        async with self.compared(seen, terms) as batches:
            async for decisions in batches:
                survey.count(decisions)
                if self.same_schema:
                    difference.take(decisions)
                progress.compared(survey.tally.changes.total())
                await asyncio.sleep(0)
        return survey

    async def unchanged(self, seen: Seen, terms: Terms, difference: Difference) -> Tally | None:
        """Count a plan, for all images if it changes nothing; None as soon as it changes something."""
        if difference.whole:
            tally = await difference.tally(terms)
            return tally if tally.nothing_changed else None
        tally = Tally()
        async with self.planned(seen, terms) as batches:
            async for decisions in batches:
                tally.count(decisions)
                if not tally.nothing_changed:
                    return None
                await asyncio.sleep(0)
        return tally


async def _nothing() -> AsyncIterator[Sequence[Stored]]:
    no_batches: tuple[Sequence[Stored], ...] = ()
    for batch in no_batches:
        yield batch

"""`crawling`: every scope of every source into the spool, several at once, then images by their ids."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from clouds.payload import Record
from engines.clock import Clock
from engines.ledger import State
from indexer.asked import Asked, Unanswered
from indexer.companions import Fetched, Known, Table
from indexer.deadline import Deadline, deadline_in
from indexer.dropped import dropped
from indexer.limits import Limits
from indexer.progress import Progress
from indexer.sources.account import open_account
from indexer.sources.failure import Failure
from indexer.sources.http import open_session
from indexer.sources.ims import Endless, MarkerGone, Region, flavors, os_versions, pages, scopes
from indexer.sources.lane import Lanes
from indexer.sources.projects import Unreached, expand
from indexer.sources.source import Source
from indexer.spool import Spool
from mappings.document import store
from mappings.normalise import normalise
from mappings.scope import Scope

_NOTHING_KNOWN = Known()
_AT_ONCE = 100
"""Records that are normalised before others have a turn: some 10 ms."""


@dataclass(frozen=True, slots=True)
class Listed:
    """How listing a scope ended: whole if there is no reason. `problems` counts what could not be read.

    `pages` and `images` were seen; `took` is in seconds. A scope that was not `due` was not asked for at all.
    """

    scope: Scope
    started: datetime
    reason: str | None
    refused: int
    problems: Mapping[str, int]
    pages: int = 0
    images: int = 0
    took: float = 0.0
    due: bool = True

    @property
    def state(self) -> State:
        """How it ended, in the ledger's words."""
        if not self.due:
            return State.NOT_DUE
        return State.COMPLETE if self.reason is None else State.INCOMPLETE


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl brought beside the spool.

    `dropped` holds the scopes that the sources listed before and do not list now: reasons by id.
    """

    scopes: tuple[Listed, ...] = ()
    unreached: tuple[Unreached, ...] = ()
    companions: tuple[Fetched, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> frozenset[str]:
        """Ids of the scopes that were listed whole."""
        return frozenset(listed.scope.id for listed in self.scopes if listed.state is State.COMPLETE)


class Crawl:
    """The sources while they can be asked."""

    def __init__(self, sources: Sequence[Source], means: "_Means") -> None:
        self._sources = sources
        self._means = means

    async def listed(self) -> Crawled:
        """List what the sources can see. No failure of a cloud raises; the run's deadline ends the rest."""
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(_source(self._means, order, source))
                for order, source in enumerate(self._sources)
            ]
        parts = [task.result() for task in running]
        return Crawled(
            scopes=tuple(one for part in parts for one in part.scopes),
            unreached=tuple(one for part in parts for one in part.unreached),
            companions=tuple(one for part in parts for one in part.companions),
            dropped={scope: reason for part in parts for scope, reason in part.dropped.items()},
        )

    async def ask(self, images: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Asked]]:
        """Ask for images by their ids: `images` holds them by the id of a scope that was listed.

        The answers come in the same shape. No failure of a cloud raises.
        """
        unknown = Unanswered("nobody was asked")
        return {scope: dict.fromkeys(wanted, unknown) for scope, wanted in images.items()}


@asynccontextmanager
async def crawling(
    sources: Sequence[Source],
    spool: Spool,
    *,
    limits: Limits,
    progress: Progress,
    clock: Clock,
    expected: Mapping[str, int],
    only: AbstractSet[str] | None = None,
    known: Known = _NOTHING_KNOWN,
) -> AsyncIterator[Crawl]:
    """Keep the way to the sources open for as long as the block lasts.

    `expected` is how many images each scope known from earlier runs held last: it tells the progress, and
    which scopes have dropped out. `only` are the ids of the scopes that are due, None for all of them; the
    others end as not due. `known` tells which companions are fresh enough not to be fetched again. The
    deadline of the run begins here.
    """
    async with open_session(limits) as session:
        means = _Means(
            session=session,
            spool=spool,
            limits=limits,
            progress=progress,
            clock=clock,
            deadline=deadline_in(limits.run_deadline, clock),
            expected=expected,
            only=only,
            known=known,
            lanes=Lanes(limits, clock),
            turns=defaultdict(lambda: asyncio.Semaphore(limits.concurrency)),
        )
        yield Crawl(sources, means)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What all parts of a crawl share. `turns` bounds how many scopes of an endpoint are listed at once."""

    session: aiohttp.ClientSession
    spool: Spool
    limits: Limits
    progress: Progress
    clock: Clock
    deadline: Deadline
    expected: Mapping[str, int]
    only: AbstractSet[str] | None
    known: Known
    lanes: Lanes
    turns: defaultdict[str, asyncio.Semaphore]


async def _source(means: _Means, order: int, source: Source) -> Crawled:
    try:
        account = open_account(source, means.session, means.lanes, means.limits)
    except ValueError as error:
        return Crawled(unreached=(Unreached(source.name, None, str(error)),))
    expansion = await expand(source, account, means.deadline.within(means.limits.scope_deadline))
    regions = [Region(source, name, projects, account) for name, projects in expansion.projects.items()]
    async with asyncio.TaskGroup() as tasks:
        listed = [
            tasks.create_task(_scope(means, order, region, scope))
            for region in regions
            for scope in scopes(region)
        ]
        fetched = [
            tasks.create_task(_table(means, region, table)) for region in regions for table in _tables(source)
        ]
    results = tuple(task.result() for task in listed)
    tried = {one.scope.id for one in results}
    return Crawled(
        scopes=results,
        unreached=expansion.unreached,
        companions=tuple(task.result() for task in fetched),
        dropped=dropped(source, means.expected, tried, expansion),
    )


async def _scope(means: _Means, order: int, region: Region, scope: Scope) -> Listed:
    if means.only is not None and scope.id not in means.only:
        return Listed(scope, means.clock.now(), "not due", 0, {}, due=False)
    async with means.turns[region.images_endpoint]:
        means.progress.begun(scope.id, means.expected.get(scope.id))
        listing = _Listing(means, order, scope, means.clock.now())
        reason = await listing.run(region, means.deadline.within(means.limits.scope_deadline))
        means.progress.ended(scope.id, reason)
        return Listed(scope, listing.started, reason, listing.refused, dict(listing.problems))


class _Listing:
    """One scope being listed: its pages go into the spool as they come."""

    def __init__(self, means: _Means, order: int, scope: Scope, started: datetime) -> None:
        self.started = started
        self.refused = 0
        self.problems: Counter[str] = Counter()
        self._means = means
        self._order = order
        self._scope = scope

    async def run(self, region: Region, deadline: Deadline) -> str | None:
        """List the scope; give the reason why it is not whole, None if it is."""
        times = self._means.limits.restarts + 1
        for _ in range(times):
            begin = self._means.spool.position
            self.refused = 0
            self.problems.clear()
            try:
                async for records in pages(region, self._scope, deadline):
                    await self._keep(records)
            except MarkerGone:
                continue
            except (Failure, Endless) as error:
                return str(error)
            self._means.spool.forget(self._scope.id, before=begin)
            return None
        return f"images were deleted while they were listed, {times} times in a row"

    async def _keep(self, records: Sequence[Record]) -> None:
        for number, record in enumerate(records):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            read = normalise(record, self._scope)
            self.problems.update(problem.reason.value for problem in read.problems)
            if read.document is None:
                self.refused += 1
            else:
                self._means.spool.add(self._order, self._scope.id, store(read.document))
        self._means.progress.listed(self._scope.id, len(records))


def _tables(source: Source) -> tuple[Table, ...]:
    return (Table.OS_VERSIONS,) if source.ecs_endpoint is None else (Table.OS_VERSIONS, Table.FLAVORS)


_FETCH: Mapping[Table, Callable[[Region, Deadline], Awaitable[tuple[Record, ...]]]] = {
    Table.FLAVORS: flavors,
    Table.OS_VERSIONS: os_versions,
}


async def _table(means: _Means, region: Region, table: Table) -> Fetched:
    deadline = means.deadline.within(means.limits.scope_deadline)
    cloud = region.source.cloud
    try:
        return Fetched(table, cloud, region.name, await _FETCH[table](region, deadline))
    except (Failure, Endless) as error:
        return Fetched(table, cloud, region.name, reason=str(error))

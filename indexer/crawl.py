"""`crawling`: every scope of every source into the spool, several at once, then images by their ids."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from engines.clock import Clock
from engines.ledger import State
from indexer.asked import Asked, Unanswered
from indexer.asking import ask_scope
from indexer.companions import Fetched, Known
from indexer.deadline import Deadline, deadline_in
from indexer.dropped import dropped
from indexer.limits import Limits
from indexer.listing import Listed, list_scope
from indexer.means import Means
from indexer.progress import Progress
from indexer.sources.account import open_account
from indexer.sources.failure import Failure
from indexer.sources.http import open_session
from indexer.sources.ims import Region
from indexer.sources.lane import Lanes
from indexer.sources.listing import scopes
from indexer.sources.projects import Expansion, Unreached, expand
from indexer.sources.source import Source
from indexer.spool import Spool
from indexer.tables import Reached, fetch_tables
from mappings.scope import Scope

_NOTHING_KNOWN = Known()


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

    def __init__(self, sources: Sequence[Source], means: Means) -> None:
        self._sources = [one for one in enumerate(sources) if means.reaches(one[1].name)]
        self._means = means
        self._found: dict[str, _Found] = {}

    async def listed(self) -> Crawled:
        """List what the sources can see. No failure of a cloud raises; the run's deadline ends the rest."""
        async with asyncio.TaskGroup() as tasks:
            opened = [tasks.create_task(_open(self._means, source)) for _, source in self._sources]
            running = [
                tasks.create_task(self._list(order, opening))
                for (order, _), opening in zip(self._sources, opened, strict=True)
            ]
            fetching = tasks.create_task(self._fetch(opened))
        parts = [task.result() for task in opened]
        listed = [task.result() for task in running]
        return Crawled(
            scopes=tuple(one for part in listed for one in part),
            unreached=tuple(one for part in parts for one in part.expansion.unreached),
            companions=fetching.result(),
            dropped={
                scope: reason
                for part, ended in zip(parts, listed, strict=True)
                for scope, reason in self._dropped(part, ended).items()
            },
        )

    async def ask(self, images: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Asked]]:
        """Ask for images by their ids: `images` holds them by the id of a scope that was to be listed.

        The answers come in the same shape. No failure of a cloud raises.
        """
        number, wanted = count(1), sum(map(len, images.values()))

        def answered() -> None:
            self._means.progress.asked(next(number), wanted)

        async with asyncio.TaskGroup() as tasks:
            asking = {
                scope: tasks.create_task(self._ask(scope, asked, answered)) for scope, asked in images.items()
            }
        return {scope: task.result() for scope, task in asking.items()}

    async def _list(self, order: int, opening: "asyncio.Task[_Opened]") -> tuple[Listed, ...]:
        opened = await opening
        self._found.update((one.scope.id, one) for one in opened.found)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(list_scope(self._means, order, one.region, one.scope))
                for one in opened.found
            ]
        return tuple(task.result() for task in running)

    async def _fetch(self, opened: "Sequence[asyncio.Task[_Opened]]") -> tuple[Fetched, ...]:
        reached = [await opening for opening in opened]
        return await fetch_tables(self._means, [Reached(one.source, one.regions) for one in reached])

    def _dropped(self, opened: "_Opened", ended: Sequence[Listed]) -> dict[str, str]:
        tried = {one.scope.id for one in ended}
        return dropped(opened.source, self._means.expected, tried, opened.expansion)

    async def _ask(self, scope: str, images: Sequence[str], answered: Callable[[], None]) -> dict[str, Asked]:
        if scope not in self._found:
            return dict.fromkeys(images, Unanswered("the scope cannot be reached"))
        found = self._found[scope]
        return await ask_scope(self._means, found.region, found.scope, images, answered)


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
    """Keep the way to the sources open for as long as the block lasts; they come as they are configured.

    `expected` is how many images each scope known from earlier runs held last: it tells the progress, and
    which scopes have dropped out. `only` are the ids of the scopes that are due, or begins of ids that end in
    a slash, None for all of them; the others end as not due. `known` tells which companions are fresh enough
    not to be fetched again. The deadline of the run begins here.
    """
    async with open_session(limits) as session:
        means = Means(
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


@dataclass(frozen=True, slots=True)
class _Found:
    """A scope, and the region that it is listed in."""

    region: Region
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Opened:
    """A source: the regions that can be asked, by name, and what is to be listed there."""

    source: Source
    regions: Mapping[str, Region]
    found: tuple[_Found, ...]
    expansion: Expansion


async def _open(means: Means, source: Source) -> _Opened:
    try:
        account = open_account(source, means.session, means.lanes, means.limits)
    except ValueError as error:
        return _Opened(source, {}, (), Expansion({}, (Unreached(source.name, None, str(error)),)))
    deadline = means.deadline.within(means.limits.scope_deadline)
    expansion = await expand(source, account, deadline)
    regions = {name: Region(source, name, projects, account) for name, projects in expansion.projects.items()}
    answers = await asyncio.gather(*(_scopes(means, region, deadline) for region in regions.values()))
    failed = [one for one in answers if isinstance(one, Unreached)]
    return _Opened(
        source,
        regions,
        tuple(one for found in answers if not isinstance(found, Unreached) for one in found),
        replace(expansion, unreached=(*expansion.unreached, *failed)),
    )


async def _scopes(means: Means, region: Region, deadline: Deadline) -> tuple[_Found, ...] | Unreached:
    known = [one for one in means.expected if one.startswith(f"{region.source.name}/{region.name}/")]
    try:
        return tuple(_Found(region, scope) for scope in await scopes(region, known, deadline))
    except Failure as failure:
        return Unreached(region.source.name, region.name, str(failure))

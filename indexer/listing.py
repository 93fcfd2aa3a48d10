"""`list_scope`: one scope from its first page to the empty one, or to the reason why it is not whole.

A page is asked for by the image that it starts after, and that image may be deleted meanwhile. Then the
listing goes on from an image before it: the oldest come first, so nothing behind that image is missed, and
what was listed already comes once more. Where none of those tried lives, the listing starts again.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clouds.ims import is_marker
from clouds.payload import Record
from engines.ledger import State
from indexer.means import Means
from indexer.sources.failure import Failure
from indexer.sources.ims import Endless, MarkerGone, Region
from indexer.sources.listing import pages
from mappings.document import store
from mappings.normalise import normalise
from mappings.scope import Scope

_AT_ONCE = 100
"""Records that are normalised before others have a turn: some 10 ms."""

_REMEMBERED = 4_096
"""Ids of the last images, to go on from and to know images that come once more; several pages of them."""


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


async def list_scope(means: Means, order: int, region: Region, scope: Scope) -> Listed:
    """List a scope into the spool when it has its turn; no failure of the cloud raises.

    `order` is the place of its source in the configuration.
    """
    if not means.due(scope.id):
        return Listed(scope, means.clock.now(), "not due", 0, {}, due=False)
    async with means.turns[region.images_endpoint]:
        means.progress.begun(scope.id, means.expected.get(scope.id))
        listing = _Listing(means, order, region, scope)
        reason = await listing.run()
        means.progress.ended(scope.id, reason)
        return listing.ended(reason)


class _Listing:
    """One scope being listed: its pages go into the spool as they come."""

    def __init__(self, means: Means, order: int, region: Region, scope: Scope) -> None:
        self._means = means
        self._order = order
        self._region = region
        self._scope = scope
        self._deadline = means.deadline.within(means.limits.scope_deadline)
        self._started = means.clock.now()
        self._started_at = means.clock.monotonic()
        self._begin()

    def _begin(self) -> None:
        self._pages = 0
        self._images = 0
        self._refused = 0
        self._problems: Counter[str] = Counter()
        self._last: OrderedDict[str, None] = OrderedDict()

    async def run(self) -> str | None:
        """List the scope; give the reason why it is not whole, None if it is."""
        times = self._means.limits.restarts + 1
        for _ in range(times):
            position = self._means.spool.position
            self._begin()
            try:
                await self._walk()
            except MarkerGone:
                continue
            except (Failure, Endless) as error:
                return self._said(str(error))
            self._means.spool.forget(self._scope.id, before=position)
            return None
        return self._said(f"images were deleted while they were listed, {times} times in a row")

    def ended(self, reason: str | None) -> Listed:
        """Say how it ended."""
        return Listed(
            self._scope,
            self._started,
            reason,
            self._refused,
            dict(self._problems),
            pages=self._pages,
            images=self._images,
            took=self._means.clock.monotonic() - self._started_at,
        )

    async def _walk(self) -> None:
        """List to the end, past markers that are gone. Raises MarkerGone, Failure and Endless."""
        after: str | None = None
        earlier: Iterator[str] = iter(())
        resumed = 0
        while True:
            seen = self._pages
            try:
                async for records in pages(self._region, self._scope, self._deadline, after):
                    await self._keep(records)
            except MarkerGone:
                if self._pages > seen:
                    earlier = iter(_earlier(tuple(self._last)))
                    resumed += 1
                after = next(earlier, None)
                if after is None or resumed > self._means.limits.resumptions:
                    raise
            else:
                return

    async def _keep(self, records: Sequence[Record]) -> None:
        if self._pages == self._means.limits.pages:
            raise Endless(f"the listing has more than {self._pages} pages")
        self._pages += 1
        before = self._images
        for number, record in enumerate(records):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            self._keep_record(record)
        self._means.progress.listed(self._scope.id, self._images - before)

    def _keep_record(self, record: Record) -> None:
        known = self._comes_again(record)
        read = normalise(record, self._scope)
        if not known:
            self._images += 1
            self._problems.update(problem.reason.value for problem in read.problems)
        if read.document is not None:
            self._means.spool.add(self._order, self._scope.id, store(read.document))
        elif not known:
            self._refused += 1

    def _comes_again(self, record: Record) -> bool:
        """Tell whether a record was listed a little while ago, and remember it if not."""
        name = record.get("id")
        if not isinstance(name, str) or not is_marker(name):
            return False
        if name in self._last:
            return True
        self._last[name] = None
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        return False

    def _said(self, reason: str) -> str:
        if self._pages == 0:
            return f"{reason}; no page was seen"
        pages = "1 page" if self._pages == 1 else f"{self._pages:,} pages"
        images = "1 image" if self._images == 1 else f"{self._images:,} images"
        return f"{reason}; seen were {pages} with {images}"


def _earlier(ids: Sequence[str]) -> list[str]:
    """Give those of the ids listed last to go on from: the nearest first, each twice as far back.

    The last one is the marker that is gone.
    """
    found = []
    back = 1
    while back < len(ids):
        found.append(ids[-1 - back])
        back *= 2
    return found

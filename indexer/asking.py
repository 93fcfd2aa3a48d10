"""`ask_scope`: images of one scope by their ids, whether they are listed or not."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from clouds.ims import is_marker
from indexer.asked import Asked, Unanswered, answer
from indexer.means import Means
from indexer.sources.failure import Failure
from indexer.sources.ims import Region
from indexer.sources.listing import image
from mappings.scope import Scope

_FAILURES = 3
"""Failures after which the others are not asked for any more: they would only add to the trouble."""


async def ask_scope(
    means: Means, region: Region, scope: Scope, images: Sequence[str], answered: Callable[[], None]
) -> dict[str, Asked]:
    """Ask for images, a few at once, when the scope has its turn; `answered` is told of each.

    No failure of the cloud raises.
    """
    async with means.turns[region.images_endpoint]:
        asking = _Asking(means, region, scope, answered)
        waiting = iter(dict.fromkeys(images))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(means.limits.concurrency):
                tasks.create_task(asking.each(waiting))
        return asking.answers


class _Asking:
    """The images of a scope being asked for."""

    def __init__(self, means: Means, region: Region, scope: Scope, answered: Callable[[], None]) -> None:
        self.answers: dict[str, Asked] = {}
        self._answered = answered
        self._region = region
        self._scope = scope
        self._deadline = means.deadline.within(means.limits.scope_deadline)
        self._failures: list[str] = []

    async def each(self, waiting: Iterator[str]) -> None:
        """Ask for one after the other of what is still waiting."""
        for identifier in waiting:
            self.answers[identifier] = await self._one(identifier)
            self._answered()

    async def _one(self, identifier: str) -> Asked:
        if not is_marker(identifier):
            return Unanswered("its id cannot be sent")
        if len(self._failures) >= _FAILURES:
            return Unanswered(f"not asked for, as {_FAILURES} others failed: {self._failures[-1]}")
        try:
            record = await image(self._region, self._scope, identifier, self._deadline)
        except Failure as failure:
            self._failures.append(str(failure))
            return Unanswered(str(failure))
        return answer(record)

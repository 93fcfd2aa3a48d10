"""`Building`: the decisions of a plan on their way into a generation, their changes into the ledger."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from engines.base import Amendment, Build
from engines.ledger import ChangeKind, ImageChange, Ledger, ScopeState
from indexer.changes import image_change, rights_changes, told_last
from indexer.plan import Change, Decision
from indexer.progress import Progress
from indexer.tally import Tally

NOTED_AT_ONCE = 500


class Building:
    """Counts what it passes on; at most so many changes of the run are noted, the others are `left_out`.

    `scopes` are the states in which the run found them: what is removed was told of last then.
    """

    def __init__(
        self, ledger: Ledger, progress: Progress, run: str, most: int, scopes: Mapping[str, ScopeState]
    ) -> None:
        self.tally = Tally()
        self.changes: Counter[ChangeKind] = Counter()
        self.left_out = 0
        self._taken = 0
        self._ledger = ledger
        self._progress = progress
        self._run = run
        self._most = most
        self._scopes = scopes
        self._waiting: list[ImageChange] = []

    async def fill(self, build: Build, batches: AsyncIterator[Sequence[Decision]], *, at: datetime) -> None:
        """Add the documents of a plan to a build; `at` is the moment of the changes."""

        async def write(decisions: Sequence[Decision]) -> None:
            await build.add([one.stored for one in decisions if one.stored is not None])

        await self._pass_on(write, batches, at)

    async def amend(
        self, build: Amendment, batches: AsyncIterator[Sequence[Decision]], rest: Tally, *, at: datetime
    ) -> None:
        """Write what a plan changes; `rest` counts the documents that stay as they are and are not in it."""

        async def write(decisions: Sequence[Decision]) -> None:
            differing = [one for one in decisions if one.change is not Change.SAME]
            await build.remove([one.key for one in differing if one.stored is None])
            await build.add([one.stored for one in differing if one.stored is not None])

        self.tally = deepcopy(rest)
        await self._pass_on(write, batches, at)

    async def _pass_on(
        self,
        write: Callable[[Sequence[Decision]], Awaitable[None]],
        batches: AsyncIterator[Sequence[Decision]],
        at: datetime,
    ) -> None:
        async for decisions in batches:
            self.tally.count(decisions)
            await write(decisions)
            await self._note(decisions, at)
            self._progress.built(self.tally.documents)
            await asyncio.sleep(0)
        await self._send()

    async def _note(self, decisions: Sequence[Decision], at: datetime) -> None:
        for decision in decisions:
            change = image_change(decision, self._run, at)
            if change is not None:
                self.changes[change.kind] += 1
                self._take(change)
            for told in rights_changes(decision, self._run, at):
                self._take(told)
        if len(self._waiting) >= NOTED_AT_ONCE:
            await self._send()

    def _take(self, change: ImageChange) -> None:
        if self._taken == self._most:
            self.left_out += 1
            return
        self._taken += 1
        if change.kind is ChangeKind.REMOVED:
            change = replace(change, seen=told_last(change.stored, self._scopes))
        self._waiting.append(change)

    async def _send(self) -> None:
        if self._waiting:
            await self._ledger.note(self._run, self._waiting)
            self._waiting = []

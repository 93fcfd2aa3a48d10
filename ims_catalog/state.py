"""Backup of the ledger: all of it into a file, and back into any engine."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from engines.base import EngineError
from engines.clock import Clock
from engines.ledger import Entry, Extent, ImageChange, Ledger, Run
from ims_catalog.compose import open_ledger, open_writer
from ims_catalog.settings import Settings
from ims_catalog.state_file import StateFileWriter, read_state_file

_RUNS_AT_ONCE = 50
_CHANGES_AT_ONCE = 500


class LedgerNotEmpty(Exception):
    """There are runs where a ledger was to be restored."""


@dataclass
class Tally:
    """What went through."""

    runs: int = 0
    changes: int = 0

    def count(self, entry: Entry) -> None:
        """Count an entry."""
        self.runs += isinstance(entry, Run)
        self.changes += isinstance(entry, ImageChange)


async def export_state(settings: Settings, write: Callable[[bytes], object], now: datetime) -> Tally:
    """Write the ledger of the catalogue as a backup. Raises EngineError, ConfigurationError."""
    ledger = open_ledger(settings)
    try:
        return await export_ledger(ledger, write, now)
    finally:
        await ledger.close()


async def export_ledger(ledger: Ledger, write: Callable[[bytes], object], now: datetime) -> Tally:
    """Write a ledger as a backup, unless a run is recorded meanwhile: then its end is missing.

    Raises EngineError.
    """
    revision, extent = await ledger.revision(), await ledger.extent()
    if not revision:
        raise EngineError("the ledger is empty: there is nothing to export before the first run")
    file, tally = StateFileWriter(write, now, extent), Tally()

    def add(entry: Entry) -> None:
        file.add(entry)
        tally.count(entry)

    pages, runs = await _pages(ledger)
    for before in reversed(pages):
        for run in reversed(await ledger.runs(_RUNS_AT_ONCE, before)):
            add(run)
    for state in (await ledger.scope_states()).values():
        add(state)
    for memory in (await ledger.memories()).values():
        add(memory)
    after = 0
    while page := await ledger.kept(after, _CHANGES_AT_ONCE):
        for change in page:
            add(change)
        after = page[-1].position
    if (await ledger.revision(), await ledger.extent(), tally.runs) != (revision, extent, runs):
        raise EngineError("a run was recorded while the ledger was exported: export it again")
    file.end()
    return tally


async def _pages(ledger: Ledger) -> tuple[list[str | None], int]:
    """Give the runs before which the pages of runs lie, newest first, and how many runs there are."""
    pages: list[str | None] = [None]
    while len(page := await ledger.runs(_RUNS_AT_ONCE, pages[-1])) == _RUNS_AT_ONCE:
        pages.append(page[-1].run)
    return pages, (len(pages) - 1) * _RUNS_AT_ONCE + len(page)


async def import_state(
    settings: Settings, file: BinaryIO, clock: Clock, tell: Callable[[str], None], *, replace: bool
) -> Tally:
    """Restore the ledger of the catalogue from a backup, in one step and while no run goes on.

    Raises NoStateFile for what is no backup, LedgerNotEmpty unless it is to be replaced, WriterBusy,
    EngineError, ConfigurationError.
    """
    state = read_state_file(file)
    async with AsyncExitStack() as opened:
        writer = await open_writer(settings, clock, tell)
        opened.push_async_callback(writer.close)
        ledger = open_ledger(settings)
        opened.push_async_callback(ledger.close)
        if not replace and await ledger.runs(1):
            raise LedgerNotEmpty("the catalogue has a ledger already: --replace puts the backup in its place")
        return await import_ledger(ledger, state.entries, state.extent)


async def import_ledger(ledger: Ledger, entries: Iterable[Entry], extent: Extent) -> Tally:
    """Restore a ledger, and tell what came. What `entries` raises passes."""
    tally = Tally()

    def counted() -> Iterator[Entry]:
        for entry in entries:
            tally.count(entry)
            yield entry

    await ledger.restore(counted(), extent)
    return tally

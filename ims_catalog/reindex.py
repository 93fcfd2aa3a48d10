"""One run with the parts that the settings name."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta

from clouds.printable import printable
from engines.clock import system_clock
from engines.ledger import Run, ScopeState
from ims_catalog.compose import catalogue_folder, gate_limits, keep, limits, open_ledger, open_writer
from ims_catalog.settings import Settings
from indexer.choice import EVERYTHING, Choice
from indexer.progress import Progress, progress
from indexer.run import purge, reindex, renormalise
from indexer.setup import Setup
from indexer.sources.source import Source
from indexer.unseen import Unseen


async def reindex_once(settings: Settings, sources: Sequence[Source], choice: Choice = EVERYTHING) -> Run:
    """Crawl what is due of the sources into the catalogue of the settings; progress goes to stderr.

    Raises EngineError if the catalogue cannot be written at all, WriterBusy if another run writes it.
    """
    async with _shown(settings) as setup:
        return await reindex(setup, sources, limits(settings), choice)


async def reindex_due(
    settings: Settings,
    sources: Sequence[Source],
    still_due: Callable[[Mapping[str, ScopeState]], AbstractSet[str]],
) -> Run | None:
    """Crawl what is due still once the right to write is there, unseen; None if nothing is.

    `still_due` gives what a choice does, from what the ledger knows of the scopes. Raises as `reindex_once`.
    """
    async with _setup(settings, progress=Unseen(), tell=lambda _: None) as setup:
        due = still_due(await setup.ledger.scope_states())
        return await reindex(setup, sources, limits(settings), Choice(due)) if due else None


async def renormalise_once(settings: Settings, sources: Sequence[Source]) -> Run:
    """Read the records of what is served again, as this version reads them. Raises as `reindex_once` does."""
    async with _shown(settings) as setup:
        return await renormalise(setup, sources)


async def purge_once(settings: Settings, sources: Sequence[Source], scopes: AbstractSet[str]) -> Run:
    """Give scopes up, with the images that no other scope keeps. Raises as `reindex_once` does."""
    async with _shown(settings) as setup:
        return await purge(setup, sources, scopes)


async def known_scopes(settings: Settings) -> tuple[str, ...]:
    """Give the ids of the scopes that runs have told of. Raises EngineError."""
    ledger = open_ledger(settings)
    try:
        return tuple(sorted(await ledger.scope_states()))
    finally:
        await ledger.close()


def _shown(settings: Settings) -> AbstractAsyncContextManager[Setup]:
    return _setup(settings, progress=progress(sys.stderr), tell=_tell)


@asynccontextmanager
async def _setup(
    settings: Settings, *, progress: Progress, tell: Callable[[str], None]
) -> AsyncIterator[Setup]:
    clock = system_clock()
    async with AsyncExitStack() as opened:
        writer = await open_writer(settings, clock, tell)
        opened.push_async_callback(writer.close)
        ledger = open_ledger(settings)
        opened.push_async_callback(ledger.close)
        yield Setup(
            writer=writer,
            ledger=ledger,
            progress=progress,
            clock=clock,
            folder=catalogue_folder(settings),
            prefix=settings.engine.prefix,
            gate=gate_limits(settings),
            keep=keep(settings),
            max_carry=timedelta(seconds=settings.access.max_carry),
        )


def _tell(said: str) -> None:
    sys.stderr.write(f"{printable(said)}\n")
    sys.stderr.flush()

"""One run with the parts that the settings name."""

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from clouds.printable import printable
from engines.clock import system_clock
from engines.ledger import Run
from ims_catalog.compose import catalogue_folder, limits, open_ledger, open_writer
from ims_catalog.settings import Settings
from indexer.progress import progress
from indexer.run import reindex
from indexer.sources.source import Source


async def reindex_once(settings: Settings, sources: Sequence[Source]) -> Run:
    """Crawl the sources into the catalogue of the settings; progress goes to stderr.

    Raises EngineError if the catalogue cannot be written at all, WriterBusy if another run writes it.
    """
    clock = system_clock()
    async with AsyncExitStack() as opened:
        writer = await open_writer(settings, clock, _tell)
        opened.push_async_callback(writer.close)
        ledger = open_ledger(settings)
        opened.push_async_callback(ledger.close)
        return await reindex(
            sources=sources,
            writer=writer,
            ledger=ledger,
            limits=limits(settings),
            progress=progress(sys.stderr),
            clock=clock,
            folder=catalogue_folder(settings),
            prefix=settings.engine.prefix,
        )


def _tell(said: str) -> None:
    sys.stderr.write(f"{printable(said)}\n")
    sys.stderr.flush()

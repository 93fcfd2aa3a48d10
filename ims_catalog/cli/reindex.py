"""`ims-catalog reindex`."""

import asyncio
import sys

import orjson
import typer

from engines.clock import system_clock
from engines.ledger import Run
from ims_catalog.cli.options import AsJson, Config, spoken_errors
from ims_catalog.compose import limits, open_ledger, open_writer, sources
from ims_catalog.configuration import load_settings
from ims_catalog.settings import Settings
from indexer.progress import progress
from indexer.run import reindex


def command(config: Config = None, as_json: AsJson = False) -> None:
    """Crawl the configured clouds and publish what was found.

    Exit code 0: published, or nothing had changed. 3: some scopes are incomplete, their images stay as they
    were. 1: no scope is complete, or the run failed; the old catalogue goes on. 2: wrong configuration.
    """
    with spoken_errors():
        run = asyncio.run(_reindex(load_settings(config)))
    typer.echo(orjson.dumps(run).decode() if as_json else in_words(run))
    raise typer.Exit(run.exit)


async def _reindex(settings: Settings) -> Run:
    clock = system_clock()
    given = sources(settings)
    writer = open_writer(settings, clock)
    ledger = open_ledger(settings)
    try:
        return await reindex(
            sources=given,
            writer=writer,
            ledger=ledger,
            limits=limits(settings),
            progress=progress(sys.stderr),
            clock=clock,
            folder=settings.engine.path,
            prefix=settings.engine.prefix,
        )
    finally:
        await ledger.close()
        await writer.close()


def in_words(run: Run) -> str:
    """Say what a run did, in a line and one more for each scope that is not complete."""
    first = (
        f"run {run.run}: {run.outcome.value}, {run.documents:,} images "
        f"({run.added:,} added, {run.changed:,} changed, {run.removed:,} removed, {run.refused:,} refused)"
    )
    reason = [f"  {run.reason}"] if run.reason else []
    scopes = [
        f"  {scope.scope}: {scope.state.value}, {scope.reason}; {scope.carried:,} images stay as they were"
        for scope in run.scopes
        if scope.reason
    ]
    return "\n".join((first, *reason, *scopes))

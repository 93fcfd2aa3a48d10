"""`ims-catalog reindex`."""

import asyncio
import contextlib
import signal

import orjson
import typer

from engines.base import WriterBusy
from engines.ledger import Run
from ims_catalog.cli.options import AsJson, Config, spoken_errors
from ims_catalog.compose import sources
from ims_catalog.configuration import load_settings
from ims_catalog.reindex import reindex_once
from ims_catalog.settings import Settings

ANOTHER_RUN = 5
INTERRUPTED = 130


def command(config: Config = None, as_json: AsJson = False) -> None:
    """Crawl the configured clouds and publish what was found.

    Exit code 0: published, or nothing had changed. 3: some scopes are incomplete, their images stay as they
    were. 1: no scope is complete, or the run failed; the old catalogue goes on. 2: wrong configuration. 5:
    another run is going on.
    """
    with spoken_errors():
        try:
            run = asyncio.run(_until_told(load_settings(config)))
        except WriterBusy as error:
            typer.echo(f"ims-catalog: {error}", err=True)
            raise typer.Exit(ANOTHER_RUN) from None
        except asyncio.CancelledError:
            typer.echo("ims-catalog: the run was interrupted; the old catalogue goes on", err=True)
            raise typer.Exit(INTERRUPTED) from None
    typer.echo(orjson.dumps(run).decode() if as_json else in_words(run))
    raise typer.Exit(run.exit)


async def _until_told(settings: Settings) -> Run:
    """Let SIGTERM and SIGINT end the run as an interrupted one, which the ledger then tells."""
    run = asyncio.ensure_future(reindex_once(settings, sources(settings)))
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, run.cancel)
    return await run


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

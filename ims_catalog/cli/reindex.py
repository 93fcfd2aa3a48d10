"""`ims-catalog reindex`."""

import asyncio
import signal

import orjson
import typer

from engines.base import WriterBusy
from engines.ledger import Outcome, Run
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
        asyncio.get_running_loop().add_signal_handler(number, run.cancel)
    return await run


def in_words(run: Run) -> str:
    """Say what a run did, and once for each reason which listings are not whole."""
    if run.outcome is Outcome.FAILED:
        lines = [f"run {run.run}: failed; the catalogue stays as it was ({run.documents:,} images)"]
    else:
        counts = (
            f"{run.added:,} added, {run.changed:,} changed, {run.removed:,} removed, {run.refused:,} refused"
        )
        lines = [f"run {run.run}: {run.outcome.value}, {run.documents:,} images ({counts})"]
    if run.reason:
        lines.append(f"  {run.reason}")
    by_reason: dict[str, list[str]] = {}
    for scope in run.scopes:
        if scope.reason:
            by_reason.setdefault(scope.reason, []).append(scope.scope)
    for reason, scopes in by_reason.items():
        more = f" and {len(scopes) - _NAMED} more" if len(scopes) > _NAMED else ""
        lines.append(f"  not listed whole, images kept: {', '.join(scopes[:_NAMED])}{more}: {reason}")
    return "\n".join(lines)


_NAMED = 5

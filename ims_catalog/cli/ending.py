"""How a command ends that is a run: with the run in words or as JSON, and with its exit code."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import NoReturn

import orjson
import typer

from engines.base import WriterBusy
from engines.ledger import Run
from ims_catalog.cli.run_text import in_words

ANOTHER_RUN = 5
INTERRUPTED = 130


def end_with(run: Coroutine[None, None, Run], *, as_json: bool) -> NoReturn:
    """Let a run happen and leave. SIGTERM and SIGINT end it as an interrupted one, which the ledger tells.

    Raises typer.Exit with its exit code; 5 if another run is going on. EngineError passes.
    """
    try:
        ended = asyncio.run(_until_told(run))
    except WriterBusy as error:
        typer.echo(f"ims-catalog: {error}", err=True)
        raise typer.Exit(ANOTHER_RUN) from None
    except asyncio.CancelledError:
        typer.echo("ims-catalog: the run was interrupted; ims-catalog runs tells what came of it", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(orjson.dumps(ended).decode() if as_json else in_words(ended))
    raise typer.Exit(ended.exit)


async def _until_told(run: Coroutine[None, None, Run]) -> Run:
    running = asyncio.ensure_future(run)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    return await running

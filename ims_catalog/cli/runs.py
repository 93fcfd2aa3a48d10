"""`ims-catalog runs`."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from engines.ledger import Run
from ims_catalog.cli.options import AsJson, Config, spoken_errors
from ims_catalog.compose import open_ledger
from ims_catalog.configuration import load_settings
from ims_catalog.settings import Settings


def command(
    config: Config = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many runs, newest first.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what the last runs did."""
    with spoken_errors():
        runs = asyncio.run(_runs(load_settings(config), limit))
    if as_json:
        typer.echo(orjson.dumps(list(runs)).decode())
    elif not runs:
        typer.echo("no run yet: ims-catalog reindex starts one")
    else:
        Console().print(_table(runs))


async def _runs(settings: Settings, limit: int) -> Sequence[Run]:
    ledger = open_ledger(settings)
    try:
        return await ledger.runs(limit)
    finally:
        await ledger.close()


def _table(runs: Sequence[Run]) -> Table:
    numbers = ("images", "added", "changed", "removed", "refused")
    table = Table("run", "started (UTC)", "took", "outcome", box=None, pad_edge=False)
    for title in numbers:
        table.add_column(title, justify="right")
    table.add_column("scopes")
    for run in runs:
        complete = sum(scope.reason is None for scope in run.scopes)
        table.add_row(
            run.run,
            f"{run.started:%Y-%m-%d %H:%M}",
            f"{(run.finished - run.started).total_seconds():.1f} s",
            run.outcome.value,
            *(f"{n:,}" for n in (run.documents, run.added, run.changed, run.removed, run.refused)),
            f"{complete} of {len(run.scopes)} complete",
        )
    return table

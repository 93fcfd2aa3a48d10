"""`ims-catalog runs`."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Annotated

import orjson
import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from clouds.printable import printable
from engines.base import EngineError
from engines.holding import Holding, said_moment
from engines.ledger import Run, State
from ims_catalog.cli.options import AsJson, Config, spoken_errors
from ims_catalog.compose import open_ledger, who_writes
from ims_catalog.configuration import load_settings
from ims_catalog.settings import Settings


def command(
    config: Config = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many runs, newest first.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what the last runs did, and which is going on."""
    with spoken_errors():
        runs, holding = asyncio.run(_runs(load_settings(config), limit))
    if as_json:
        typer.echo(orjson.dumps(list(runs)).decode())
        return
    if holding is not None:
        typer.echo(going_on(holding))
    if not runs:
        typer.echo("no run yet: ims-catalog reindex starts one")
    else:
        Console().print(Group(_table(runs), *_reasons(runs)))


async def _runs(settings: Settings, limit: int) -> tuple[Sequence[Run], Holding | None]:
    ledger = open_ledger(settings)
    try:
        runs = await ledger.runs(limit)
        with suppress(EngineError):
            return runs, await who_writes(settings)
        return runs, None
    finally:
        await ledger.close()


def going_on(holding: Holding) -> str:
    """Say who runs. Where `renewed` is told it may have died since."""
    said = f"going on: {printable(str(holding))}"
    if holding.renewed is None:
        return said
    return f"{said}, still there at {said_moment(holding.renewed)}"


def _table(runs: Sequence[Run]) -> Table:
    table = Table("run", "outcome", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("took", "images", "added", "changed", "removed", "complete"):
        table.add_column(title, justify="right")
    for run in runs:
        complete = sum(scope.state is State.COMPLETE for scope in run.scopes)
        table.add_row(
            run.run,
            run.outcome.value,
            f"{(run.finished - run.started).total_seconds():.1f} s",
            *(f"{count:,}" for count in (run.documents, run.added, run.changed, run.removed)),
            f"{complete}/{len(run.scopes)}",
        )
    table.columns[0].no_wrap = True
    return table


def _reasons(runs: Sequence[Run]) -> Iterator[Text]:
    """Say beneath why runs failed, or were not what was wanted."""
    for run in runs:
        if run.reason:
            yield Text(f"{run.run} {run.outcome.value}: {printable(run.reason)}", style="yellow")

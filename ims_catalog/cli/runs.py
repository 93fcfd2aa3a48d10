"""`ims-catalog runs` and `ims-catalog runs show`."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
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
from engines.ledger import ImageChange, Ledger, Run, State
from engines.query import Query
from ims_catalog.cli.options import WRONG_USAGE, AsJson, Config, spoken_errors
from ims_catalog.cli.run_details import run_details
from ims_catalog.compose import open_ledger, who_writes
from ims_catalog.configuration import load_settings
from ims_catalog.settings import Settings
from search_api.caller import OPERATOR
from search_api.told import is_told, told_change

_AT_ONCE = 500


def listed(
    context: typer.Context,
    config: Config = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=1000, help="How many runs, newest first; 10 if not said."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the last runs did, and which is going on."""
    if context.invoked_subcommand is not None:
        if limit is not None or as_json:
            raise typer.BadParameter("--limit and --json come after the word: runs show RUN --json")
        context.obj = config
        return
    with spoken_errors():
        runs, holding = asyncio.run(_runs(load_settings(config), limit or 10))
    if as_json:
        typer.echo(orjson.dumps(list(runs)).decode())
        return
    if holding is not None:
        typer.echo(going_on(holding))
    if not runs:
        typer.echo("no run yet: ims-catalog reindex starts one")
    else:
        Console().print(Group(_table(runs), *_reasons(runs)))


def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its name, as `ims-catalog runs` tells it.")],
    config: Config = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, max=100_000, help="How many of its changes.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Show all of one run: its numbers, what became of each scope and why, and its changes."""
    with spoken_errors():
        found, changes = asyncio.run(_run(load_settings(config or context.obj), run, limit))
    if found is None:
        typer.echo(f"ims-catalog: no run {printable(run)!r} is kept: ims-catalog runs lists them", err=True)
        raise typer.Exit(WRONG_USAGE)
    shown, more = changes[:limit], len(changes) > limit
    if as_json:
        whole = {**orjson.loads(orjson.dumps(found)), "changes": [told_change(change) for change in shown]}
        typer.echo(orjson.dumps(whole).decode())
    else:
        Console().print(run_details(found, shown, more=more))


group = typer.Typer()
group.callback(invoke_without_command=True)(listed)
group.command("show", short_help="Show all of one run.")(show)


async def _runs(settings: Settings, limit: int) -> tuple[Sequence[Run], Holding | None]:
    ledger = open_ledger(settings)
    try:
        runs = await ledger.runs(limit)
        with suppress(EngineError):
            return runs, await who_writes(settings)
        return runs, None
    finally:
        await ledger.close()


async def _run(settings: Settings, name: str, limit: int) -> tuple[Run | None, Sequence[ImageChange]]:
    """Give a run, and its changes: one more than the limit if there are more."""
    ledger = open_ledger(settings)
    try:
        run = await ledger.run(name)
        return run, () if run is None else [change async for change in _changes(ledger, run, limit + 1)]
    finally:
        await ledger.close()


async def _changes(ledger: Ledger, run: Run, limit: int) -> AsyncIterator[ImageChange]:
    """Give the changes of a run: they lie side by side, behind those of the runs before.

    An image that is shared counts once, as in every answer to the operator.
    """
    every = Query()
    given, after, passing = 0, 0, False
    while page := await ledger.changes(after, _AT_ONCE, run.started):
        for change in page:
            if change.run != run.run and (passing or change.at > run.finished):
                return
            passing = change.run == run.run
            if passing and is_told(change, every, OPERATOR):
                yield change
                given += 1
            if given == limit:
                return
        after = page[-1].position


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
        due = [scope.state is State.COMPLETE for scope in run.scopes if scope.state is not State.NOT_DUE]
        table.add_row(
            run.run,
            run.outcome.value,
            f"{(run.finished - run.started).total_seconds():.1f} s",
            *(f"{count:,}" for count in (run.documents, run.added, run.changed, run.removed)),
            f"{sum(due)}/{len(due)}" if due else "-",
        )
    table.columns[0].no_wrap = True
    return table


def _reasons(runs: Sequence[Run]) -> Iterator[Text]:
    """Say beneath why runs failed, or were not what was wanted."""
    for run in runs:
        if run.reason:
            yield Text(f"{run.run} {run.outcome.value}: {printable(run.reason)}", style="yellow")

"""`ims-catalog doctor`."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clouds.printable import printable
from clouds.rights import policy as policy_of_clouds
from engines.clock import system_clock
from ims_catalog.check import Check, Verdict
from ims_catalog.cli.options import FAILED, AsJson, Config, only_errors_that_end_it, spoken_errors
from ims_catalog.compose import roles_of_engine
from ims_catalog.configuration import load_settings
from ims_catalog.doctor import examine


def command(
    config: Config = None,
    roles: Annotated[
        bool,
        typer.Option(
            "--roles", help="Print the two roles that the catalogue needs in OpenSearch, as JSON by name."
        ),
    ] = False,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy",
            help="Print the custom policy for IAM of Huawei Cloud that lets a user crawl and nothing else.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check settings, clouds and engine, say what is wrong and what to do. Changes nothing.

    A cloud is asked whether it answers, takes the login (once), what time it is, which projects there are,
    and for a little of each listing: it takes 20 seconds at most.

    Exit code 0: nothing is wrong. 1: something is. 2: the settings cannot be read.
    """
    only_errors_that_end_it()
    if policy:
        typer.echo(orjson.dumps(policy_of_clouds(), option=orjson.OPT_INDENT_2).decode())
        return
    with spoken_errors():
        settings = load_settings(config)
        if roles:
            typer.echo(orjson.dumps(roles_of_engine(settings), option=orjson.OPT_INDENT_2).decode())
            return
        checks = asyncio.run(examine(settings, system_clock()))
    if as_json:
        typer.echo(orjson.dumps(checks).decode())
    else:
        Console().print(_table(checks))
    if any(check.verdict is Verdict.WRONG for check in checks):
        raise typer.Exit(FAILED)


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for check in checks:
        found = "\n→ ".join(printable(said) for said in (check.found, check.todo) if said is not None)
        table.add_row(
            Text(_SIGNS[check.verdict], style=_STYLES[check.verdict]),
            Text(check.name, style="bold"),
            Text(found),
        )
    return table


_SIGNS = {Verdict.FINE: "ok", Verdict.DOUBTFUL: "look", Verdict.WRONG: "wrong", Verdict.UNSEEN: "-"}
_STYLES = {Verdict.FINE: "green", Verdict.DOUBTFUL: "yellow", Verdict.WRONG: "red", Verdict.UNSEEN: "dim"}

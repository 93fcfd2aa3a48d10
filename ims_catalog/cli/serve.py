"""`ims-catalog serve`."""

from typing import Annotated

import typer

from ims_catalog.cli.options import FAILED, Config, spoken_errors
from ims_catalog.configuration import load_settings
from ims_catalog.serve import ServeError, serve
from ims_catalog.settings import Settings


def command(
    config: Config = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on; overrides the settings.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.")
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes that answer.")] = None,
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Also crawl at the times of the settings, in a process beside.")
    ] = False,
) -> None:
    """Answer questions over HTTP until interrupted."""
    with spoken_errors():
        given: dict[str, dict[str, object]] = {
            "api": {"host": host, "port": port, "workers": workers},
            "schedule": {"in_serve": schedule or None},
        }
        settings = load_settings(config, given)
        try:
            serve(settings, lambda address: typer.echo(_first_line(settings, address)))
        except ServeError as error:
            typer.echo(f"ims-catalog: {error}", err=True)
            raise typer.Exit(FAILED) from None


def _first_line(settings: Settings, address: str) -> str:
    workers = settings.api.workers
    by = f"by {workers} workers " if workers > 1 else ""
    return f"serving {settings.engine.shown} {by}on {address}"

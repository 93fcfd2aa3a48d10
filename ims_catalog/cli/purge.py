"""`ims-catalog purge`."""

import asyncio
import sys
from typing import Annotated

import typer

from ims_catalog.choosing import given_up
from ims_catalog.cli.ending import end_with
from ims_catalog.cli.options import AsJson, Config, spoken_errors
from ims_catalog.compose import sources_unasked
from ims_catalog.configuration import ConfigurationError, load_settings
from ims_catalog.reindex import known_scopes, purge_once


def command(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME", help="Sources or scopes that are no longer configured.")
    ],
    config: Config = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name what would be given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give up sources or scopes that were taken out of the settings, with the images that no other keeps.

    Exit code 0: they are gone. 1: the run failed; the catalogue stays as it was. 2: wrong usage. 5: another
    run is going on.
    """
    with spoken_errors():
        settings = load_settings(config)
        scopes = given_up(settings, asyncio.run(known_scopes(settings)), names)
        typer.echo(
            "\n".join(("to be given up, with the images that no other scope keeps:", *sorted(scopes))),
            err=True,
        )
        if dry_run:
            raise typer.Exit(0)
        if not yes:
            if not sys.stdin.isatty():
                raise ConfigurationError(
                    "purge asks before it gives anything up: say --yes where nobody answers"
                )
            typer.confirm("Give them up?", abort=True, err=True)
        known = sources_unasked(settings) if settings.sources else ()
        end_with(purge_once(settings, known, scopes), as_json=as_json)

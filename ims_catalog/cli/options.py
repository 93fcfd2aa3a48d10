"""What several commands share: the settings file, JSON output, and how a command ends in an error."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from engines.base import EngineError
from ims_catalog.configuration import ConfigurationError

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="IMS_CATALOG_CONFIG",
        help="Settings file; ims-catalog.toml in the working folder if not named.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

WRONG_USAGE = 2
FAILED = 1


@contextmanager
def spoken_errors() -> Iterator[None]:
    """End in one plain sentence on stderr: 2 for wrong configuration, 1 for what failed."""
    try:
        yield
    except ConfigurationError as error:
        typer.echo(f"ims-catalog: {error}", err=True)
        raise typer.Exit(WRONG_USAGE) from None
    except EngineError as error:
        typer.echo(f"ims-catalog: {error}", err=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def only_errors_that_end_it() -> None:
    """Keep what engines log off the terminal: a command that answers once says in its end what was wrong."""
    logging.getLogger("engines").addHandler(logging.NullHandler())

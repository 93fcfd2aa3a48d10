"""`ims-catalog state export` and `ims-catalog state import`."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from clouds.printable import printable
from engines.base import WriterBusy
from engines.clock import system_clock
from ims_catalog.cli.ending import ANOTHER_RUN
from ims_catalog.cli.options import FAILED, Config, spoken_errors
from ims_catalog.configuration import load_settings
from ims_catalog.state import LedgerNotEmpty, Tally, export_state, import_state
from ims_catalog.state_file import NoStateFile

STANDARD = "-"


def export(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - for standard output.")],
    config: Config = None,
) -> None:
    """Write all that the ledger knows as lines of JSON: runs, scopes, and changes of images.

    What is written is for its owner only: it names private images too. A file that is there is replaced once
    the new one is whole.
    """
    with spoken_errors(), _spoken(file):
        settings = load_settings(config)
        with _written(file) as write:
            tally = asyncio.run(export_state(settings, write, system_clock().now()))
    typer.echo(f"exported {_in_words(tally)}", err=True)


def restore(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="What `state export` wrote; - for standard input.")
    ],
    config: Config = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a ledger that is there.")
    ] = False,
) -> None:
    """Restore a ledger from what `state export` wrote, of either engine.

    It comes whole or not at all. Images are not in it: ims-catalog reindex crawls them. Exit code 5: a run is
    going on.
    """
    with spoken_errors(), _spoken(file):
        settings = load_settings(config)
        with _read(file) as opened:
            tally = asyncio.run(import_state(settings, opened, system_clock(), _tell, replace=replace))
    typer.echo(f"restored {_in_words(tally)}")


group = typer.Typer(no_args_is_help=True)
group.command("export", short_help="Write all that the ledger knows into a file.")(export)
group.command("import")(restore)


@group.callback()
def _both() -> None:
    """Back up what the ledger knows of runs and changes, or restore it."""


@contextmanager
def _spoken(file: str) -> Iterator[None]:
    """End in one plain sentence on stderr where the file is to blame, or a run is going on."""
    named = "what is read" if file == STANDARD else file
    try:
        yield
    except NoStateFile as error:
        typer.echo(f"ims-catalog: {printable(f'{named} {error}')}", err=True)
        raise typer.Exit(FAILED) from None
    except LedgerNotEmpty as error:
        typer.echo(f"ims-catalog: {error}", err=True)
        raise typer.Exit(FAILED) from None
    except WriterBusy as error:
        typer.echo(f"ims-catalog: {error}", err=True)
        raise typer.Exit(ANOTHER_RUN) from None
    except OSError as error:
        typer.echo(f"ims-catalog: {printable(f'{file}: {error.strerror or error}')}", err=True)
        raise typer.Exit(FAILED) from None


@contextmanager
def _written(file: str) -> Iterator[Callable[[bytes], object]]:
    """Write to standard output, or to a new file that takes the place of the named one at the end."""
    if file == STANDARD:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    if path.exists() and not path.is_file():
        raise OSError(None, "is no file; - writes to standard output")
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    draft = Path(name)
    try:
        with os.fdopen(number, "wb") as opened:
            yield opened.write
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _read(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as opened:
        yield opened


def _tell(said: str) -> None:
    typer.echo(printable(said), err=True)


def _in_words(tally: Tally) -> str:
    return f"{tally.runs:,} runs and {tally.changes:,} changes of images"

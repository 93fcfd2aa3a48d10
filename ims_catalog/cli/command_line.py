"""The command line: its commands, and what they are for. Only the one that is called is loaded."""

import importlib
import logging
import sys
from collections.abc import Callable, Sequence

import typer

INTERRUPTED = 130

_log = logging.getLogger(__name__)

COMMANDS = {
    "demo": "Crawl the sandbox cloud, serve the catalogue, and print what to try.",
    "reindex": "Crawl the configured clouds and publish what was found.",
    "schedule": "Crawl the configured clouds again and again, at the times that are set.",
    "serve": "Answer questions over HTTP.",
    "search": "Ask the catalogue: ims-catalog search 'KVM GPU images for 64-bit Ubuntu with UEFI'.",
    "runs": "Show what the last runs did; ims-catalog runs show RUN: all of one.",
    "changes": "Show what became of images: ims-catalog changes --since 7d ubuntu.",
    "purge": "Give up what was taken out of the settings, with its images.",
    "state": "Back up what the ledger knows of runs and changes, or restore it.",
    "doctor": "Check settings, clouds and engine, and say what is wrong and what to do.",
    "fields": "Show what is known of an image, and how to ask for it.",
    "sandbox": "Run a made-up cloud on this machine, to try things out.",
}


def run(arguments: Sequence[str] | None) -> None:
    """Run the command line and leave with its exit code. Logging at DEBUG shows the traceback of a fault."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        application(next((word for word in given if not word.startswith("-")), None))(given)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        _log.debug("unexpected", exc_info=True)
        typer.echo(f"ims-catalog: a fault of the program ({type(error).__name__}): {error}", err=True)
        sys.exit(1)


def application(wanted: str | None) -> typer.Typer:
    """Build the command line. Only the wanted command is loaded; the others lend their name and summary."""
    app = typer.Typer(
        name="ims-catalog",
        help="Catalogue and search service for cloud machine images.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Plain text: what draws boxes around it takes longer to load than all the rest.
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_all_commands)
    for name, summary in COMMANDS.items():
        if name != wanted:
            app.command(name, help=summary, short_help=summary)(_other)
        elif name in _GROUPS:
            app.add_typer(_group(name), name=name)
        else:
            app.command(name)(_command(name))
    return app


_GROUPS = {"runs", "state"}
"""Those that have commands of their own."""


def _command(name: str) -> Callable[..., None]:
    command: Callable[..., None] = importlib.import_module(f"ims_catalog.cli.{name}").command
    return command


def _group(name: str) -> typer.Typer:
    group: typer.Typer = importlib.import_module(f"ims_catalog.cli.{name}").group
    return group


def _all_commands() -> None:
    pass


def _other() -> None:
    pass

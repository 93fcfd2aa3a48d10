"""`ims-catalog`: one file per command, loaded only when it is called, so that `--help` answers at once."""

import importlib
from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    A process that `serve` starts loads this file too, as it belongs to the script that began: nothing that
    such a process does without is loaded here.
    """
    run: Callable[[Sequence[str] | None], None] = importlib.import_module("ims_catalog.cli.command_line").run
    run(arguments)

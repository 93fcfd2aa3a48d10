"""Private: what a catalogue writes is its owner's only, as it holds all that is private."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from engines.embedded.durable import sync_folder


def make_folder(folder: Path) -> None:
    """Make a folder that lasts, and those above it, where there is none. Raises OSError."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def make_file(path: Path) -> None:
    """Make an empty file where there is none. Raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Write a file anew; it is on the disk when this ends. Raises OSError."""
    make_file(path)
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())

"""`republished`: the served generation once more under another name, without building it again."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from engines.base import NothingServed
from engines.embedded.file import checksum_of, file_of
from engines.embedded.pointer import Pointer, Published, prepare_pointer, read_pointer, replace_pointer
from engines.generation import parse_generation


@contextmanager
def republished(folder: Path) -> Iterator[str]:
    """Copy the file of the served generation, name it anew, and serve it for a while; give its name.

    Raises NothingServed. For measuring what a take-over takes: the documents are the same.
    """
    pointer = read_pointer(folder)
    if pointer is None:
        raise NothingServed(f"nothing is served from {folder}")
    parts = parse_generation(pointer.name)
    name = replace(parts, term=parts.term + 1).name
    path = file_of(folder, name)
    shutil.copyfile(file_of(folder, pointer.name), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'generation'", (name.encode(),))
        meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        checksum = checksum_of(connection, meta)
    published = Published(name, path.stat().st_size, checksum)
    try:
        _point(folder, Pointer(published, pointer.served, pointer.schema, pointer.term + 1))
        yield name
    finally:
        _point(folder, pointer)
        path.unlink()


def _point(folder: Path, pointer: Pointer) -> None:
    prepare_pointer(folder, pointer)
    replace_pointer(folder)

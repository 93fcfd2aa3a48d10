"""What is served, as another version of the program would have written it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from engines.embedded.file import GenerationFile, file_of
from engines.embedded.pointer import Published, prepare_pointer, read_pointer, replace_pointer
from mappings.schema import SCHEMA

OTHER = "00000000"


def write_as_another_version(folder: Path) -> str:
    """Give the served generation another schema, and its new name."""
    pointer = read_pointer(folder)
    assert pointer is not None
    name = pointer.name.replace(SCHEMA, OTHER)
    path = file_of(folder, pointer.name).rename(file_of(folder, name))
    with closing(sqlite3.connect(path)) as connection, connection:
        for key, value in (("schema", OTHER), ("generation", name)):
            connection.execute("UPDATE meta SET value = CAST(? AS BLOB) WHERE name = ?", (value, key))
    prepare_pointer(folder, replace(pointer, served=told_of(path), schema=OTHER))
    replace_pointer(folder)
    return name


def told_of(path: Path) -> Published:
    """Give what the pointer must tell of a file."""
    with closing(GenerationFile.open(path)) as file:
        return Published(file.generation, file.size, file.checksum())

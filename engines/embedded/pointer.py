"""The pointer: a small file that names the generation being served. Replacing it is the publish."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from engines.base import DamagedGeneration, ForeignGeneration
from engines.embedded.durable import sync_folder
from engines.generation import parse_generation

POINTER_FILE = "served.json"
FORMAT = 1
"""Goes up when the layout of a generation's file changes."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """`size` in bytes and `checksum` (hex) are of the generation's file; `previous` is kept beside it."""

    name: str
    schema: str
    term: int
    format: int
    size: int
    checksum: str
    previous: str | None


def read_pointer(folder: Path) -> Pointer | None:
    """Read the pointer, None where nothing has been published.

    Raises DamagedGeneration for what is no pointer, ForeignGeneration for one of a newer version.
    """
    path = folder / POINTER_FILE
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        entry = orjson.loads(text)
        if not isinstance(entry["format"], int) or not isinstance(entry["name"], str):
            raise TypeError("name or format")
        if entry["format"] > FORMAT:
            raise ForeignGeneration(
                f"{path} names a generation of format {entry['format']}; this version knows up to {FORMAT}"
            )
        parse_generation(entry["name"])
        return Pointer(**entry)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedGeneration(f"{path} is not a pointer to a generation: {error}") from error


def replace_pointer(folder: Path, pointer: Pointer) -> None:
    """Put the pointer in place of the present one, in one step that outlives a crash. Raises OSError."""
    written = folder / f".{POINTER_FILE}.new"
    with written.open("wb") as file:
        file.write(orjson.dumps(asdict(pointer), option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    written.replace(folder / POINTER_FILE)
    sync_folder(folder)

"""The pointer: a small file that names the generation being served. Replacing it is the publish.

It is written beside its place first, before the file of its generation gets its name: where there is no
pointer, that tells a first publish that broke off from a pointer that was lost.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from engines.base import DamagedGeneration, ForeignGeneration
from engines.embedded.durable import sync_folder
from engines.embedded.private import written
from engines.generation import parse_generation

POINTER_FILE = "served.json"
PREPARED_FILE = f".{POINTER_FILE}.new"
FORMAT = 1
"""Goes up when the layout of a generation's file changes."""


@dataclass(frozen=True, slots=True)
class Published:
    """A generation and its file: `size` in bytes, `checksum` (hex) of all but the documents."""

    name: str
    size: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """`previous` is kept for one cycle; `schema`, `term` and `format` are those of `served`."""

    served: Published
    previous: Published | None
    schema: str
    term: int
    format: int = FORMAT

    @property
    def name(self) -> str:
        """Name of the generation being served."""
        return self.served.name

    def kept(self, generation: str) -> Published | None:
        """Give what was published under a name, None for one that is neither served nor kept."""
        return next((each for each in (self.served, self.previous) if each and each.name == generation), None)


def read_pointer(folder: Path) -> Pointer | None:
    """Read the pointer, None where there is none.

    Raises DamagedGeneration for what is no pointer, ForeignGeneration for one of a newer version, OSError.
    """
    return _read(folder / POINTER_FILE)


def read_prepared(folder: Path) -> Pointer | None:
    """Read what is written beside the pointer's place, None where there is no pointer. Raises OSError."""
    try:
        return _read(folder / PREPARED_FILE)
    except (DamagedGeneration, ForeignGeneration):
        return None


def prepare_pointer(folder: Path, pointer: Pointer) -> None:
    """Write the pointer beside its place. Raises OSError."""
    with written(folder / PREPARED_FILE) as file:
        file.write(orjson.dumps(asdict(pointer), option=orjson.OPT_INDENT_2))
    sync_folder(folder)


def drop_prepared(folder: Path, generation: str) -> None:
    """Remove a prepared pointer to a generation, which nobody can put in place any more. Raises OSError."""
    prepared = read_prepared(folder)
    if prepared is not None and prepared.name == generation:
        (folder / PREPARED_FILE).unlink(missing_ok=True)


def replace_pointer(folder: Path) -> None:
    """Put the prepared pointer in place, in one step that outlives a crash. Raises OSError."""
    (folder / PREPARED_FILE).replace(folder / POINTER_FILE)
    sync_folder(folder)


def _read(path: Path) -> Pointer | None:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        entry = _object(orjson.loads(text))
        form = _whole(entry, "format")
        if form > FORMAT:
            raise ForeignGeneration(
                f"{path} names a generation of format {form}; this version knows up to {FORMAT}"
            )
        if entry.keys() != _KEYS:
            raise ValueError(f"it holds {', '.join(entry)}")
        previous = entry["previous"]
        pointer = Pointer(
            served=_published(entry["served"]),
            previous=None if previous is None else _published(previous),
            schema=_text(entry, "schema"),
            term=_whole(entry, "term"),
            format=form,
        )
        named = parse_generation(pointer.name)
        if (named.schema, named.term) != (pointer.schema, pointer.term):
            raise ValueError(f"{pointer.name} has not schema {pointer.schema} and term {pointer.term}")
        return pointer
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedGeneration(f"{path} is not a pointer to a generation: {error}") from error


_KEYS = {"served", "previous", "schema", "term", "format"}


def _published(value: object) -> Published:
    entry = _object(value)
    name = _text(entry, "name")
    parse_generation(name)
    return Published(name, _whole(entry, "size"), _text(entry, "checksum"))


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("an object is wanted")
    return value


def _whole(entry: dict[str, object], name: str) -> int:
    value = entry[name]
    if type(value) is not int:
        raise TypeError(f"{name} must be a number")
    return value


def _text(entry: dict[str, object], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text")
    return value

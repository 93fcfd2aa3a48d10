"""The file of a ledger's backup: lines of JSON, one entry each, between a header and an end.

    {"ims_catalog_state": 1, "exported": "2026-11-24T06:17:00+00:00", "dropped": 0, "last": 7}
    {"run": {...}}                 oldest first
    {"scope": {...}}
    {"memory": {...}}
    {"change": {...}}              by position
    {"end": {"lines": 9, "digest": "..."}}

`dropped` and `last` are the ledger's extent: changes up to `dropped` are removals that are known still. The
end counts all lines before it and has the BLAKE2b of their bytes, so that a part of a file is never taken for
all of it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

import orjson

from engines.base import EngineError
from engines.ledger import ChangeKind, Entry, Extent, ImageChange, Memory, Run, ScopeState
from engines.ledger_entry import (
    entry_of,
    fields_entry,
    read_fields,
    read_memory,
    read_run,
    read_scope_state,
    read_seen,
    seen_entry,
)
from mappings.document import Stored, key_parts

STATE_FORMAT = 1
"""Goes up when the lines change."""

LONGEST = 256 * 1024 * 1024
"""Bytes of a line: the last run of a catalogue with thousands of projects has some millions."""


class NoStateFile(Exception):
    """What was read is no backup of a ledger, or not all of one, or one of a newer version."""


class StateFileWriter:
    """Writes a backup, line by line."""

    def __init__(self, write: Callable[[bytes], object], exported: datetime, extent: Extent) -> None:
        self._write = write
        self._lines = 0
        self._digest = _new_digest()
        header = {"exported": exported, "dropped": extent.dropped, "last": extent.last}
        self._line({_HEADER: STATE_FORMAT, **header})

    def add(self, entry: Entry) -> None:
        """Write an entry."""
        match entry:
            case ImageChange():
                self._line({"change": _change_entry(entry)})
            case _:
                self._line({_KINDS[type(entry)]: orjson.Fragment(entry_of(entry))})

    def end(self) -> None:
        """Write the line without which it is no backup."""
        self._line({"end": {"lines": self._lines, "digest": self._digest.hexdigest()}})

    def _line(self, value: Mapping[str, object]) -> None:
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        self._digest.update(line)
        self._lines += 1
        self._write(line)


@dataclass(frozen=True, slots=True)
class StateFile:
    """What is known of a backup before its entries are read. These can be read once."""

    exported: datetime
    extent: Extent
    entries: Iterator[Entry]


def read_state_file(file: BinaryIO) -> StateFile:
    """Read the header of a backup. Raises NoStateFile, as reading the entries does; OSError passes."""
    line = file.readline(LONGEST)
    try:
        header = orjson.loads(line)
        form = header[_HEADER]
    except (ValueError, TypeError, KeyError):
        raise NoStateFile("is no backup of a ledger: ims-catalog state export writes one") from None
    if not isinstance(form, int) or form > STATE_FORMAT:
        raise NoStateFile(
            f"was written by a newer version: it has format {form}, this version knows up to {STATE_FORMAT}"
        )
    try:
        extent = Extent(int(header["dropped"]), int(header["last"]))
        exported = datetime.fromisoformat(header["exported"])
    except (ValueError, TypeError, KeyError):
        raise _damaged(1, "is no header") from None
    return StateFile(exported, extent, _entries(file, line))


def _entries(file: BinaryIO, header: bytes) -> Iterator[Entry]:
    digest = _new_digest()
    digest.update(header)
    order, position, names = 0, 0, set[tuple[str, str]]()
    lines = iter(lambda: file.readline(LONGEST), b"")
    for number, line in enumerate(lines, start=2):
        kind, value = _opened(number, line)
        if kind == "end":
            _check_end(number, value, digest.hexdigest())
            if next(lines, None) is not None:
                raise _damaged(number + 1, "comes after the end")
            return
        digest.update(line)
        entry = _entry(number, kind, value)
        if _ORDER[kind] < order:
            raise _damaged(number, f"has a {kind} where none can be")
        order = _ORDER[kind]
        if isinstance(entry, ImageChange):
            if entry.position <= position:
                raise _damaged(number, "has a change that is not behind the one before")
            position = entry.position
        else:
            name = (kind, entry.run if isinstance(entry, Run) else entry.scope)
            if name in names:
                raise _damaged(number, f"has the {kind} {name[1]!r} again")
            names.add(name)
        yield entry
    raise NoStateFile("is cut off: its end is missing")


def _opened(number: int, line: bytes) -> tuple[str, object]:
    try:
        ((kind, value),) = orjson.loads(line).items()
    except (ValueError, AttributeError):
        raise _damaged(number, "is no entry") from None
    if kind not in _ORDER:
        raise _damaged(number, "is no entry")
    return kind, value


def _entry(number: int, kind: str, value: object) -> Entry:
    try:
        return _READ[kind](orjson.dumps(value))
    except (EngineError, ValueError, TypeError, KeyError, AttributeError):
        raise _damaged(number, f"has a {kind} that cannot be read") from None


def _check_end(number: int, value: object, digest: str) -> None:
    if value != {"lines": number - 1, "digest": digest}:
        raise NoStateFile("is damaged: it is not what was exported")


def _damaged(number: int, what: str) -> NoStateFile:
    return NoStateFile(f"is damaged: line {number} {what}")


def _change_entry(change: ImageChange) -> dict[str, object]:
    return {
        "position": change.position,
        "run": change.run,
        "at": change.at,
        "kind": change.kind,
        "key": change.stored.key,
        "fields": orjson.Fragment(fields_entry(change.fields)),
        "seen": orjson.Fragment(seen_entry(change.seen)),
        "body": orjson.Fragment(change.stored.body),
        "internal": orjson.Fragment(change.stored.internal),
    }


def _read_change(entry: bytes) -> ImageChange:
    found = orjson.loads(entry)
    key_parts(found["key"])
    body, internal = found["body"], found["internal"]
    if not (isinstance(body, dict) and isinstance(internal, dict) and isinstance(found["run"], str)):
        raise TypeError
    return ImageChange(
        at=datetime.fromisoformat(found["at"]),
        run=found["run"],
        kind=ChangeKind(found["kind"]),
        stored=Stored(found["key"], orjson.dumps(body), orjson.dumps(internal), b""),
        fields=read_fields(orjson.dumps(found["fields"])),
        seen=read_seen(orjson.dumps(found.get("seen", {}))),
        position=int(found["position"]),
    )


def _new_digest() -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=16)


_HEADER: Final = "ims_catalog_state"
_KINDS: Mapping[type[Entry], str] = {Run: "run", ScopeState: "scope", Memory: "memory"}
_READ: Mapping[str, Callable[[bytes], Entry]] = {
    "run": read_run,
    "scope": read_scope_state,
    "memory": read_memory,
    "change": _read_change,
}
_ORDER: Mapping[str, int] = {kind: place for place, kind in enumerate((*_READ, "end"))}

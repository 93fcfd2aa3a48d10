"""`Spool`: what a crawl has seen, kept on disk and given back in the order of keys.

Entries gather in memory up to `run_size` bytes, are sorted and appended to one file as a sorted run; reading
merges the runs. The file has no name: nothing is left of it when the process ends, however it ends. In memory
stand one unsorted run, then a window on each run, all of them together no larger than one run.
"""

import heapq
import os
import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from mappings.document import Stored

RUN_SIZE = 32 * 1024 * 1024
_LARGEST_WINDOW = 64 * 1024
_SMALLEST_WINDOW = 4 * 1024
_OVERHEAD = 600
_HEAD = struct.Struct("<IIQIIII")

_Row = tuple[str, int, int, int, bytes, bytes, bytes]
"""key, order of the source, number of the scope, position, body, internal, raw"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image as one scope listed it; `order` is the place of its source in the configuration."""

    order: int
    scope: str
    stored: Stored


@contextmanager
def open_spool(folder: Path, run_size: int = RUN_SIZE) -> Iterator["Spool"]:
    """Open an empty spool whose file lives in `folder`, and let go of it at the end."""
    with TemporaryFile(dir=folder, buffering=0) as file:
        yield Spool(file, run_size)


class Spool:
    """What the scopes of one crawl listed."""

    def __init__(self, file: IO[bytes], run_size: int) -> None:
        self._file = file
        self._run_size = run_size
        self._rows: list[tuple[str, int, int, int, bytes]] = []
        self._bytes = 0
        self._runs: list[tuple[int, int]] = []
        self._scopes: dict[str, int] = {}
        self._counted_from: defaultdict[int, int] = defaultdict(int)
        self._position = 0

    @property
    def position(self) -> int:
        """How many entries were added so far."""
        return self._position

    def add(self, order: int, scope: str, stored: Stored) -> None:
        """Keep what a scope listed. What the same scope listed before under the same key is replaced."""
        number = self._scopes.setdefault(scope, len(self._scopes))
        # Packed at once: JSON that was just written may take ten times the memory that its length tells of.
        packed = _pack((stored.key, order, number, self._position, stored.body, stored.internal, stored.raw))
        self._rows.append((stored.key, order, number, self._position, packed))
        self._position += 1
        self._bytes += _OVERHEAD + len(packed)
        if self._bytes >= self._run_size:
            self._write_run()

    def forget(self, scope: str, before: int) -> None:
        """Leave out what a scope listed before a position: that listing was started again."""
        self._counted_from[self._scopes.setdefault(scope, len(self._scopes))] = before

    def entries(self) -> Iterator[Entry]:
        """Give what counts by ascending key, order and scope.

        Each call begins anew and may stand still or end half-way without a trace on others; what is added
        once it has begun is not part of it.
        """
        self._write_run()
        names = list(self._scopes)
        share = self._run_size // max(1, len(self._runs))
        window = max(_SMALLEST_WINDOW, min(_LARGEST_WINDOW, share))
        merged = heapq.merge(*(self._read_run(start, end, window) for start, end in self._runs))
        for _, rows in groupby(merged, key=lambda row: row[:3]):
            *_, last = rows
            key, order, number, position, body, internal, raw = last
            if position >= self._counted_from[number]:
                yield Entry(order, names[number], Stored(key, body, internal, raw))

    def _write_run(self) -> None:
        if not self._rows:
            return
        self._rows.sort()
        start = self._file.seek(0, os.SEEK_END)
        window: list[bytes] = []
        gathered = 0
        for *_, packed in self._rows:
            window.append(packed)
            gathered += len(packed)
            if gathered >= _LARGEST_WINDOW:
                self._write(b"".join(window))
                window, gathered = [], 0
        self._write(b"".join(window))
        self._runs.append((start, self._file.tell()))
        self._rows, self._bytes = [], 0

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _read_run(self, start: int, end: int, size: int) -> Iterator[_Row]:
        window, at = b"", 0
        while True:
            found = _unpack(window, at)
            if isinstance(found, int):
                left = end - start
                if not left and at == len(window):
                    return
                more = os.pread(self._file.fileno(), min(max(found - (len(window) - at), size), left), start)
                if not more:
                    raise OSError("the spool is shorter than what was written to it")
                start += len(more)
                window, at = window[at:] + more, 0
            else:
                row, at = found
                yield row


def _pack(row: _Row) -> bytes:
    key, order, number, position, body, internal, raw = row
    name = key.encode()
    head = _HEAD.pack(order, number, position, len(name), len(body), len(internal), len(raw))
    return b"".join((head, name, body, internal, raw))


def _unpack(window: bytes, at: int) -> tuple[_Row, int] | int:
    """Give the row that begins at a place, and where the next one does; of one that is cut, how many bytes it
    takes at least.
    """
    begins = at + _HEAD.size
    if begins > len(window):
        return _HEAD.size
    order, number, position, key, body, internal, raw = _HEAD.unpack_from(window, at)
    ends_key = begins + key
    ends_body = ends_key + body
    ends_internal = ends_body + internal
    ends = ends_internal + raw
    if ends > len(window):
        return int(ends - at)
    row = (
        window[begins:ends_key].decode(),
        order,
        number,
        position,
        window[ends_key:ends_body],
        window[ends_body:ends_internal],
        window[ends_internal:ends],
    )
    return row, ends

"""Writing the file of a generation: documents by the rank of their key, and the parts of the index in slices.

meta        name, value                          format, schema, generation, built, documents, companions
parts       number, part, digest, data           at most `SLICE` bytes each, in the order of reading
documents   rank, key, body, internal, checksum  what answers show
raws        rank, raw, checksum                  apart, so that documents stand close together
"""

import sqlite3
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from engines.base import Companions
from engines.embedded.file import checksum_of, digest_of, row_checksum
from engines.embedded.pointer import FORMAT
from engines.embedded.private import make_file
from mappings.document import Stored

SLICE = 1 << 20
"""Bytes of a part that are read, checked and handed over at once: some 2 ms."""


class GenerationDraft:
    """Writes the file of a generation, durable by the caller. All may raise OSError and sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._number = 0
        make_file(path)
        self._connection = sqlite3.connect(path, isolation_level=None)
        try:
            # The file has a name that no reader knows and is thrown away if anything goes wrong: no journal.
            self._connection.executescript(_TABLES)
            self._connection.execute("BEGIN")
        except BaseException:
            self._connection.close()
            raise

    def add(self, first: int, documents: Sequence[Stored]) -> None:
        """Write documents, the first of them with this rank."""
        self._connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
            [
                (
                    rank,
                    each.key,
                    each.body,
                    each.internal,
                    row_checksum(rank, each.key, each.body, each.internal),
                )
                for rank, each in enumerate(documents, first)
            ],
        )
        self._connection.executemany(
            "INSERT INTO raws VALUES (?, ?, ?)",
            [(rank, each.raw, zlib.crc32(each.raw)) for rank, each in enumerate(documents, first)],
        )

    def add_part(self, part: str, data: bytes) -> None:
        """Write a part of the index."""
        for start in range(0, max(len(data), 1), SLICE):
            piece = data[start : start + SLICE]
            self._connection.execute(
                "INSERT INTO parts VALUES (?, ?, ?, ?)", (self._number, part, digest_of(piece), piece)
            )
            self._number += 1

    def finish(
        self, *, generation: str, schema: str, documents: int, companions: Companions, built: datetime
    ) -> str:
        """Write what belongs to the whole and give the checksum of all but the documents."""
        text = orjson.dumps({"flavors": companions.flavors, "os_versions": companions.os_versions})
        meta = {
            "format": str(FORMAT).encode(),
            "generation": generation.encode(),
            "schema": schema.encode(),
            "built": built.isoformat().encode(),
            "documents": str(documents).encode(),
            "companions": text,
        }
        self._connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        self._connection.execute("COMMIT")
        checksum = checksum_of(self._connection, meta)
        self._connection.close()
        return checksum

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._connection.close()


_TABLES = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (number INTEGER PRIMARY KEY, part TEXT NOT NULL, digest BLOB NOT NULL, data BLOB NOT NULL);
CREATE TABLE documents (
    rank INTEGER PRIMARY KEY, key TEXT NOT NULL, body BLOB NOT NULL, internal BLOB NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE raws (rank INTEGER PRIMARY KEY, raw BLOB NOT NULL, checksum INTEGER NOT NULL);
"""

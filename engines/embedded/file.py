"""Reading the file of a generation; `draft.py` writes it and has its tables."""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b, sha256
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from engines.base import Companions, DamagedGeneration, EngineUnavailable, ForeignGeneration, GenerationGone
from engines.embedded.pointer import FORMAT
from mappings.document import Stored


def file_of(folder: Path, generation: str) -> Path:
    """Give the path of a published generation."""
    return folder / f"{generation}{SUFFIX}"


SUFFIX = ".sqlite"


class GenerationFile:
    """Reads the file of a generation. Every method raises DamagedGeneration for bytes that are not those that
    were written, and EngineUnavailable where the file cannot be read.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, meta: Mapping[str, bytes], size: int
    ) -> None:
        self._path = path
        self._connection = connection
        self._meta = meta
        self.size = size
        self.generation = meta["generation"].decode()
        self.schema = meta["schema"].decode()
        self.documents = int(meta["documents"])

    @classmethod
    def open(cls, path: Path) -> "GenerationFile":
        """Open a file. Raises GenerationGone, DamagedGeneration, ForeignGeneration or EngineUnavailable."""
        size = _checked_length(path)
        with _reading(path):
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            with _reading(path):
                meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
                if int(meta["format"]) > FORMAT:
                    raise ForeignGeneration(
                        f"{path} has format {int(meta['format'])}; this version knows up to {FORMAT}"
                    )
                return cls(path, connection, meta, size)
        except BaseException:
            connection.close()
            raise

    def slices(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of every slice of every part, in order, each checked."""
        with _reading(self._path):
            rows = self._connection.execute("SELECT part, digest, data FROM parts ORDER BY number")
            for part, digest, data in rows:
                if digest_of(data) != digest:
                    raise DamagedGeneration(f"{self._path}: {part} is damaged")
                yield part, data

    def checksum(self) -> str:
        """Give the checksum of all but the documents, each of which has its own; as the pointer has it."""
        with _reading(self._path):
            return checksum_of(self._connection, self._meta)

    def rows(self, ranks: Sequence[int]) -> list[tuple[str, bytes, bytes]]:
        """Give key, body and internal fields of documents, in the order of the ranks."""
        if not ranks:
            return []
        with _reading(self._path):
            found = {row[0]: row for row in self._connection.execute(_ROWS, (orjson.dumps(ranks).decode(),))}
            return [_checked(self._path, found[rank]) for rank in ranks]

    def raws(self, ranks: Sequence[int]) -> list[tuple[str, bytes]]:
        """Give key and raw record of documents, in the order of the ranks."""
        return [(stored.key, stored.raw) for rank in ranks for stored in self.stored(rank, rank + 1)]

    def stored(self, start: int, stop: int) -> list[Stored]:
        """Give the documents of a range of ranks."""
        with _reading(self._path):
            rows = self._connection.execute(
                "SELECT rank, key, body, internal, documents.checksum, raw, raws.checksum"
                " FROM documents JOIN raws USING (rank) WHERE rank >= ? AND rank < ? ORDER BY rank",
                (start, stop),
            )
            return [_stored(self._path, row) for row in rows]

    def rank_of(self, key: str) -> tuple[int, bool]:
        """Give how many keys are smaller, and whether the key itself is there."""
        low, high = 0, self.documents
        while low < high:
            middle = (low + high) // 2
            if self._key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low, low < self.documents and self._key(low) == key

    def companions(self) -> Companions:
        """Give flavors and OS versions."""
        with _reading(self._path):
            read = orjson.loads(self._meta["companions"])
        return Companions(tuple(read["flavors"]), tuple(read["os_versions"]))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _key(self, rank: int) -> str:
        with _reading(self._path):
            ((key,),) = self._connection.execute("SELECT key FROM documents WHERE rank = ?", (rank,))
        return str(key)


_ROWS = """
SELECT rank, documents.key, body, internal, checksum
FROM json_each(?) AS wanted CROSS JOIN documents ON documents.rank = wanted.value
"""


def digest_of(data: bytes) -> bytes:
    """Give 16 bytes that tell whether a piece is what was written."""
    # Half of the time of a load: of the safe hashes the one that processors have instructions for.
    return sha256(data, usedforsecurity=False).digest()[:16]


def checksum_of(connection: sqlite3.Connection, meta: Mapping[str, bytes]) -> str:
    """Give the checksum of what is told of a generation and, from their digests, of all parts."""
    hashed = blake2b(digest_size=16)
    told = sorted((name.encode(), value) for name, value in meta.items())
    parts = connection.execute("SELECT CAST(part AS BLOB), digest FROM parts ORDER BY number")
    for piece in chain.from_iterable(chain(told, parts)):
        hashed.update(len(piece).to_bytes(8, "little"))
        hashed.update(piece)
    return hashed.hexdigest()


def row_checksum(rank: int, key: str, body: bytes, internal: bytes) -> int:
    """Give the checksum of a row of documents."""
    # With the rank, so that no row can stand for another.
    return zlib.crc32(internal, zlib.crc32(body, zlib.crc32(key.encode(), rank)))


def _checked(path: Path, row: Sequence[Any]) -> tuple[str, bytes, bytes]:
    """Give key, body and internal fields of a row of documents."""
    rank, key, body, internal, checksum = row
    if row_checksum(rank, key, body, internal) != checksum:
        raise DamagedGeneration(f"{path}: the document {key} is damaged")
    return key, body, internal


def _stored(path: Path, row: Sequence[Any]) -> Stored:
    *document, raw, checksum = row
    key, body, internal = _checked(path, document)
    if not isinstance(raw, bytes) or zlib.crc32(raw) != checksum:
        raise DamagedGeneration(f"{path}: the raw record of {key} is damaged")
    return Stored(key, body, internal, raw)


def _checked_length(path: Path) -> int:
    """Give the length of a file, compared with what its header says: a cut file is told at once."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
        length = path.stat().st_size
    except FileNotFoundError:
        raise GenerationGone(f"{path} is no longer kept") from None
    except OSError as error:
        raise EngineUnavailable(f"cannot read {path}: {error}") from error
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    if not header.startswith(b"SQLite format 3\0") or (65536 if page == 1 else page) * pages != length:
        raise DamagedGeneration(f"{path} is cut or is not the file of a generation")
    return length


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
        # The second is that of a file that has been closed.
        raise EngineUnavailable(f"cannot read {path}: {error}") from error
    except (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        # Damaged rows hold anything, of any type.
        raise DamagedGeneration(f"{path} is damaged: {error}") from error

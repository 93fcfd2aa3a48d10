"""The file of a ledger: made whole, connected to, brought to the present format."""

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from engines.base import EngineUnavailable, ForeignGeneration
from engines.embedded.durable import sync_file, sync_folder

LEDGER_FILE = "ledger.sqlite"
LEDGER_FORMAT = 3
"""The file's `user_version`; goes up when its tables change."""

Stamp = tuple[int, int, int]
"""Tells whether a file that is read as it stands has become another."""

_PATIENCE = 5.0
"""Seconds to wait for another process that writes."""


def make(path: Path) -> None:
    """Write a new ledger whole, then link: of several makers the first wins, and none waits for another."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix="ledger-")
    os.close(number)
    draft = Path(name)
    try:
        with closing(_connection(draft, "mode=rw")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statements in _STEPS:
                connection.executescript(statements)
        sync_file(draft)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        sync_folder(path.parent)
    finally:
        draft.unlink()


def connected(path: Path) -> tuple[sqlite3.Connection, Stamp | None]:
    """Connect to a file.

    SQLite keeps two files beside one that may be written; where they cannot be made the file is read as it
    stands, and the stamp tells when it must be opened again.
    """
    connection = _connection(path, "mode=rw")
    try:
        _format(connection)
    except sqlite3.OperationalError:
        connection.close()
        # The stamp first: what is written meanwhile is then read again rather than missed.
        stamp = stamp_of(path)
        return _connection(path, "mode=ro&immutable=1"), stamp
    except BaseException:
        connection.close()
        raise
    return connection, None


def stamp_of(path: Path) -> Stamp:
    """Give what differs once the file has become another."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a file that an older version wrote to the present format.

    Raises EngineUnavailable for what is no ledger or cannot be written, ForeignGeneration for one that a
    newer version wrote.
    """
    if _checked(connection, path) == LEDGER_FORMAT:
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statements in _STEPS[_checked(connection, path) :]:
            for statement in statements.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        give_up(connection)
        raise EngineUnavailable(
            f"{path} was written by an older version and cannot be brought up to date: {error}"
        ) from error


def give_up(connection: sqlite3.Connection) -> None:
    """Take back what was begun, unless SQLite did; the reason stays the one that is being raised."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _checked(connection: sqlite3.Connection, path: Path) -> int:
    form = _format(connection)
    if form == 0:
        raise EngineUnavailable(f"{path} is not a ledger")
    if form > LEDGER_FORMAT:
        raise ForeignGeneration(f"{path} has format {form}; this version knows up to {LEDGER_FORMAT}")
    return form


def _connection(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=_PATIENCE
    )


def _format(connection: sqlite3.Connection) -> int:
    ((form,),) = connection.execute("PRAGMA user_version").fetchall()
    return int(form)


_STEPS = (
    """
CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, entry BLOB NOT NULL);
CREATE TABLE scopes (scope TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
INSERT INTO revision VALUES (1, 0);
PRAGMA user_version = 1
""",
    """
CREATE TABLE memories (scope TEXT PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE intention (one INTEGER PRIMARY KEY CHECK (one = 1), entry BLOB NOT NULL);
CREATE TABLE noted (
  position INTEGER PRIMARY KEY, run TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
  image TEXT NOT NULL, key TEXT NOT NULL, fields BLOB NOT NULL, body BLOB NOT NULL, internal BLOB NOT NULL
);
CREATE TABLE changes (
  position INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
  image TEXT NOT NULL, key TEXT NOT NULL, fields BLOB NOT NULL, body BLOB NOT NULL, internal BLOB NOT NULL
);
CREATE INDEX removals ON changes (image) WHERE kind = 'removed';
CREATE TABLE dropped (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
INSERT INTO dropped VALUES (1, 0);
PRAGMA user_version = 2
""",
    """
ALTER TABLE noted ADD COLUMN seen BLOB NOT NULL DEFAULT '{}';
ALTER TABLE changes ADD COLUMN seen BLOB NOT NULL DEFAULT '{}';
PRAGMA user_version = 3
""",
)
"""What brings a file from each format to the next; of changes the column `at` is in microseconds."""

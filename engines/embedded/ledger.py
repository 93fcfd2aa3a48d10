"""The ledger in `ledger.sqlite`, beside the generations: one process writes, any number read meanwhile."""

import os
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from engines.base import EngineUnavailable, ForeignGeneration
from engines.embedded.durable import sync_file, sync_folder
from engines.embedded.private import make_folder
from engines.ledger import Run, ScopeState
from engines.ledger_entry import entry_of, read_run, read_scope_state

LEDGER_FILE = "ledger.sqlite"
LEDGER_FORMAT = 1
"""The file's `user_version`; goes up when its tables change."""


def open_ledger(folder: Path) -> "EmbeddedLedger":
    """Open the ledger of a folder, made if there is none.

    Reading takes no right to write: a folder that cannot be written can be served. Raises EngineUnavailable,
    ForeignGeneration for one that a newer version wrote.
    """
    path = folder / LEDGER_FILE
    try:
        if not path.exists():
            make_folder(folder)
            _make(path)
        return EmbeddedLedger.open(path)
    except (OSError, sqlite3.Error) as error:
        raise EngineUnavailable(f"cannot open the ledger {path}: {error}") from error


class EmbeddedLedger:
    """Implements `engines.ledger.Ledger`. What was read is kept until another process writes."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file. Raises sqlite3.Error, EngineUnavailable for what is no ledger, ForeignGeneration."""
        ledger = cls(path)
        try:
            ledger._check_format()
        except BaseException:
            ledger._connection.close()
            raise
        return ledger

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection, self._stamp = _connected(path)
        self._seen: object = None
        self._revision = 0
        self._scopes: Mapping[str, ScopeState] = {}

    async def record(self, run: Run) -> None:
        """Write a run and the scope states it brings, in one step."""
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    cursor.execute(
                        "INSERT INTO runs (run, entry) VALUES (?1, ?2)"
                        " ON CONFLICT (run) DO UPDATE SET entry = excluded.entry",
                        (run.run, entry_of(run)),
                    )
                    cursor.executemany(
                        "INSERT INTO scopes (scope, state) VALUES (?1, ?2)"
                        " ON CONFLICT (scope) DO UPDATE SET state = excluded.state",
                        [(state.scope, entry_of(state)) for state in run.scopes],
                    )
                    cursor.execute("UPDATE revision SET number = number + 1")
                    cursor.execute("COMMIT")
                except BaseException:
                    _give_up(self._connection)
                    raise
        except sqlite3.Error as error:
            raise EngineUnavailable(f"cannot write the ledger {self._path}: {error}") from error
        self._seen = None

    async def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        """Give runs, newest first, those older than the run `before`; none if it is not known."""
        if before is None:
            rows = self._rows("SELECT entry FROM runs ORDER BY number DESC LIMIT ?", limit)
        else:
            rows = self._rows(
                "SELECT entry FROM runs WHERE number < (SELECT number FROM runs WHERE run = ?)"
                " ORDER BY number DESC LIMIT ?",
                before,
                limit,
            )
        return tuple(read_run(entry) for (entry,) in rows)

    async def scope_states(self) -> Mapping[str, ScopeState]:
        """Give the last state of every scope by its id."""
        self._look()
        return self._scopes

    async def revision(self) -> int:
        """Give a number that grows with every write."""
        self._look()
        return self._revision

    async def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _check_format(self) -> None:
        form = _format(self._connection)
        if form == 0:
            raise EngineUnavailable(f"{self._path} is not a ledger")
        if form > LEDGER_FORMAT:
            raise ForeignGeneration(
                f"{self._path} has format {form}; this version knows up to {LEDGER_FORMAT}"
            )

    def _look(self) -> None:
        """Read anew what another process wrote; `data_version` tells without reading any page."""
        ((version,),) = self._rows("PRAGMA data_version")
        if (version, self._stamp) == self._seen:
            return
        # One statement, so that both are of the same moment.
        rows = self._rows("SELECT number, state FROM revision LEFT JOIN scopes ORDER BY scope")
        states = [read_scope_state(state) for _, state in rows if state is not None]
        self._scopes = {state.scope: state for state in states}
        self._revision = rows[0][0]
        self._seen = (version, self._stamp)

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            if self._stamp is not None and self._stamp != _stamp(self._path):
                self._connection.close()
                self._connection, self._stamp = _connected(self._path)
            return self._connection.execute(statement, values).fetchall()
        except (OSError, sqlite3.Error) as error:
            raise EngineUnavailable(f"cannot read the ledger {self._path}: {error}") from error


def _make(path: Path) -> None:
    """Write a new ledger whole, then link: of several makers the first wins, and none waits for another."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix="ledger-")
    os.close(number)
    draft = Path(name)
    try:
        with closing(_connection(draft, "mode=rw")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)
        sync_file(draft)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        sync_folder(path.parent)
    finally:
        draft.unlink()


_Stamp = tuple[int, int, int]
_PATIENCE = 5.0
"""Seconds to wait for another process that writes."""


def _connected(path: Path) -> tuple[sqlite3.Connection, _Stamp | None]:
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
        stamp = _stamp(path)
        return _connection(path, "mode=ro&immutable=1"), stamp
    except BaseException:
        connection.close()
        raise
    return connection, None


def _connection(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=_PATIENCE
    )


def _format(connection: sqlite3.Connection) -> int:
    ((form,),) = connection.execute("PRAGMA user_version").fetchall()
    return int(form)


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _give_up(connection: sqlite3.Connection) -> None:
    """Take back what was begun, unless SQLite did; the reason stays the one that is being raised."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


_TABLES = """
BEGIN;
CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, entry BLOB NOT NULL);
CREATE TABLE scopes (scope TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
INSERT INTO revision VALUES (1, 0);
PRAGMA user_version = 1;
COMMIT;
"""

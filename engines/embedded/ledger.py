"""The ledger in `ledger.sqlite`, beside the generations: one process writes, any number read meanwhile."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from engines.base import EngineError, EngineUnavailable
from engines.ledger import Outcome, Run, ScopeState, State

LEDGER_FILE = "ledger.sqlite"


def open_ledger(folder: Path) -> "EmbeddedLedger":
    """Open the ledger of a folder, made if there is none. Raises EngineUnavailable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return EmbeddedLedger.open(folder / LEDGER_FILE)
    except (OSError, sqlite3.Error) as error:
        raise EngineUnavailable(f"cannot open the ledger {folder / LEDGER_FILE}: {error}") from error


class EmbeddedLedger:
    """Implements `engines.ledger.Ledger`. What was read is kept until another process writes."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file, made if there is none. Raises sqlite3.Error."""
        connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_TABLES)
        except sqlite3.Error:
            connection.close()
            raise
        return cls(connection)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen = -1
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
                        (run.run, orjson.dumps(run)),
                    )
                    cursor.executemany(
                        "INSERT INTO scopes (scope, state) VALUES (?1, ?2)"
                        " ON CONFLICT (scope) DO UPDATE SET state = excluded.state",
                        [(state.scope, orjson.dumps(state)) for state in run.scopes],
                    )
                    cursor.execute("UPDATE revision SET number = number + 1")
                    cursor.execute("COMMIT")
                except BaseException:
                    cursor.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise EngineUnavailable(f"cannot write the ledger: {error}") from error
        self._seen = -1

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
        return tuple(_run(orjson.loads(entry)) for (entry,) in rows)

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

    def _look(self) -> None:
        """Read anew what another process wrote; `data_version` tells without reading any page."""
        ((version,),) = self._rows("PRAGMA data_version")
        if version == self._seen:
            return
        # One statement, so that both are of the same moment.
        rows = self._rows("SELECT number, state FROM revision LEFT JOIN scopes ORDER BY scope")
        states = (_scope_state(orjson.loads(state)) for _, state in rows if state is not None)
        self._scopes = {state.scope: state for state in states}
        self._revision = rows[0][0]
        self._seen = version

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise EngineUnavailable(f"cannot read the ledger: {error}") from error


_PATIENCE = 5.0
"""Seconds to wait for another process that writes."""

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, entry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS scopes (scope TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revision (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
INSERT OR IGNORE INTO revision VALUES (1, 0);
"""


def _run(entry: dict[str, Any]) -> Run:
    try:
        return Run(
            **{
                **entry,
                "started": datetime.fromisoformat(entry["started"]),
                "finished": datetime.fromisoformat(entry["finished"]),
                "outcome": Outcome(entry["outcome"]),
                "scopes": tuple(_scope_state(state) for state in entry["scopes"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the ledger holds a run that this version cannot read: {error}") from error


def _scope_state(entry: dict[str, Any]) -> ScopeState:
    complete = entry["last_complete"]
    return ScopeState(
        **{
            **entry,
            "state": State(entry["state"]),
            "last_attempt": datetime.fromisoformat(entry["last_attempt"]),
            "last_complete": None if complete is None else datetime.fromisoformat(complete),
        }
    )

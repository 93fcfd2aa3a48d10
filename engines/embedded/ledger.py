"""The ledger in `ledger.sqlite`, beside the generations: one process writes, any number read meanwhile."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from engines.base import EngineError, EngineUnavailable
from engines.embedded.ledger_file import (
    LEDGER_FILE,
    bring_up,
    connected,
    give_up,
    make,
    stamp_of,
)
from engines.embedded.private import make_folder
from engines.ledger import (
    ChangeKind,
    Entry,
    Extent,
    ImageChange,
    Intention,
    Keep,
    Memory,
    Run,
    ScopeState,
    State,
    at_once,
)
from engines.ledger_entry import (
    entry_of,
    fields_entry,
    read_fields,
    read_intention,
    read_memory,
    read_run,
    read_scope_state,
    read_seen,
    seen_entry,
)
from mappings.document import Stored, key_parts


def open_ledger(folder: Path) -> "EmbeddedLedger":
    """Open the ledger of a folder, made if there is none.

    Reading takes no right to write: a folder that cannot be written can be served. Raises EngineUnavailable,
    ForeignGeneration for one that a newer version wrote.
    """
    path = folder / LEDGER_FILE
    try:
        if not path.exists():
            make_folder(folder)
            make(path)
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
            bring_up(ledger._connection, path)
        except BaseException:
            ledger._connection.close()
            raise
        return ledger

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection, self._stamp = connected(path)
        self._seen: object = None
        self._revision = 0
        self._scopes: Mapping[str, ScopeState] = {}

    async def note(self, run: str, changes: Sequence[ImageChange]) -> None:
        """Keep changes of a run that is going on."""
        with self._writing() as cursor:
            cursor.executemany(
                "INSERT INTO noted (run, at, kind, image, key, fields, body, internal, seen)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(run, change) for change in changes],
            )

    async def intend(self, run: Run, memories: Sequence[Memory]) -> None:
        """Keep what is to be recorded once the generation of the run is served."""
        with self._writing() as cursor:
            entry = entry_of(Intention(run, tuple(memories)))
            cursor.execute("INSERT OR REPLACE INTO intention VALUES (1, ?)", (entry,))

    async def intended(self) -> Intention | None:
        """Give what was intended and neither recorded nor forgotten."""
        rows = self._rows("SELECT entry FROM intention")
        return read_intention(rows[0][0]) if rows else None

    async def forget(self) -> None:
        """Drop what was noted or intended and not recorded."""
        with self._writing() as cursor:
            _drop_unrecorded(cursor)

    async def record(self, run: Run, memories: Sequence[Memory] = ()) -> None:
        """Write a run, what it brings and the changes noted for it, in one step."""
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO runs (run, entry) VALUES (?1, ?2)"
                " ON CONFLICT (run) DO UPDATE SET entry = excluded.entry",
                (run.run, entry_of(run)),
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO scopes (scope, state) VALUES (?, ?)",
                [(state.scope, entry_of(state)) for state in run.scopes if state.state is not State.NOT_DUE],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO memories (scope, entry) VALUES (?, ?)",
                [(memory.scope, entry_of(memory)) for memory in memories],
            )
            for scope in run.purged:
                cursor.execute("DELETE FROM scopes WHERE scope = ?", (scope,))
                cursor.execute("DELETE FROM memories WHERE scope = ?", (scope,))
            if run.published:
                cursor.execute(
                    "INSERT INTO changes (run, at, kind, image, key, fields, body, internal, seen)"
                    " SELECT run, at, kind, image, key, fields, body, internal, seen FROM noted WHERE run = ?"
                    " ORDER BY position",
                    (run.run,),
                )
            cursor.execute("DELETE FROM noted WHERE run = ?", (run.run,))
            intended = cursor.execute("SELECT entry FROM intention").fetchone()
            if intended is not None and read_intention(intended[0]).run.run == run.run:
                cursor.execute("DELETE FROM intention")
            cursor.execute("UPDATE revision SET number = number + 1")
        self._seen = None

    async def trim(self, keep: Keep, now: datetime) -> None:
        """Drop what is beyond what is to be kept; the last run always stays."""
        beyond = self._rows("SELECT number FROM runs ORDER BY number DESC LIMIT 1 OFFSET ?", keep.runs)
        old = max(beyond[0][0] if beyond else 0, self._last_before(now - keep.age))
        too_many = self._rows(
            "SELECT position FROM changes ORDER BY position DESC LIMIT 1 OFFSET ?", keep.changes
        )
        with self._writing() as cursor:
            cursor.execute(
                "DELETE FROM runs WHERE number <= ? AND number < (SELECT max(number) FROM runs)", (old,)
            )
            gone = cursor.execute(
                "SELECT max(position) FROM changes WHERE at < ?1 OR position <= ?2",
                (_micros(now - keep.age), too_many[0][0] if too_many else 0),
            ).fetchone()[0]
            if gone is not None:
                cursor.execute("UPDATE dropped SET position = max(position, ?)", (gone,))
                cursor.execute("DELETE FROM changes WHERE position <= ? AND kind != 'removed'", (gone,))
            cursor.execute(
                "DELETE FROM changes WHERE kind = 'removed' AND at < ?", (_micros(now - keep.removed),)
            )

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

    async def run(self, name: str) -> Run | None:
        """Give a run by its name."""
        rows = self._rows("SELECT entry FROM runs WHERE run = ?", name)
        return read_run(rows[0][0]) if rows else None

    async def scope_states(self) -> Mapping[str, ScopeState]:
        """Give the last state of every scope by its id."""
        self._look()
        return self._scopes

    async def memories(self) -> Mapping[str, Memory]:
        """Give what is remembered of every scope by its id."""
        rows = self._rows("SELECT entry FROM memories ORDER BY scope")
        return {memory.scope: memory for memory in (read_memory(entry) for (entry,) in rows)}

    async def changes(self, after: int, limit: int, since: datetime | None = None) -> Sequence[ImageChange]:
        """Give changes in their order, those behind the position `after` and not before `since`."""
        rows = self._rows(
            "SELECT * FROM changes"
            " WHERE position > max(?1, (SELECT position FROM dropped)) AND at >= ?2"
            " ORDER BY position LIMIT ?3",
            after,
            _FIRST if since is None else _micros(since),
            at_once(limit),
        )
        return tuple(map(_change, rows))

    async def kept(self, after: int, limit: int) -> Sequence[ImageChange]:
        """Give what `changes` does, and before it the removals that are known still."""
        rows = self._rows(
            "SELECT * FROM changes WHERE position > ? ORDER BY position LIMIT ?", after, at_once(limit)
        )
        return tuple(map(_change, rows))

    async def restore(self, entries: Iterable[Entry], extent: Extent) -> None:
        """Put what another ledger held in the place of everything, in one step."""
        behind = max(extent.last, (await self.extent()).last)
        with self._writing() as cursor:
            for statement in _EMPTY:
                cursor.execute(statement)
            _drop_unrecorded(cursor)
            # The first position stays empty: who has read all up to `behind` has not read what comes now.
            position = dropped = behind + 1
            for entry in entries:
                if isinstance(entry, ImageChange):
                    position += 1
                    dropped = position if entry.position <= extent.dropped else dropped
                    values = (position, *_row(entry.run, entry))
                    cursor.execute("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                else:
                    _insert(cursor, entry)
            if cursor.execute("SELECT count(*) FROM runs").fetchone() == (0,):
                raise EngineError("there is no run in what is to be restored")
            cursor.execute("UPDATE dropped SET position = ?", (dropped,))
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'changes'")
            cursor.execute("INSERT INTO sqlite_sequence VALUES ('changes', ?)", (position,))
            cursor.execute("UPDATE revision SET number = number + 1")
        self._seen = None

    async def extent(self) -> Extent:
        """Give which positions the changes that are kept have."""
        ((dropped, last),) = self._rows(
            "SELECT dropped.position, coalesce(seq, 0) FROM dropped"
            " LEFT JOIN sqlite_sequence ON sqlite_sequence.name = 'changes'"
        )
        return Extent(dropped, last)

    async def removals(self, image: str) -> Sequence[ImageChange]:
        """Give the last removal of each document of an image, newest first."""
        rows = self._rows(
            "SELECT * FROM changes WHERE position IN"
            " (SELECT max(position) FROM changes WHERE kind = 'removed' AND image = ? GROUP BY key)"
            " ORDER BY position DESC",
            image,
        )
        return tuple(map(_change, rows))

    async def revision(self) -> int:
        """Give a number that grows with every write."""
        self._look()
        return self._revision

    async def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _last_before(self, moment: datetime) -> int:
        """Give the number of the last run of the oldest ones that all began before a moment, 0 for none."""
        last = 0
        while rows := self._rows(
            "SELECT number, entry FROM runs WHERE number > ? ORDER BY number LIMIT ?", last, _RUNS_AT_ONCE
        ):
            for number, entry in rows:
                if read_run(entry).started >= moment:
                    return last
                last = number
        return last

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

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        """All of what is done with the cursor, or nothing of it. Raises EngineUnavailable."""
        try:
            cursor = self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                give_up(self._connection)
                raise
            finally:
                cursor.close()
        except sqlite3.Error as error:
            raise EngineUnavailable(f"cannot write the ledger {self._path}: {error}") from error

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            if self._stamp is not None and self._stamp != stamp_of(self._path):
                self._connection.close()
                self._connection, self._stamp = connected(self._path)
            return self._connection.execute(statement, values).fetchall()
        except (OSError, sqlite3.Error) as error:
            raise EngineUnavailable(f"cannot read the ledger {self._path}: {error}") from error


_RUNS_AT_ONCE = 20
"""A run may hold the states of a thousand scopes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = -(1 << 63)
_EMPTY = ("DELETE FROM runs", "DELETE FROM scopes", "DELETE FROM memories", "DELETE FROM changes")


def _drop_unrecorded(cursor: sqlite3.Cursor) -> None:
    cursor.execute("DELETE FROM noted")
    cursor.execute("DELETE FROM intention")


def _insert(cursor: sqlite3.Cursor, entry: Run | ScopeState | Memory) -> None:
    match entry:
        case Run():
            cursor.execute("INSERT INTO runs (run, entry) VALUES (?, ?)", (entry.run, entry_of(entry)))
        case ScopeState():
            cursor.execute("INSERT INTO scopes VALUES (?, ?)", (entry.scope, entry_of(entry)))
        case Memory():
            cursor.execute("INSERT INTO memories VALUES (?, ?)", (entry.scope, entry_of(entry)))


def _row(run: str, change: ImageChange) -> tuple[str | int | bytes, ...]:
    _, _, image, _ = key_parts(change.stored.key)
    stored = change.stored
    at, kind, fields = _micros(change.at), change.kind.value, fields_entry(change.fields)
    seen = seen_entry(change.seen)
    return run, at, kind, image, stored.key, fields, stored.body, stored.internal, seen


def _change(row: tuple[Any, ...]) -> ImageChange:
    position, run, at, kind, _, key, fields, body, internal, seen = row
    return ImageChange(
        at=_EPOCH + at * _MICROSECOND,
        run=run,
        kind=ChangeKind(kind),
        stored=Stored(key, body, internal, b""),
        fields=read_fields(fields),
        seen=read_seen(seen),
        position=position,
    )


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND

"""The ledger's file: other versions, other writers, and folders that cannot be written."""

import asyncio
import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from engines.base import EngineError, EngineUnavailable, ForeignGeneration
from engines.embedded.ledger import EmbeddedLedger, open_ledger
from engines.embedded.ledger_file import LEDGER_FILE, LEDGER_FORMAT
from engines.ledger import Extent, Keep
from tests.contract.test_ledger_changes import MEMORY, RUN
from tests.contract.test_ledger_changes import change as changed


def change(path: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)


async def filled(folder: Path) -> Path:
    ledger = open_ledger(folder)
    await ledger.record(RUN)
    await ledger.close()
    return folder / LEDGER_FILE


@contextmanager
def closing_ledger(folder: Path) -> Iterator[EmbeddedLedger]:
    ledger = open_ledger(folder)
    try:
        yield ledger
    finally:
        ledger._connection.close()


async def test_the_format_stands_in_the_file(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (LEDGER_FORMAT,)


async def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    change(await filled(tmp_path), f"PRAGMA user_version = {LEDGER_FORMAT + 1}")
    with pytest.raises(ForeignGeneration, match=f"format {LEDGER_FORMAT + 1}"):
        open_ledger(tmp_path)


def of_format_1(folder: Path) -> Path:
    """Write a ledger as the first version did: it knew neither changes nor memories, and less of a run."""
    path = folder / LEDGER_FILE
    statements = """
CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, entry BLOB NOT NULL);
CREATE TABLE scopes (scope TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
INSERT INTO revision VALUES (1, 4);
PRAGMA user_version = 1;
"""
    state = {
        "scope": "prod/cn-north-4/gold",
        "state": "complete",
        "reason": None,
        "last_attempt": "2026-11-23T06:17:00+00:00",
        "last_complete": "2026-11-23T06:17:00+00:00",
        "seen": 3,
        "carried": 0,
    }
    run = {
        "run": "20261123t061700z-000001",
        "started": "2026-11-23T06:17:00+00:00",
        "finished": "2026-11-23T06:18:00+00:00",
        "outcome": "published",
        "exit": 0,
        "reason": None,
        "generation": "ims-catalog-3f9a1c2e-000001-20261123t061700z-000001",
        "documents": 3,
        "added": 3,
        "changed": 0,
        "removed": 0,
        "unlisted": 0,
        "refused": 0,
        "problems": {},
        "scopes": [state],
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(statements)
        connection.execute("INSERT INTO runs VALUES (1, ?, ?)", (run["run"], orjson.dumps(run)))
        connection.execute("INSERT INTO scopes VALUES (?, ?)", (state["scope"], orjson.dumps(state)))
    return path


async def test_a_ledger_of_the_first_format_is_brought_up_and_goes_on(tmp_path: Path) -> None:
    path = of_format_1(tmp_path)
    ledger = open_ledger(tmp_path)
    (before,) = await ledger.runs(9)
    assert (before.run, before.notes, before.left_out) == ("20261123t061700z-000001", (), 0)
    state = (await ledger.scope_states())["prod/cn-north-4/gold"]
    assert (state.seen, state.held, state.unlisted, state.pages) == (3, False, 0, 0)
    assert (await ledger.revision(), await ledger.extent()) == (4, Extent(0, 0))
    assert (await ledger.memories(), await ledger.intended(), await ledger.changes(0, 9)) == ({}, None, ())
    await ledger.note(RUN.run, [changed("a")])
    await ledger.intend(RUN, (MEMORY,))
    await ledger.record(RUN, (MEMORY,))
    assert await ledger.runs(9) == (RUN, before)
    assert [one.stored.key for one in await ledger.changes(0, 9)] == [changed("a").stored.key]
    assert (await ledger.revision(), await ledger.memories()) == (5, {MEMORY.scope: MEMORY})
    await ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (LEDGER_FORMAT,)


async def test_changes_of_the_second_format_are_kept(tmp_path: Path) -> None:
    """It did not know yet when a removed image was seen last."""
    ledger = open_ledger(tmp_path)
    for name, run in (("a", RUN), ("b", replace(RUN, run="b00000"))):
        await ledger.note(run.run, [changed(name, run)])
        if run is RUN:
            await ledger.record(run)
    await ledger.close()
    for table in ("noted", "changes"):
        change(tmp_path / LEDGER_FILE, f"ALTER TABLE {table} DROP COLUMN seen")
    change(tmp_path / LEDGER_FILE, "PRAGMA user_version = 2")
    ledger = open_ledger(tmp_path)
    (kept,) = await ledger.changes(0, 9)
    assert (kept.stored.key, kept.seen) == (changed("a").stored.key, {})
    await ledger.record(replace(RUN, run="b00000"))
    assert [one.stored.key for one in await ledger.changes(0, 9)] == [
        changed(name).stored.key for name in ("a", "b")
    ]
    await ledger.close()


async def test_many_may_bring_one_ledger_up_at_once(tmp_path: Path) -> None:
    of_format_1(tmp_path)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as processes:
        assert list(processes.map(opened, [tmp_path] * 4)) == [4] * 4


async def test_a_ledger_of_the_first_format_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = of_format_1(tmp_path)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).mkdir()
    with pytest.raises(EngineUnavailable, match="older version and cannot be brought up to date"):
        open_ledger(tmp_path)


async def test_asking_for_few_of_many_runs_reads_few(tmp_path: Path) -> None:
    await filled(tmp_path)
    path = tmp_path / LEDGER_FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (entry,) = connection.execute("SELECT entry FROM runs").fetchone()
        # Whoever read one of these would fail.
        rows = [(number, f"{number:06}", b"unreadable") for number in range(2, 1000)]
        connection.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)
        rows = [(number, f"{number:06}", entry) for number in range(1000, 1004)]
        connection.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)
    with closing_ledger(tmp_path) as ledger:
        assert len(await ledger.runs(4)) == 4
        assert len(await ledger.runs(2, before="001003")) == 2
        assert await ledger.run("001001") == RUN
        await ledger.trim(Keep(runs=4), RUN.started)
        assert len(await ledger.runs(9)) == 4


async def test_a_file_without_a_format_is_no_ledger(tmp_path: Path) -> None:
    change(tmp_path / LEDGER_FILE, "CREATE TABLE runs (number INTEGER PRIMARY KEY)")
    with pytest.raises(EngineUnavailable, match="is not a ledger"):
        open_ledger(tmp_path)


def test_many_processes_may_make_the_ledger_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as processes:
        for number in range(12):
            folder = tmp_path / str(number)
            assert list(processes.map(opened, [folder] * 4)) == [0] * 4
            assert list(folder.glob("ledger-*")) == []


def opened(folder: Path) -> int:
    """Open a ledger and give its revision."""
    with closing_ledger(folder) as ledger:
        return asyncio.run(ledger.revision())


@pytest.mark.parametrize(
    "state",
    ["{}", "[]", "null", '{"state": "asleep"}', "no json"],
    ids=["bare", "list", "null", "word", "text"],
)
async def test_a_scope_state_of_another_version_is_an_engine_error(tmp_path: Path, state: str) -> None:
    change(await filled(tmp_path), "UPDATE scopes SET state = CAST(? AS BLOB)", state)
    with closing_ledger(tmp_path) as ledger, pytest.raises(EngineError, match="state of a scope"):
        await ledger.scope_states()


async def test_a_run_of_another_version_is_an_engine_error(tmp_path: Path) -> None:
    change(await filled(tmp_path), "UPDATE runs SET entry = CAST('[1]' AS BLOB)")
    with closing_ledger(tmp_path) as ledger, pytest.raises(EngineError, match="holds a run"):
        await ledger.runs(1)


async def test_reading_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing_ledger(tmp_path) as ledger:
            assert await ledger.runs(1) == (RUN,)


async def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    # SQLite cannot make the two files that it keeps beside one that may be written.
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).mkdir()
    reader = open_ledger(tmp_path)
    assert await reader.runs(1) == (RUN,)
    before = await reader.revision()
    with pytest.raises(EngineUnavailable, match="cannot write"):
        await reader.record(RUN)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).rmdir()
    writer = open_ledger(tmp_path)
    later = replace(RUN, run="aaaaaa")
    await writer.record(later)
    await writer.close()
    assert await reader.runs(1) == (later,)
    assert await reader.revision() > before
    await reader.close()


async def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    await filled(tmp_path)
    with closing_ledger(tmp_path) as ledger:
        ((pages,),) = ledger._connection.execute("PRAGMA page_count").fetchall()
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(EngineUnavailable, match="full"):
            await ledger.record(replace(RUN, run="aaaaaa", problems={f"p{n}": n for n in range(9999)}))
        ledger._connection.execute("PRAGMA max_page_count = 99999")
        await ledger.record(replace(RUN, run="bbbbbb"))
        assert [run.run for run in await ledger.runs(9)] == ["bbbbbb", RUN.run]

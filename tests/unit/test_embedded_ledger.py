"""The ledger's file: other versions, other writers, and folders that cannot be written."""

import asyncio
import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engines.base import EngineError, EngineUnavailable, ForeignGeneration
from engines.embedded.ledger import EmbeddedLedger, open_ledger
from engines.embedded.ledger_file import LEDGER_FILE, LEDGER_FORMAT
from tests.contract.test_ledger_rules import RUN


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

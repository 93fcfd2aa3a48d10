"""A writer of files that is stopped right before it publishes: nobody else writes, until it ends."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engines.embedded.holder import LOCK_FILE, holding
from engines.embedded.pointer import read_pointer
from engines.generation import term_of
from ims_catalog.cli.sandbox import settings_for
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from tests.api.test_command_line import PATIENCE, run

RUN = "20261124t061700z-5f2c9a"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(draw_estate(60, regions=1, projects=2)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox) -> Path:
    (tmp_path / "ims-catalog.toml").write_text(settings_for(sandbox), "utf-8")
    return tmp_path


@asynccontextmanager
async def stopped(catalogue: Path) -> AsyncIterator[tuple[Process, str]]:
    """Give a process that is stopped before its publish, and the generation that it has built."""
    command = (sys.executable, "-m", "tests.faults.stopping_process", str(catalogue), RUN)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            name = (await process.stdout.readline()).decode().strip()
            await is_stopped(process)
        yield process, name
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def is_stopped(process: Process) -> None:
    """It stops itself right after it has told what it built."""
    found = ""
    while found != "T":
        found = state(process.pid)
        await turn()


def state(pid: int) -> str:
    """The letter that the system has for what a process does."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


async def turn() -> None:
    """Let the others on the event loop go on."""
    await asyncio.sleep(0)


def served(folder: Path) -> str:
    pointer = read_pointer(folder)
    assert pointer is not None
    return pointer.name


async def test_case_22_a_stopped_writer_is_named_and_a_killed_one_is_in_nobodys_way(folder: Path) -> None:
    catalogue = folder / "var" / "catalog"
    assert (await run(folder, "reindex"))[0] == 0
    first = served(catalogue)
    async with stopped(catalogue) as (process, name):
        code, _, err = await run(folder, "reindex")
        assert code == 5
        assert f"process {process.pid} on " in err
        assert f", run {RUN})" in err
        assert "since 20" in err
        code, out, _ = await run(folder, "runs")
        assert (code, f"process {process.pid} on " in out, RUN in out) == (0, True, True)
        assert served(catalogue) == first
        process.kill()
        await process.wait()
    assert holding(catalogue) is None
    assert "going on" not in (await run(folder, "runs"))[1]
    code, out, _ = await run(folder, "reindex")
    assert (code, "unchanged" in out) == (0, True)
    assert served(catalogue) == first
    assert not list(catalogue.glob("*.building")), f"{name} is left behind"


async def test_a_writer_that_goes_on_publishes_as_nobody_else_could(folder: Path) -> None:
    catalogue = folder / "var" / "catalog"
    async with stopped(catalogue) as (process, name):
        os.kill(process.pid, signal.SIGCONT)
        out, _ = await process.communicate()
    assert out == b"published\n"
    assert served(catalogue) == name


async def test_case_22_a_writer_whose_lock_was_deleted_loses(folder: Path) -> None:
    """Somebody deletes the file of the lock: another can write, and the one that was stopped cannot."""
    catalogue = folder / "var" / "catalog"
    assert (await run(folder, "reindex"))[0] == 0
    async with stopped(catalogue) as (process, name):
        (catalogue / LOCK_FILE).unlink()
        async with stopped(catalogue) as (other, newer):
            assert term_of(newer) > term_of(name)
            os.kill(other.pid, signal.SIGCONT)
            assert (await other.communicate())[0] == b"published\n"
        os.kill(process.pid, signal.SIGCONT)
        out, _ = await process.communicate()
    assert out.startswith(b"superseded: the right to write was lost")
    assert served(catalogue) == newer
    assert not list(catalogue.glob("*.building"))

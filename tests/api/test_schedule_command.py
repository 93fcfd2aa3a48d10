"""`ims-catalog schedule` and `serve --schedule` as processes: a first run at once, and clean ends."""

import asyncio
import signal
from asyncio import StreamReader
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import orjson
import pytest

from ims_catalog.cli.sandbox import settings_for
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.fault import Fault, Hang, matching
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from tests.api.test_command_line import PATIENCE, run, start


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(draw_estate(60, regions=1, projects=2)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox) -> Path:
    (tmp_path / "ims-catalog.toml").write_text(settings_for(sandbox), "utf-8")
    return tmp_path


async def line_with(stream: StreamReader | None, wanted: str) -> str:
    assert stream is not None
    while line := (await stream.readline()).decode():
        assert "Traceback" not in line
        if wanted in line:
            return line
    raise AssertionError(f"it ended before it said {wanted!r}")


async def test_a_catalogue_that_is_not_there_is_made_at_once(folder: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        process = await start(folder, "schedule")
        assert "At minute 17 of every hour" in await line_with(process.stderr, "sandbox is crawled")
        await line_with(process.stderr, "published")
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert b"the schedule ended: 1 runs since it began, 0 missed" in said
    assert (process.returncode, b"Traceback" in said) == (0, False)


async def test_sigterm_interrupts_a_run_and_the_ledger_tells(folder: Path, sandbox: Sandbox) -> None:
    sandbox.fail(Fault(matching(image_type="market"), Hang()))
    async with asyncio.timeout(PATIENCE):
        process = await start(folder, "schedule")
        await line_with(process.stderr, "is crawled")
        while f"process {process.pid} on " not in (await run(folder, "runs"))[1]:
            pass
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert (process.returncode, b"Traceback" in said) == (0, False)
    _, out, _ = await run(folder, "runs", "--json")
    assert [entry["reason"] for entry in orjson.loads(out)] == ["the run was interrupted"]


async def test_serve_crawls_in_a_process_of_its_own(folder: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        process = await start(folder, "serve", "--port", "0", "--schedule")
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().split()[-1]
        await line_with(process.stderr, "published")
        async with aiohttp.ClientSession() as session:
            total = 0
            while not total:
                async with session.get(f"{url}/v1/images?limit=0") as answer:
                    total = (await answer.json()).get("total", 0) if answer.status == 200 else 0
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert (process.returncode, b"the schedule ended" in said, b"Traceback" in said) == (0, True, False)


async def test_what_is_set_is_shown_and_what_is_wrong_is_said(folder: Path) -> None:
    code, out, _ = await run(folder, "schedule", "--show", IMS_CATALOG_SCHEDULE__CRON="30 2 * * *")
    assert (code, "sandbox: At 02:30 every day (30 2 * * *)" in out, out.count("02:30")) == (0, True, 6)
    code, _, err = await run(folder, "schedule", IMS_CATALOG_SCHEDULE__CRON="61 * * * *")
    assert (code, "schedule.cron" in err, "bad minute" in err) == (2, True, True)
    code, _, err = await run(folder, "schedule", IMS_CATALOG_SCHEDULE__TIMEZONE="Mars/Base")
    assert (code, "schedule.timezone" in err) == (2, True)

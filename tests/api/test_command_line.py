"""The commands as processes: exit codes, signals, and sentences instead of stack traces."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import orjson
import pytest

from ims_catalog.cli.sandbox import settings_for
from ims_catalog.sandbox.answer import forbidden
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.fault import Fault, Hang, matching
from ims_catalog.sandbox.server import Sandbox, start_sandbox

COMMAND = Path(sys.executable).with_name("ims-catalog")
PATIENCE = 60.0


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(draw_estate(120, regions=1, projects=2)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, sandbox: Sandbox) -> Path:
    (tmp_path / "ims-catalog.toml").write_text(settings_for(sandbox), "utf-8")
    return tmp_path


async def start(folder: Path, *arguments: str, **environment: str) -> Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IMS_CATALOG_")}
    keys = {
        "HUAWEICLOUD_SDK_AK": "SANDBOXACCESSKEY0001",
        "HUAWEICLOUD_SDK_SK": "sandbox-secret-key-of-no-value-0001",
        "COLUMNS": "140",
    }
    return await asyncio.create_subprocess_exec(
        COMMAND, *arguments, cwd=folder, env={**kept, **keys, **environment}, stdout=PIPE, stderr=PIPE
    )


async def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await start(folder, *arguments, **environment)
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in err
    return process.returncode, out.decode(), err.decode()


class TestReindex:
    async def test_published_then_unchanged(self, folder: Path) -> None:
        code, out, err = await run(folder, "reindex")
        assert (code, "published" in out) == (0, True)
        assert "sandbox/cn-north-4/gold" in err
        code, out, _ = await run(folder, "reindex", "--json")
        assert (code, orjson.loads(out)["outcome"]) == (0, "unchanged")
        code, out, _ = await run(folder, "runs")
        assert (code, out.count("published"), out.count("unchanged")) == (0, 1, 1)

    async def test_an_incomplete_scope_is_three(self, folder: Path, sandbox: Sandbox) -> None:
        sandbox.fail(Fault(matching(image_type="market"), forbidden()))
        code, out, _ = await run(folder, "reindex")
        assert code == 3
        assert "images kept: sandbox/cn-north-4/market: " in out

    async def test_no_complete_scope_is_one(self, folder: Path, sandbox: Sandbox) -> None:
        sandbox.fail(Fault(lambda received: True, forbidden()))
        code, out, _ = await run(folder, "reindex")
        assert (code, "failed" in out) == (1, True)

    async def test_wrong_configuration_is_two(self, folder: Path) -> None:
        code, _, err = await run(folder, "reindex", IMS_CATALOG_CRAWL__RUN_DEADLINE="soon")
        assert (code, "crawl.run_deadline" in err) == (2, True)
        code, _, err = await run(folder, "reindex", HUAWEICLOUD_SDK_SK="")
        assert (code, "HUAWEICLOUD_SDK_SK" in err) == (2, True)

    async def test_another_run_is_five_and_a_signal_ends_the_first(
        self, folder: Path, sandbox: Sandbox
    ) -> None:
        sandbox.fail(Fault(matching(image_type="market"), Hang()))
        first = await start(folder, "reindex")
        async with asyncio.timeout(PATIENCE):
            assert first.stderr is not None
            await first.stderr.readline()
            code, _, err = await run(folder, "reindex")
            assert (code, f"process {first.pid} on " in err, ", run 20" in err) == (5, True, True)
            first.send_signal(signal.SIGTERM)
            _, said = await first.communicate()
        assert (first.returncode, b"interrupted" in said, b"Traceback" in said) == (130, True, False)
        _, out, _ = await run(folder, "runs", "--json")
        assert [(entry["outcome"], entry["reason"]) for entry in orjson.loads(out)] == [
            ("failed", "the run was interrupted")
        ]
        _, out, _ = await run(folder, "runs")
        assert "failed: the run was interrupted" in out


class TestServe:
    async def test_workers_share_a_port_and_a_dead_one_is_replaced(self, folder: Path) -> None:
        await run(folder, "reindex")
        process = await start(folder, "serve", "--port", "0", "--workers", "2")
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            first = (await process.stdout.readline()).decode()
            url = first.split()[-1]
            assert " by 2 workers on http" in first
            async with session.get(f"{url}/v1/images?limit=1") as answer:
                cursor = (await answer.json())["next"]
            (folder / "var/catalog/cursor.key").unlink()
            os.kill(children(process.pid)[0], signal.SIGKILL)
            assert process.stderr is not None
            line = b""
            while b"another takes its place" not in line:
                line = await process.stderr.readline()
            assert re.match(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z a worker ended", line)
            async with session.get(f"{url}/v1/images?limit=1") as answer:
                assert (answer.status, (await answer.json())["total"] > 50) == (200, True)
            # A connection each: both workers are asked, the one that came later too.
            for _ in range(12):
                asked = {"limit": "1", "cursor": cursor}
                close = {"Connection": "close"}
                async with session.get(f"{url}/v1/images", params=asked, headers=close) as answer:
                    assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            _, said = await process.communicate()
        assert (process.returncode, said) == (0, b"")

    async def test_a_signal_while_it_begins_is_no_fault(self, folder: Path) -> None:
        process = await start(folder, "serve", "--port", "0")
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread(first_child, process.pid)
            process.send_signal(signal.SIGTERM)
            _, said = await process.communicate()
        assert (process.returncode, said) == (0, b"")

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({"IMS_CATALOG_NOW": "soon"}, "IMS_CATALOG_NOW"),
            ({"IMS_CATALOG_API__HOST": "0.0.0.0"}, "open_to_everyone"),
            (
                {"IMS_CATALOG_API__HOST": "192.0.2.1", "IMS_CATALOG_ACCESS__OPEN_TO_EVERYONE": "1"},
                "192.0.2.1",
            ),
            ({"IMS_CATALOG_ENGINE__PATH": "ims-catalog.toml"}, "engine.path"),
        ],
        ids=["a clock that is none", "open to everyone by accident", "an address of others", "no folder"],
    )
    async def test_what_cannot_be_served_is_said(
        self, folder: Path, environment: dict[str, str], words: str
    ) -> None:
        code, _, err = await run(folder, "serve", "--port", "0", **environment)
        assert (code, words in err) == (2, True)


class TestSearch:
    async def test_nothing_published_is_said(self, folder: Path) -> None:
        for arguments in (("search", "ubuntu"), ("runs",)):
            code, _, err = await run(folder, *arguments)
            assert (code, "ims-catalog reindex makes one" in err) == (1, True)
        assert not (folder / "var").exists()

    async def test_a_bad_question_is_said(self, folder: Path) -> None:
        await run(folder, "reindex")
        code, _, err = await run(folder, "search", "x" * 5000)
        assert (code, "q" in err) == (2, True)
        code, out, _ = await run(folder, "search", "ubuntu", "--json", "--limit", "1")
        assert (code, len(orjson.loads(out)["images"])) == (0, 1)

    async def test_counts_for_planners(self, folder: Path) -> None:
        await run(folder, "reindex")
        asked = ("--histogram", "min_disk,created_at", "--pivot", "platform,firmware", "--sum", "min_disk")
        code, out, _ = await run(folder, "search", *asked, "--limit", "0")
        assert code == 0
        assert all(part in out for part in ("min_disk, GB", "created_at", "platform by firmware", "█"))
        code, out, _ = await run(folder, "search", "ubuntu", *asked, "--json")
        answer = orjson.loads(out)
        assert (code, list(answer["histograms"])) == (0, ["min_disk", "created_at"])
        assert answer["pivot"]["values"][0]["sum"].keys() == {"min_disk"}
        code, out, _ = await run(folder, "search", "--sum", "min_disk", "--limit", "0")
        assert (code, "none of them shown" in out, "min_disk of all together: " in out) == (0, True, True)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((), "say what you look for"),
            (("--pivot", "platform"), "--pivot: has two fields"),
            (
                ("--histogram", "min_dsk,platform"),
                (
                    "ims-catalog: --histogram: there is no field 'min_dsk' did you mean: min_disk? "
                    "--histogram: platform: values cannot be spread allowed: trust, created_at,"
                ),
            ),
            (
                ("--histogram", "min_disk", "--sum", "image_sze"),
                (
                    "ims-catalog: --sum: there is no field 'image_sze' did you mean: image_size? "
                    "allowed: min_disk, min_ram, image_size"
                ),
            ),
            (("--histogram", "x" * 300), "--histogram: a name of 300 characters is too long; at most 255"),
        ],
        ids=["nothing", "half a pivot", "no histograms", "no sum", "far too long"],
    )
    async def test_what_cannot_be_counted_is_said(
        self, folder: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        await run(folder, "reindex")
        code, _, err = await run(folder, "search", *arguments)
        assert (code, said in " ".join(err.split())) == (2, True)


def first_child(pid: int) -> int:
    while True:
        found = children(pid)
        if found:
            return found[0]


def children(pid: int) -> list[int]:
    """Worker processes of a supervisor: those that run multiprocessing's spawn."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            spawned = b"spawn_main" in (entry / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and spawned:
            found.append(int(entry.name))
    return found

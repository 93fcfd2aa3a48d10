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

    async def test_what_asks_no_cloud_needs_no_secret(self, folder: Path) -> None:
        await run(folder, "reindex")
        code, out, _ = await run(folder, "reindex", "--offline", HUAWEICLOUD_SDK_SK="")
        assert (code, "published" in out) == (0, True)
        code, out, _ = await run(folder, "runs", "--limit", "1")
        assert out.splitlines()[1].split()[-1] == "-"
        settings = (folder / "ims-catalog.toml").read_text().replace('name = "sandbox"', 'name = "another"')
        (folder / "ims-catalog.toml").write_text(settings)
        code, out, _ = await run(folder, "purge", "sandbox", "--yes", HUAWEICLOUD_SDK_SK="")
        assert (code, "published" in out) == (0, True)

    async def test_no_complete_scope_is_one(self, folder: Path, sandbox: Sandbox) -> None:
        sandbox.fail(Fault(lambda received: True, forbidden()))
        code, out, _ = await run(folder, "reindex")
        assert (code, "failed" in out) == (1, True)

    async def test_wrong_configuration_is_two(self, folder: Path) -> None:
        code, _, err = await run(folder, "reindex", IMS_CATALOG_CRAWL__RUN_DEADLINE="soon")
        assert (code, "crawl.run_deadline" in err) == (2, True)
        code, _, err = await run(folder, "reindex", HUAWEICLOUD_SDK_SK="")
        assert (code, "HUAWEICLOUD_SDK_SK" in err) == (2, True)
        code, _, err = await run(folder, "reindex", "--config", ".")
        assert (code, err) == (2, "ims-catalog: .: cannot be read: Is a directory\n")
        code, _, err = await run(folder, "serve", "--workers", "0")
        assert (code, "api.workers: " in err) == (2, True)

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


class TestLedger:
    async def test_a_run_is_shown_with_reasons_and_changes(self, folder: Path, sandbox: Sandbox) -> None:
        sandbox.fail(Fault(matching(image_type="market"), forbidden()))
        await run(folder, "reindex")
        _, out, _ = await run(folder, "runs", "--json")
        name = orjson.loads(out)[0]["run"]
        code, out, _ = await run(folder, "runs", "show", name, "--limit", "2")
        assert code == 0
        market = out[out.index("sandbox/cn-north-4/market") :]
        assert all(word in out for word in (f"run {name}: published", "exit code 3", "pages", "unlisted"))
        assert "incomplete" in market.split("\n")[0]
        assert "forbidden" in market.split("\n")[1].lower()
        assert (out.count("  added "), f"changes --since {name}" in out) == (2, True)
        _, out, _ = await run(folder, "runs", "show", name, "--json", "--limit", "5000")
        told = orjson.loads(out)
        assert (told["exit"], told["scopes"][0].keys() >= {"took", "pages"}) == (3, True)
        _, out, _ = await run(folder, "changes", "--since", name, "--json", "--limit", "5000")
        assert orjson.loads(out) == {"changes": told["changes"], "more": False}
        code, out, _ = await run(folder, "changes", "ubuntu", "--since", "2h", "--limit", "1")
        assert (code, out.count("  added ")) == (0, 1)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("runs", "show", "nosuchrun"), "no run 'nosuchrun' is kept"),
            (("runs", "--json", "show", "nosuchrun"), "--json come after the word"),
            (("runs", "shwo"), "shwo"),
            (("changes", "--since", "soon"), "--since: says no time to begin at"),
            (("changes", "x" * 5000), "the question"),
        ],
        ids=["no such run", "options before the word", "no such word", "no date", "too long"],
    )
    async def test_what_cannot_be_shown_is_said(
        self, folder: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        await run(folder, "reindex")
        code, _, err = await run(folder, *arguments)
        assert (code, said in err) == (2, True)

    async def test_a_backup_is_written_and_restored(self, folder: Path, tmp_path: Path) -> None:
        code, _, err = await run(folder, "state", "export", "backup")
        assert (code, "ims-catalog reindex makes one" in err) == (1, True)
        await run(folder, "reindex")
        code, out, err = await run(folder, "state", "export", "backup")
        assert (code, out, "exported 1 runs" in err) == (0, "", True)
        backup = folder / "backup"
        assert backup.stat().st_mode & 0o077 == 0
        assert not await asyncio.to_thread(lambda: list(folder.glob(".backup*")))
        code, out, _ = await run(folder, "state", "export", "-")
        assert (code, len(out.splitlines())) == (0, len(backup.read_text().splitlines()))
        _, runs, _ = await run(folder, "runs", "--json")
        code, _, err = await run(folder, "state", "import", "backup")
        assert (code, "--replace" in err) == (1, True)
        lines = backup.read_bytes().splitlines(keepends=True)
        (folder / "half").write_bytes(b"".join(lines[:-1]))
        code, _, err = await run(folder, "state", "import", "half", "--replace")
        assert (code, "half is cut off" in err) == (1, True)
        assert (await run(folder, "runs", "--json"))[1] == runs
        elsewhere = str(tmp_path / "elsewhere")
        code, out, _ = await run(folder, "state", "import", "backup", IMS_CATALOG_ENGINE__PATH=elsewhere)
        assert (code, "restored 1 runs" in out) == (0, True)
        assert (await run(folder, "runs", "--json", IMS_CATALOG_ENGINE__PATH=elsewhere))[1] == runs
        code, _, _ = await run(folder, "state", "import", "backup", "--replace")
        assert (code, (await run(folder, "runs", "--json"))[1]) == (0, runs)
        assert (await run(folder, "reindex", "--json"))[0] == 0

    async def test_nothing_is_restored_while_a_run_goes_on(self, folder: Path, sandbox: Sandbox) -> None:
        await run(folder, "reindex")
        await run(folder, "state", "export", "backup")
        sandbox.fail(Fault(matching(image_type="market"), Hang()))
        going = await start(folder, "reindex")
        async with asyncio.timeout(PATIENCE):
            assert going.stderr is not None
            await going.stderr.readline()
            code, _, err = await run(folder, "state", "import", "backup", "--replace")
            assert (code, f"process {going.pid} on " in err) == (5, True)
            going.send_signal(signal.SIGTERM)
            await going.communicate()


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

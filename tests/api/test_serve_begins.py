"""`serve` while the catalogue is being read, and where there is none to read."""

import asyncio
import signal
import socket
from asyncio.subprocess import Process
from pathlib import Path

import aiohttp

from tests.api.test_command_line import PATIENCE, start


async def _address(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode().split()[-1]


async def _ended(process: Process) -> tuple[int | None, bytes]:
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        _, said = await process.communicate()
    return process.returncode, said


async def test_nothing_to_read_is_told_to_those_who_ask(tmp_path: Path) -> None:
    process = await start(tmp_path, "serve", "--port", "0")
    address = await _address(process)
    async with aiohttp.ClientSession() as session, session.get(f"{address}/v1/images") as answer:
        assert (answer.status, (await answer.json())["type"]) == (
            503,
            "urn:ims-catalog:problem:nothing-served",
        )
    code, said = await _ended(process)
    assert code == 0
    assert b"Traceback" not in said


async def test_it_ends_while_it_reads(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        named = {
            "IMS_CATALOG_ENGINE__KIND": "opensearch",
            "IMS_CATALOG_ENGINE__URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "IMS_CATALOG_ENGINE__TIMEOUT": "10m",
        }
        process = await start(tmp_path, "serve", "--port", "0", **named)
        await _address(process)
        assert await _ended(process) == (0, b"")

"""Several processes read while one publishes: no request fails, none sees two generations."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from mappings.document import Document
from tests.contract.catalogue import image
from tests.contract.engine import ENGINES, Engine, engine_in, publish, writing

LAST = 4


@pytest.mark.parametrize("name", sorted(ENGINES))
async def test_take_over_by_several_processes(name: str, tmp_path: Path) -> None:
    with engine_in(name, tmp_path) as engine:
        await _take_over(engine, name, tmp_path)


async def _take_over(engine: Engine, name: str, folder: Path) -> None:
    def generation(number: int) -> list[Document]:
        return [image(f"i{each:04}", min_disk=number) for each in range(300 + number)]

    async with writing(engine) as writer:
        await publish(engine, writer, generation(0))
        command = (sys.executable, "-m", "tests.contract.reading_process", name, str(folder), str(LAST))
        processes = [
            await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE) for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n", await process.communicate()
        for number in range(1, LAST + 1):
            await publish(engine, writer, generation(number))
        for process in processes:
            out, err = await process.communicate()
            assert (process.returncode, err) == (0, b"")
            told = json.loads(out)
            assert told["wrong"] == []
            assert told["seen"][0] == 0
            assert told["seen"][-1] == LAST
            assert told["seen"] == sorted(set(told["seen"]))

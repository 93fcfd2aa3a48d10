"""Runs whose cluster has next to no room for what is on its way."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from tests.cluster.passing import passing
from tests.faults.installation import installed_on
from tests.opensearch.node import running

ESTATE = draw_estate(images=4_000, seed=27, regions=1, projects=2)
LIMIT = 1024 * 1024


@dataclass
class Loads:
    """The sizes of requests as they ended, and how many bytes were on their way together."""

    refused: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def after(self, request: web.Request, status: int, body: bytes) -> None:
        if request.path.endswith("/_bulk"):
            size = request.content_length or 0
            (self.refused if status == 429 or b'"status":429' in body else self.taken).append(size)


@pytest.mark.timeout(240)
async def test_case_27_requests_become_smaller_until_there_is_room_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    loads = Loads()
    with running({"indexing_pressure.memory.limit": "1mb"}) as node:
        async with (
            passing(node.url, after=loads.after) as url,
            await start_sandbox(ESTATE) as sandbox,
            installed_on(url, sandbox, tmp_path) as one,
        ):
            run = await one.run()
            assert run.exit == 0, run.reason
            assert run.documents == len(one.model())
            assert await one.held() == one.model()
    assert max(loads.refused) > LIMIT, "the node had room for everything at once: this test shows nothing"
    assert sum(loads.taken) > 4 * LIMIT
    assert max(loads.taken) <= LIMIT
    smallest = min(loads.taken[: len(loads.taken) // 2])
    assert max(loads.taken[loads.taken.index(smallest) :]) > 1.2 * smallest, "they grow again"

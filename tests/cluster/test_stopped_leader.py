"""A leader that is stopped at its worst moment: another takes its place, and it changes nothing any more."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from engines.generation import term_of
from engines.opensearch.client import quoted
from engines.opensearch.reply import entries
from ims_catalog.cli.sandbox import settings_for
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from tests.api.test_command_line import run, start
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.cluster.test_publishing_in_doubt import indices

PATIENCE = 110.0


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(draw_estate(40, regions=1, projects=2)) as running:
        yield running


def written(folder: Path, sandbox: Sandbox, place: Place, url: str) -> Path:
    folder.mkdir()
    engine = f'[engine]\nkind = "opensearch"\nurl = "{url}"\nprefix = "{place.names.prefix}"\n'
    (folder / "ims-catalog.toml").write_text(engine + settings_for(sandbox), "utf-8")
    return folder


async def served(place: Place) -> str:
    found = entries(await place.client.request("GET", quoted(place.names.served, "_mapping")))
    (name,) = found
    return name


MOMENTS = {
    "in the middle of loading": (r"POST /[^/]+/_bulk|POST /_bulk|PUT /[^/]+/_bulk", b""),
    "right before it asks for the swap": (r"PUT /[^/]+/_mapping", b'"published"'),
    "while it asks for the swap": (r"POST /_aliases", b"remove"),
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("moment", MOMENTS)
async def test_case_22_a_stopped_leader_loses(
    tmp_path: Path, sandbox: Sandbox, place: Place, moment: str
) -> None:
    asked, said = MOMENTS[moment]
    there, go_on = asyncio.Event(), asyncio.Event()
    leaders: list[asyncio.subprocess.Process] = []

    async def stop(request: web.Request) -> None:
        """Stop the leader, and hold what it asked for until another has published."""
        if there.is_set() or not leaders or not re.match(asked, f"{request.method} {request.path}"):
            return
        if said in await request.read():
            os.kill(leaders[0].pid, signal.SIGSTOP)
            there.set()
            if "while" in moment:
                await go_on.wait()

    second = written(tmp_path / "second", sandbox, place, place.url)
    assert (await run(second, "reindex"))[0] == 0
    before = await served(place)
    region = sandbox.regions[0]
    image = next(sandbox.cloud.records(Listing(region, "gold")))
    sandbox.cloud.patch(region, str(image["id"]), name="renamed")
    async with passing(place.url, stop) as url, asyncio.timeout(PATIENCE):
        leader = await start(written(tmp_path / "first", sandbox, place, url), "reindex", "--json")
        leaders.append(leader)
        try:
            await there.wait()
            code, out, err = await run(second, "reindex", "--json")
            assert (code, f"process {leader.pid} on " in err) == (0, True), err
            published = orjson.loads(out)["generation"]
            assert await served(place) == published
        finally:
            os.kill(leader.pid, signal.SIGCONT)
            go_on.set()
        out, err = (each.decode() for each in await leader.communicate())
    assert leader.returncode == 1, (out, err)
    assert "Traceback" not in err
    assert orjson.loads(out)["outcome"] == "failed"
    assert await served(place) == published
    generations = {each for each in await indices(place) if place.names.is_generation(each)}
    assert generations == {before, published}
    assert term_of(published) == term_of(before) + 2
    code, out, _ = await run(second, "reindex", "--json")
    assert (code, orjson.loads(out)["outcome"]) == (0, "unchanged")

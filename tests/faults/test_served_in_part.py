"""Questions to a cluster whose answers are not whole: an error, never a list that is short without a word."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import web
from yarl import URL

from engines.base import Readers
from engines.opensearch.client import Cluster
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.reply import entries, items
from tests.api.asking import Api, fill, serving
from tests.api.estate import documents
from tests.api.test_api_errors import problem
from tests.cluster.passing import passing
from tests.contract.engine import HandClock, prefix_of
from tests.faults.installation import cluster_place

Change = Callable[[dict[str, object]], dict[str, object]]


def one_shard_failed(answer: dict[str, object]) -> dict[str, object]:
    return {**answer, "_shards": {"total": 3, "successful": 2, "skipped": 0, "failed": 1}}


def out_of_time(answer: dict[str, object]) -> dict[str, object]:
    return {**answer, "timed_out": True}


@dataclass
class Partial:
    """Changes the answers to searches, once it is told how; hits of those that are changed are left out."""

    url: str
    change: Change | None = None
    changed: int = 0

    async def before(self, request: web.Request) -> None:
        if self.change is None or not request.path.endswith(("/_search", "/_msearch")):
            return
        told = entries(await self._told(request))
        answer = (
            {"responses": [self._cut(entries(one)) for one in items(told, "responses")]}
            if "responses" in told
            else self._cut(told)
        )
        raise web.HTTPOk(text=orjson.dumps(answer).decode(), content_type="application/json")

    def _cut(self, answer: Mapping[str, object]) -> dict[str, object]:
        assert self.change is not None
        self.changed += 1
        return self.change({**answer, "hits": {**entries(answer, "hits"), "hits": []}})

    async def _told(self, request: web.Request) -> object:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                URL(self.url).join(request.rel_url),
                data=await request.read(),
                headers={"Content-Type": request.headers["Content-Type"]},
            ) as answer,
        ):
            return orjson.loads(await answer.read())


@asynccontextmanager
async def partial(folder: Path) -> AsyncIterator[tuple[Partial, Api]]:
    """Serve from a cluster through what changes its answers."""
    async with cluster_place(folder) as url:
        await fill(folder, documents(), "opensearch")
        between = Partial(url)
        async with passing(url, between.before) as by:

            def readers(_: Readers) -> Readers:
                return OpenSearchReaders(Cluster((by,)), prefix=prefix_of(folder), clock=HandClock().clock)

            async with serving(folder, engine_name="opensearch", readers=readers) as api:
                assert (await api.get("/v1/images?limit=1")).status == 200
                yield between, api


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(one_shard_failed, 503, id="a shard failed"),
        pytest.param(out_of_time, 504, id="it ran out of time"),
    ],
)
async def test_case_33_what_is_not_whole_is_no_answer(tmp_path: Path, change: Change, status: int) -> None:
    async with partial(tmp_path) as (between, api):
        page = (await api.get("/v1/images?limit=1&platform=Ubuntu")).json
        between.change = change
        for path in (
            "/v1/images?q=debian",
            "/v1/images?limit=0&facets=platform,firmware",
            "/v1/facets?platform=CentOS",
            "/v1/images?limit=3&pivot=platform,firmware&histograms=min_disk",
            f"/v1/images?limit=1&platform=Ubuntu&cursor={page['next']}",
            f"/v1/images/{page['images'][0]['id']}",
            f"/v1/images/{page['images'][0]['id']}/raw",
        ):
            before = between.changed
            problem(await api.get(path), status)
            assert between.changed > before, path
        problem(await api.post({"q": "centos", "facets": ["platform"]}), status)
        between.change = None
        assert (await api.get("/v1/images?q=debian")).status == 200

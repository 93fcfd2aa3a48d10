"""Which servers the engine works on, and what the others are told."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engines.base import EngineUnavailable
from engines.opensearch.client import Client, Cluster
from engines.opensearch.version import check_version


def opensearch(number: object) -> dict[str, object]:
    return {"version": {"distribution": "opensearch", "number": number}}


async def asked(answer: object) -> str:
    async def root(_: web.Request) -> web.Response:
        return web.json_response(answer)

    app = web.Application()
    app.router.add_get("/", root)
    async with TestServer(app) as server:
        client = Client(Cluster((str(server.make_url("")),)))
        try:
            return await check_version(client)
        finally:
            await client.close()


@pytest.mark.parametrize("number", ["2.19.0", "2.19.1", "3.0.0", "3.8.0", "3.10.2", "3.0.0-beta1"])
async def test_these_will_do(number: str) -> None:
    assert await asked(opensearch(number)) == number


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(opensearch("2.18.0"), ["OpenSearch 2.18.0", "2.19 or 3.x"], id="too old"),
        pytest.param(opensearch("1.3.20"), ["OpenSearch 1.3.20", "2.19 or 3.x"], id="much too old"),
        pytest.param(opensearch("4.0.0"), ["OpenSearch 4.0.0", "2.19 or 3.x", "older"], id="too new"),
        pytest.param(
            {"version": {"number": "8.15.0"}, "tagline": "You Know, for Search"},
            ["Elasticsearch 8.15.0", "2.19 or 3.x", "distribution"],
            id="Elasticsearch",
        ),
        pytest.param(
            {"version": {"number": "7.10.2"}}, ["override_main_response_version"], id="one that pretends"
        ),
        pytest.param({}, ["no OpenSearch", "2.19 or 3.x"], id="something else"),
        pytest.param([1], ["no OpenSearch"], id="a list"),
        pytest.param(opensearch(3), ["no OpenSearch"], id="a number that is no text"),
        pytest.param(opensearch("three"), ["no OpenSearch"], id="a version that is none"),
    ],
)
async def test_others_are_told_what_is_needed(answer: object, words: list[str]) -> None:
    with pytest.raises(EngineUnavailable) as raised:
        await asked(answer)
    for word in words:
        assert word in str(raised.value)


async def test_a_server_that_has_nothing_at_its_root_is_no_opensearch() -> None:
    async with TestServer(web.Application()) as server:
        client = Client(Cluster((f"{server.make_url('/search')}",)))
        with pytest.raises(EngineUnavailable, match=r"/search is no OpenSearch: .* HTTP 404.* 2\.19 or 3\.x"):
            await check_version(client)
        await client.close()

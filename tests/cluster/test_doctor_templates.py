"""The doctor finds templates that would spoil a generation, and what it says to do about them helps."""

import secrets
from collections.abc import AsyncIterator, Mapping

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engines.base import GenerationRejected
from engines.generation import Generation
from engines.opensearch.client import Refused, quoted
from engines.opensearch.creation import create_index
from engines.opensearch.meta import Meta
from ims_catalog.check import Check, Verdict
from ims_catalog.opensearch_doctor import checks_of_cluster
from ims_catalog.sections.engine import Engine
from mappings.schema import SCHEMA
from tests.cluster.conftest import Place
from tests.contract.engine import START

CODEC = {"settings": {"index.codec": "best_compression"}}


class Templates:
    """Templates of a test, all of one prefix; `PLACE-*` is what they are for if they say nothing else."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.made: list[str] = []

    async def put(self, kind: str, body: Mapping[str, object], name: str | None = None) -> str:
        name = name or f"{self.place.names.prefix}-{secrets.token_hex(3)}"
        pattern = {} if kind == "_component_template" else {"index_patterns": [self.place.names.all]}
        await self.place.client.request("PUT", quoted(kind, name), body=orjson.dumps({**pattern, **body}))
        self.made.insert(0, quoted(kind, name))
        return name


@pytest.fixture
async def templates(place: Place) -> AsyncIterator[Templates]:
    made = Templates(place)
    yield made
    for path in made.made:
        await place.client.request("DELETE", path)


async def looked(place: Place, name: str, url: str | None = None) -> Check:
    engine = Engine(kind="opensearch", url=url or place.url, prefix=place.names.prefix)
    return {check.name: check async for check in checks_of_cluster(engine)}[name]


async def generation_made(place: Place) -> None:
    name = Generation(place.names.prefix, SCHEMA, 3, START, "5f2c9a").name
    await create_index(place.client, Meta("0" * 32, name, SCHEMA), shards=1)
    await place.client.request("DELETE", quoted(name))


async def test_a_cluster_without_templates_is_fine(place: Place) -> None:
    assert (await looked(place, "templates")).verdict is Verdict.FINE
    await generation_made(place)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("_template", CODEC, id="legacy, a setting"),
        pytest.param("_template", {"aliases": {"all-images": {}}}, id="legacy, an alias"),
        pytest.param(
            "_template", {"mappings": {"properties": {"a": {"type": "long"}}}}, id="legacy, a mapping"
        ),
        pytest.param("_index_template", {"template": CODEC}, id="composable"),
        pytest.param("_index_template", {"priority": 70, "data_stream": {}}, id="data streams"),
    ],
)
async def test_what_would_spoil_a_generation_is_named_and_the_remedy_works(
    place: Place, templates: Templates, kind: str, body: Mapping[str, object]
) -> None:
    name = await templates.put(kind, body)
    with pytest.raises(GenerationRejected):
        await generation_made(place)
    check = await looked(place, "templates")
    assert (check.verdict, name in check.found) == (Verdict.WRONG, True)
    assert check.todo is not None
    path, _, shield = check.todo.partition("PUT _index_template/")[2].partition(" ")
    await templates.put("_index_template", orjson.loads(shield), path)
    check = await looked(place, "templates")
    assert (check.verdict, path in check.found) == (Verdict.FINE, True)
    await generation_made(place)


async def test_a_component_is_named_with_the_template_that_uses_it(
    place: Place, templates: Templates
) -> None:
    component = await templates.put("_component_template", {"template": CODEC})
    name = await templates.put("_index_template", {"composed_of": [component]})
    check = await looked(place, "templates")
    assert check.verdict is Verdict.WRONG
    assert all(said in check.found for said in (name, component, "index.codec", place.names.all))


async def test_a_template_that_sets_only_what_a_generation_sets_itself_is_fine(
    place: Place, templates: Templates
) -> None:
    name = await templates.put("_template", {"settings": {"index.number_of_replicas": 3}})
    check = await looked(place, "templates")
    assert (check.verdict, name in check.found) == (Verdict.FINE, True)
    await generation_made(place)


async def test_a_template_for_the_ledger_alone_is_told(place: Place, templates: Templates) -> None:
    patterns = {"index_patterns": [f"{place.names.prefix}-run*"]}
    name = await templates.put("_template", {**CODEC, **patterns})
    check = await looked(place, "templates")
    assert (check.verdict, name in check.found) == (Verdict.DOUBTFUL, True)


async def test_a_cluster_without_state_management_is_fine(place: Place) -> None:
    check = await looked(place, "policies")
    assert (check.verdict, "no index state management" in check.found) == (Verdict.FINE, True)


@pytest.mark.parametrize(
    ("status", "patterns", "verdict"),
    [
        pytest.param(200, "t*", Verdict.DOUBTFUL, id="for ours"),
        pytest.param(200, "logs-*", Verdict.FINE, id="for others"),
        pytest.param(403, "t*", Verdict.UNSEEN, id="may not be seen"),
    ],
)
async def test_lifecycle_policies(place: Place, status: int, patterns: str, verdict: Verdict) -> None:
    """The node of the tests has no such plugin: it is answered for, in the form of its API reference."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/_plugins/_ism/policies":
            policy = {"ism_template": [{"index_patterns": [patterns], "priority": 1}], "states": []}
            return web.json_response(
                {"policies": [{"_id": "old-ones-away", "policy": policy}], "total_policies": 1}, status=status
            )
        try:
            found = await place.client.request("GET", request.path, params=dict(request.query))
        except Refused as error:
            return web.json_response({"error": {"type": error.kind, "reason": ""}}, status=error.status)
        return web.json_response(found)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    async with TestServer(application) as server:
        check = await looked(place, "policies", str(server.make_url("")))
    assert (check.verdict, "old-ones-away" in check.found) == (verdict, verdict is Verdict.DOUBTFUL)

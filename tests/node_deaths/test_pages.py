"""Pages of a question whose node starts anew, or whose generation is deleted, between one and the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer

from engines.base import Companions
from engines.generation import Generation
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.writer import open_writer
from mappings.document import store
from mappings.schema import SCHEMA
from search_api.app import application
from tests.api.asking import CURSOR_KEY, Api
from tests.api.test_api_errors import problem
from tests.contract.catalogue import image
from tests.contract.engine import START, HandClock, expected
from tests.opensearch.direct import ask
from tests.opensearch.several import Nodes

pytestmark = pytest.mark.timeout(900)

PREFIX = "pages"


async def publish(nodes: Nodes, hand: HandClock, term: int, *names: str) -> str:
    documents = [image(name, status="active", listed=True) for name in names]
    writer = await open_writer(Cluster(nodes.urls), prefix=PREFIX, clock=hand.clock, replicas=0)
    try:
        name = Generation(PREFIX, SCHEMA, term, START, f"{term:06x}").name
        build = await writer.begin(name, await writer.served())
        await build.add([store(document) for document in documents])
        await build.seal(Companions())
        await build.verify(expected(documents))
        await build.publish()
        return name
    finally:
        await writer.close()


@asynccontextmanager
async def serving(nodes: Nodes, hand: HandClock) -> AsyncIterator[Api]:
    cluster = Cluster(nodes.urls)
    app = application(
        readers=OpenSearchReaders(cluster, prefix=PREFIX, clock=hand.clock),
        ledger=OpenSearchLedger(Client(cluster), Names(PREFIX)),
        clock=hand.clock,
        cursor_key=CURSOR_KEY,
    )
    async with TestClient(TestServer(app)) as client:
        yield Api(client, hand)


async def test_case_34_a_node_that_starts_anew_costs_no_cursor_and_a_deleted_generation_is_told(
    single_node: Nodes,
) -> None:
    await asyncio.to_thread(single_node.revive)
    await asyncio.to_thread(single_node.settle)
    hand = HandClock()
    first = await publish(single_node, hand, 1, "a", "b", "c", "d")
    async with serving(single_node, hand) as api:
        page = await api.get("/v1/images?limit=1")
        assert page.ids == ["a"]
        second = f"/v1/images?limit=1&cursor={page.json['next']}"

        (name,) = single_node.pids
        single_node.kill(name)
        problem(await api.get(second), 503)
        await asyncio.to_thread(single_node.revive)
        await asyncio.to_thread(single_node.settle)
        page = await api.get(second)
        assert page.ids == ["b"], "it was told by the generation's name, which the node kept"
        third = f"/v1/images?limit=1&cursor={page.json['next']}"

        await publish(single_node, hand, 2, "x")
        await asyncio.to_thread(ask, f"{single_node.url}/{first}", "DELETE")
        told = await api.get(third)
        problem(told, 410)
        assert told.json["type"] == "urn:ims-catalog:problem:generation-gone"
        assert (await api.get("/v1/images")).ids == ["x"]

"""A cluster that makes an index of any name that documents are sent to, as OpenSearch does by default."""

import secrets
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest

from engines.base import Companions, EngineUnavailable, Superseded
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.installation import installation
from engines.opensearch.lease import take_lease
from engines.opensearch.names import Names
from mappings.document import store
from tests.cluster.conftest import Place
from tests.cluster.test_loading_faults import named, whole, writing
from tests.cluster.test_publishing_in_doubt import indices, ready
from tests.contract.catalogue import image
from tests.contract.engine import HandClock, expected
from tests.opensearch.node import Node, running


@pytest.fixture(scope="module")
def willing_node() -> Iterator[Node]:
    with running({"action.auto_create_index": True}) as node:
        yield node


@pytest.fixture
async def willing(willing_node: Node) -> AsyncIterator[Place]:
    names = Names(f"t{secrets.token_hex(5)}")
    client = Client(Cluster((willing_node.url,)))
    try:
        yield Place(willing_node.url, names, client)
    finally:
        await client.close()


async def written_to(place: Place, index: str) -> None:
    """Send a document to an index that is not there."""
    path = quoted(index, "_doc", "a")
    await place.client.request("PUT", path, body=orjson.dumps({"name": "a"}))


async def test_an_index_that_came_again_is_not_sealed(willing: Place) -> None:
    async with writing(willing) as writer:
        build = await writer.begin(named(willing), None)
        await willing.client.request("DELETE", quoted(build.generation))
        await build.add([store(image("a"))])
        with pytest.raises(EngineUnavailable, match=f"{build.generation} was deleted while it was being"):
            await build.seal(Companions())
        assert build.generation in await indices(willing), "the node made none: this test shows nothing"
        await build.discard()
        assert build.generation not in await indices(willing)


async def test_an_index_that_came_again_is_not_verified(willing: Place) -> None:
    async with writing(willing) as writer:
        build = await ready(writer, named(willing))
        await willing.client.request("DELETE", quoted(build.generation))
        await written_to(willing, build.generation)
        with pytest.raises(EngineUnavailable, match="was deleted while it was being built"):
            await build.verify(expected([image("a")]))
        await build.discard()


async def test_what_a_killed_build_made_by_writing_goes_with_the_next(willing: Place) -> None:
    """Only what this installation is known to have begun: others may look alike."""
    left, unknown = named(willing, 1, "aaaaaa"), named(willing, 1, "dddddd")
    neighbours = {f"{willing.names.prefix}-notes", named(willing, 1, "bbbbbb").replace("-", "-other-", 1)}
    async with writing(willing) as writer:
        await writer.begin(left, None)
    await willing.client.request("DELETE", quoted(left))
    for index in (left, unknown, *neighbours):
        await written_to(willing, index)
    async with writing(willing) as writer:
        await whole([image("a")], writer, named(willing, 2, "cccccc"))
    there = await indices(willing)
    assert left not in there
    assert {unknown, *neighbours} <= there


async def test_a_lease_whose_index_was_deleted_does_not_come_again(willing: Place) -> None:
    await installation(willing.client, willing.names, create=True)
    lease = await take_lease(willing.client, willing.names, HandClock().clock, "first")
    await willing.client.request("DELETE", quoted(willing.names.lease))
    with pytest.raises(Superseded, match=f"{willing.names.lease} was deleted"):
        await lease.check()
    await lease.release()
    assert await indices(willing) == set()

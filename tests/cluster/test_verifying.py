"""What is compared before a publish, and what is known by its installation."""

import orjson
import pytest

from engines.base import Companions, GenerationGone, GenerationRejected
from engines.opensearch.client import quoted
from engines.opensearch.entry import document_id, entry
from engines.opensearch.reply import entries, part
from mappings.document import store
from tests.cluster.conftest import Place
from tests.cluster.test_loading_faults import named, whole, writing
from tests.cluster.test_publishing_in_doubt import indices
from tests.contract.catalogue import image
from tests.contract.engine import expected

ADDED = image("a")
OTHER_BODY = entry(store(image("a", name="b")))
OTHER_RAW = entry(store(ADDED)).replace(rb"{\"id\": \"a\"}", rb"{\"id\": \"b\"}")
OTHER_SCOPES = orjson.dumps({**orjson.loads(entry(store(ADDED))), "scopes": ["prod/cn-north-4/other"]})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param(OTHER_BODY, "is not what was added", id="another body"),
        pytest.param(OTHER_RAW, "is not what was added", id="another record"),
        pytest.param(OTHER_SCOPES, "0 documents of scope prod/cn-north-4/gold", id="other scopes indexed"),
    ],
)
async def test_an_index_that_holds_something_else_is_rejected(place: Place, source: bytes, said: str) -> None:
    assert source != entry(store(ADDED))
    async with writing(place) as writer:
        build = await writer.begin(named(place), None)
        await build.add([store(ADDED)])
        await build._bulk.finish()
        path = quoted(build.generation, "_doc", document_id(ADDED.key))
        await place.client.request("PUT", path, body=source)
        await build.seal(Companions())
        with pytest.raises(GenerationRejected, match=said):
            await build.verify(expected([ADDED]))
        await build.discard()


async def test_a_generation_of_another_installation_is_neither_read_nor_deleted(place: Place) -> None:
    async with writing(place) as writer:
        served, unfinished = named(place, 1), named(place, 2, "aaaaaa")
        await whole([ADDED], writer, served)
        await writer.begin(unfinished, served)
        for index in (served, unfinished):
            await belongs_to_another(place, index)
    async with writing(place) as writer:
        with pytest.raises(GenerationGone):
            [_ async for _ in writer.documents(served)]
        await place.client.request("POST", "/_aliases", body=moved_back(place, served))
        build = await writer.begin(named(place, 2, "bbbbbb"), None)
        await build.discard()
    assert {served, unfinished} <= await indices(place)


def moved_back(place: Place, served: str) -> bytes:
    alias = place.names.served
    off, on = ({"index": index, "alias": alias} for index in (served, place.names.lease))
    return orjson.dumps({"actions": [{"remove": off}, {"add": on}]})


async def belongs_to_another(place: Place, index: str) -> None:
    path = quoted(index, "_mapping")
    meta = part(await place.client.request("GET", path), index, "mappings", "_meta")
    body = {"_meta": {**entries(meta), "installation": "0" * 32}}
    await place.client.request("PUT", path, body=orjson.dumps(body))


@pytest.mark.parametrize("image_id", ["x" * 600, "授" * 200], ids=["of many letters", "of many bytes"])
async def test_a_document_whose_key_is_longer_than_an_id_may_be(place: Place, image_id: str) -> None:
    document = image(image_id)
    async with writing(place) as writer:
        await whole([document], writer, named(place))
        pages = [page async for page in writer.documents(named(place))]
    assert pages == [[store(document)]]

"""The generation being served goes away under those who ask: who named none gets the one that is there."""

from pathlib import Path

import orjson
import pytest

from engines.opensearch.client import Client, Cluster, quoted
from mappings.document import Document
from tests.api.asking import fill, serving
from tests.contract.catalogue import image
from tests.contract.engine import engine_in, prefix_of, publish_once
from tests.opensearch.shared import shared_url


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/images?q=b", None, id="a search"),
        pytest.param("/v1/images/search", {"q": "b"}, id="a search by body"),
        pytest.param("/v1/facets?q=b", None, id="counts"),
        pytest.param("/v1/images/b", None, id="by id"),
        pytest.param("/v1/images/b/raw", None, id="a raw record"),
    ],
)
async def test_case_34_a_question_moves_on_to_the_generation_that_is_there(
    tmp_path: Path, path: str, body: object
) -> None:
    with engine_in("opensearch", tmp_path) as engine:
        first = await fill(tmp_path, [shown("a"), shown("c")], "opensearch")
        async with serving(tmp_path, engine_name="opensearch") as api:
            page = await api.get("/v1/images", {"limit": "1"})
            assert page.json["catalog"]["generation"] == first
            engine.term = 1
            second = await publish_once(engine, [shown("b")])
            await delete(first)
            told = await (api.get(path) if body is None else api.post(body, path=path))
            assert told.status == 200
            assert b'"b"' in told.body
            if not path.endswith("raw"):
                assert told.json["catalog"]["generation"] == second
            cursor = await api.get("/v1/images", {"limit": "1", "cursor": page.json["next"]})
            assert cursor.status == 410


async def test_nothing_left_is_no_empty_answer(tmp_path: Path) -> None:
    with engine_in("opensearch", tmp_path):
        only = await fill(tmp_path, [shown("a")], "opensearch")
        async with serving(tmp_path, engine_name="opensearch") as api:
            assert (await api.get("/v1/images")).ids == ["a"]
            await delete(only)
            told = await api.get("/v1/images?q=a")
            assert told.status == 503
            assert orjson.loads(told.body)["status"] == 503
            assert prefix_of(tmp_path) not in told.body.decode()


async def test_a_catalogue_that_was_closed_is_not_gone(tmp_path: Path) -> None:
    with engine_in("opensearch", tmp_path):
        only = await fill(tmp_path, [shown("a"), shown("b")], "opensearch")
        async with serving(tmp_path, engine_name="opensearch") as api:
            page = await api.get("/v1/images", {"limit": "1"})
            await send("POST", quoted(only, "_close"))
            for path in ("/v1/images?q=a", "/v1/facets?q=a", "/v1/images/a"):
                assert (await api.get(path)).status == 503
            behind = {"limit": "1", "cursor": page.json["next"]}
            assert (await api.get("/v1/images", behind)).status == 503
            api.hand.move(2)
            assert (await api.get("/readyz")).json["status"] == "degraded"
            await send("POST", quoted(only, "_open"), wait_for_active_shards="1")
            assert (await api.get("/v1/images", behind)).ids == ["b"]
            for _ in range(1000):
                api.hand.move(2)
                if (await api.get("/readyz")).json["status"] == "ready":
                    break
            assert (await api.get("/readyz")).json["status"] == "ready"


async def test_case_34_a_cursor_into_a_kept_generation_that_was_closed_is_told_so(tmp_path: Path) -> None:
    with engine_in("opensearch", tmp_path) as engine:
        first = await fill(tmp_path, [shown("a"), shown("b")], "opensearch")
        async with serving(tmp_path, engine_name="opensearch") as api:
            page = await api.get("/v1/images", {"limit": "1"})
            engine.term = 1
            second = await publish_once(engine, [shown("c")])
            for _ in range(1000):
                api.hand.move(2)
                if (await api.get("/readyz")).json["generation"] == second:
                    break
            await send("POST", quoted(first, "_close"))
            assert (await api.get("/v1/images", {"limit": "1", "cursor": page.json["next"]})).status == 410
            assert (await api.get("/v1/images")).ids == ["c"]


def shown(image_id: str) -> Document:
    """An image that the default filters let through."""
    return image(image_id, status="active", listed=True)


async def delete(index: str) -> None:
    await send("DELETE", quoted(index))


async def send(method: str, path: str, **params: str) -> None:
    client = Client(Cluster((shared_url(),)))
    await client.request(method, path, params=params)
    await client.close()

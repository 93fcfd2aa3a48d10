"""Several searches in one request: answered in their order, whole or not at all."""

import pytest

from engines.base import GenerationGone
from engines.opensearch.client import Refused, quoted
from engines.opensearch.reply import whole
from engines.opensearch.response import Body
from engines.opensearch.searches import searches
from tests.cluster.conftest import Place

ALL: Body = {"query": {"match_all": {}}, "size": 0}
NONE: Body = {"query": {"match_none": {}}, "size": 0}
WRONG: Body = {"query": {"no such query": {}}}


async def made(place: Place) -> str:
    index = f"{place.names.prefix}-some"
    await place.client.request("PUT", quoted(index))
    await place.client.request("POST", quoted(index, "_bulk"), body=b'{"index":{"_id":"1"}}\n{}\n')
    await place.client.request("POST", quoted(index, "_refresh"))
    return index


@pytest.mark.parametrize(
    ("bodies", "totals"),
    [([ALL], [1]), ([ALL, NONE, ALL], [1, 0, 1])],
    ids=["one alone", "several in their order"],
)
async def test_searches_are_answered_in_their_order(
    place: Place, bodies: list[Body], totals: list[int]
) -> None:
    found = await searches(place.client, await made(place), bodies)
    assert [whole(reply, "hits", "total", "value") for reply in found] == totals


@pytest.mark.parametrize("bodies", [[WRONG], [ALL, WRONG]], ids=["alone", "beside another"])
async def test_one_that_is_refused_says_why(place: Place, bodies: list[Body]) -> None:
    with pytest.raises(Refused, match="was refused: HTTP 400"):
        await searches(place.client, await made(place), bodies)


@pytest.mark.parametrize("bodies", [[ALL], [ALL, ALL]], ids=["one", "several"])
async def test_an_index_that_is_gone_is_said_to_be(place: Place, bodies: list[Body]) -> None:
    with pytest.raises(GenerationGone):
        await searches(place.client, f"{place.names.prefix}-gone", bodies)

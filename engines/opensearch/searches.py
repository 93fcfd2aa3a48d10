"""`searches`: several searches of one generation in one request, answered whole or not at all."""

from collections.abc import Mapping, Sequence

import orjson

from engines.base import EngineUnavailable
from engines.opensearch.client import Client, quoted
from engines.opensearch.reply import entries, items, part
from engines.opensearch.response import Body
from engines.opensearch.stored import check_whole, search


async def searches(
    client: Client, index: str, bodies: Sequence[Body], seconds: float | None = None
) -> Sequence[Mapping[str, object]]:
    """Give the answers to searches, in their order. Raises as `search` does for one alone."""
    if len(bodies) == 1:
        return [await search(client, index, bodies[0], seconds)]
    reply = await client.request("POST", quoted(index, "_msearch"), body=lines(bodies), seconds=seconds)
    found = items(reply, "responses")
    if len(found) != len(bodies):
        raise EngineUnavailable(f"OpenSearch answered {len(found)} of {len(bodies)} searches")
    return [
        await _answered(client, index, body, each, seconds) for body, each in zip(bodies, found, strict=True)
    ]


def lines(bodies: Sequence[Body]) -> bytes:
    """Write searches as `_msearch` takes them."""
    return b"".join(b"%b\n%b\n" % (_WHOLE, orjson.dumps(body)) for body in bodies)


_WHOLE = orjson.dumps({"allow_partial_search_results": False})


async def _answered(
    client: Client, index: str, body: Body, reply: object, seconds: float | None
) -> Mapping[str, object]:
    """Give an answer; what failed is asked alone, and answers or says why as any search does."""
    if part(reply, "error") is not None:
        return await search(client, index, body, seconds)
    check_whole(index, reply)
    return entries(reply)

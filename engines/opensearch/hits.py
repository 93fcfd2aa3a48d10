"""Hits of an index of the ledger, and what is written to it or deleted from it in one request."""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from engines.base import EngineUnavailable
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.reply import entries, items, part, whole


async def hits(client: Client, index: str, body: Mapping[str, object]) -> Sequence[object]:
    """Give hits, none where there is no index. Raises EngineUnavailable for a part of an answer."""
    asked = {"track_total_hits": False, **body}
    try:
        reply = await client.request("POST", quoted(index, "_search"), body=orjson.dumps(asked))
    except Refused as error:
        if error.status == 404:
            return ()
        raise
    if whole(reply, "_shards", "failed") or part(reply, "timed_out") is not False:
        raise EngineUnavailable(f"the index {index} did not answer whole")
    return items(reply, "hits", "hits")


async def count(client: Client, index: str, query: object) -> int:
    """Give how many documents there are, 0 where there is no index."""
    body = {"size": 0, "track_total_hits": True, "query": query}
    try:
        reply = await client.request("POST", quoted(index, "_search"), body=orjson.dumps(body))
    except Refused as error:
        if error.status == 404:
            return 0
        raise
    if whole(reply, "_shards", "failed") or part(reply, "timed_out") is not False:
        raise EngineUnavailable(f"the index {index} did not answer whole")
    return whole(reply, "hits", "total", "value")


async def write(client: Client, index: str, documents: Iterable[tuple[str, Mapping[str, object]]]) -> None:
    """Write documents by their ids; all are seen when it returns. Raises EngineUnavailable for a refusal."""
    await _bulk(
        client,
        index,
        b"".join(
            orjson.dumps({"index": {"_id": name}}) + b"\n" + orjson.dumps(document) + b"\n"
            for name, document in documents
        ),
    )


async def delete(client: Client, index: str, names: Iterable[str]) -> None:
    """Delete documents by their ids; what is not there is gone already, also where there is no index."""
    body = b"".join(orjson.dumps({"delete": {"_id": name}}) + b"\n" for name in names)
    await _bulk(client, index, body, unless="index_not_found_exception")


async def _bulk(client: Client, index: str, body: bytes, *, unless: str | None = None) -> None:
    if not body:
        return
    reply = await client.request("POST", quoted(index, "_bulk"), body=body, params={"refresh": "true"})
    if part(reply, "errors") is False:
        return
    done = [part(item, action) for item in items(reply, "items") for action in entries(item)]
    kinds = {part(each, "error", "type") for each in done} - {None}
    if not kinds or kinds != {unless}:
        raise EngineUnavailable(f"some documents of {index} were not taken")

"""Hits of an index of the ledger, and what is written to it or deleted from it in one request."""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from engines.base import EngineUnavailable
from engines.clock import system_clock
from engines.opensearch.client import Busy, Client, Refused, block_said, quoted
from engines.opensearch.reply import entries, items, part, whole
from engines.opensearch.retry import Patience, Retries


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
    lines = [
        orjson.dumps({"index": {"_id": name}}) + b"\n" + orjson.dumps(document) + b"\n"
        for name, document in documents
    ]
    await _bulk(client, index, lines)


async def delete(client: Client, index: str, names: Iterable[str]) -> None:
    """Delete documents by their ids; what is not there is gone already, also where there is no index."""
    lines = [orjson.dumps({"delete": {"_id": name}}) + b"\n" for name in names]
    await _bulk(client, index, lines, unless="index_not_found_exception")


async def _bulk(client: Client, index: str, lines: Sequence[bytes], *, unless: str | None = None) -> None:
    """Send lines again that the cluster had no room for, half as many together: each bears its id."""
    retries = Retries(system_clock(), _PATIENCE)
    done, together = 0, len(lines)
    while done < len(lines):
        sent = lines[done : done + together]
        try:
            await _sent(client, index, b"".join(sent), unless)
        except Busy as error:
            together = max(1, len(sent) // 2)
            await retries.pause(error)
        else:
            done += len(sent)
            retries = Retries(system_clock(), _PATIENCE)


_PATIENCE = Patience(attempts=8, seconds=60.0, longest=4.0)


async def _sent(client: Client, index: str, body: bytes, unless: str | None) -> None:
    reply = await client.request("POST", quoted(index, "_bulk"), body=body, params={"refresh": "true"})
    if part(reply, "errors") is False:
        return
    done = [part(item, action) for item in items(reply, "items") for action in entries(item)]
    if any(part(each, "status") in {429, 503} and not _blocked(each) for each in done):
        raise Busy(f"{index}: the cluster has no room for some of {len(done)} documents")
    kinds = {part(each, "error", "type") for each in done} - {None}
    if not kinds or kinds != {unless}:
        raise EngineUnavailable(f"some documents of {index} were not taken")


def _blocked(result: object) -> bool:
    """Tell whether waiting helps nothing, as the index takes no documents."""
    status, kind = part(result, "status"), str(part(result, "error", "type"))
    return block_said(status, kind, str(part(result, "error", "reason"))) is not None

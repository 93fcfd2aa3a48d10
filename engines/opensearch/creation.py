"""`create_index`: a new index that is exactly what was generated, and what is done to it once it is full."""

from collections.abc import Iterator, Mapping

import orjson

from engines.base import EngineUnavailable, GenerationRejected
from engines.clock import Clock
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.meta import Meta
from engines.opensearch.reply import part, text, whole
from mappings.opensearch import index_body

REPLICA_SECONDS = 120.0
"""Copies are waited for so long, if none comes nearer to being there."""

_LOOK_SECONDS = 0.5


async def create_index(client: Client, meta: Meta, *, shards: int) -> str:
    """Create the index of a generation, read it back, and give its uuid.

    Raises GenerationRejected where the cluster made something else of it, which is deleted again, or where it
    refuses the index.
    """
    index = meta.generation
    wanted = index_body(shards=shards, meta=meta.as_json())
    try:
        await client.request("PUT", quoted(index), body=orjson.dumps(wanted))
    except Refused as error:
        raise GenerationRejected(
            f"OpenSearch does not make the index {index}: {error.kind}: {error.reason}"
        ) from None
    found = part(await client.request("GET", quoted(index)), index)
    made = {name: part(found, name) for name in ("settings", "mappings", "aliases")}
    differences = sorted(_differences({**wanted, "aliases": {}}, made))
    if differences:
        await delete_index(client, index)
        raise GenerationRejected(
            f"the cluster changes the index {index} as it is made, by a template it seems:"
            f" {'; '.join(differences[:5])}. Keep templates away from this prefix"
        )
    return text(made, "settings", "index", "uuid")


async def create_for_good(client: Client, index: str, body: Mapping[str, object]) -> None:
    """Create an index that is written to as long as the installation lives, and wait for its copy.

    What was taken before the copy is there would be lost with its node. A cluster that makes none in a while
    goes on without. Raises Refused.
    """
    waiting = {"wait_for_active_shards": "all", "timeout": f"{int(500 * client.cluster.timeout)}ms"}
    await client.request("PUT", quoted(index), body=orjson.dumps(body), params=waiting)


async def check_same(client: Client, index: str, uuid: str) -> None:
    """Make sure that an index is the one that was created.

    Many clusters make an index of any name that documents are sent to: what was deleted is there again then,
    with mappings of the cluster's own. Raises EngineUnavailable.
    """
    try:
        found = await client.request("GET", quoted(index))
    except Refused as error:
        if error.status != 404:
            raise
        found = {}
    if part(found, index, "settings", "index", "uuid") != uuid:
        raise EngineUnavailable(f"{index} was deleted while it was being built")


async def delete_index(client: Client, index: str) -> None:
    """Delete an index; does nothing where there is none."""
    try:
        await client.request("DELETE", quoted(index))
    except Refused as error:
        if error.status != 404:
            raise


async def write_meta(client: Client, meta: Meta) -> None:
    """Write anew what the mapping says of a generation."""
    body = orjson.dumps({"_meta": meta.as_json()})
    await client.request("PUT", quoted(meta.generation, "_mapping"), body=body)


async def block_writes(client: Client, index: str) -> None:
    """Let an index take no more documents. Raises EngineUnavailable if some shard might."""
    reply = await client.request("PUT", quoted(index, "_block", "write"))
    if part(reply, "shards_acknowledged") is not True:
        raise EngineUnavailable(f"not every shard of {index} has confirmed that it takes no more documents")


async def refresh(client: Client, index: str, seconds: float) -> None:
    """Make what was added visible to searches."""
    reply = await client.request("POST", quoted(index, "_refresh"), seconds=seconds)
    if whole(reply, "_shards", "failed"):
        raise EngineUnavailable(f"not every shard of {index} shows what was added")


async def replicate(client: Client, index: str, replicas: int | None, clock: Clock) -> None:
    """Give an index its copies and wait until all are there; None stands for one if there is another node.

    An index is created without. Raises GenerationRejected if they do not come.
    """
    if replicas == 0:
        return
    wanted: Mapping[str, object] = (
        {"auto_expand_replicas": "0-1"}
        if replicas is None
        else {"auto_expand_replicas": "false", "number_of_replicas": replicas}
    )
    await client.request("PUT", quoted(index, "_settings"), body=orjson.dumps({"index": wanted}))
    active, until = -1, clock.monotonic() + REPLICA_SECONDS
    while True:
        health = await client.request("GET", quoted("_cluster", "health", index))
        if text(health, "status") == "green":
            return
        now = whole(health, "active_shards")
        if now > active:
            active, until = now, clock.monotonic() + REPLICA_SECONDS
        if clock.monotonic() >= until:
            missing = whole(health, "unassigned_shards") + whole(health, "initializing_shards")
            raise GenerationRejected(
                f"{missing} copies of {index} are not there after {REPLICA_SECONDS:g} s: the cluster has"
                f" {whole(health, 'number_of_data_nodes')} nodes with data. Ask for fewer with"
                " engine.replicas, or see why it does not allocate them (_cluster/allocation/explain)"
            )
        await clock.sleep(_LOOK_SECONDS)


_OF_THE_NODE = {
    "settings.index.creation_date",
    "settings.index.provided_name",
    "settings.index.replication.type",
    "settings.index.uuid",
    "settings.index.version.created",
}
"""What a node adds of itself to the settings of every index."""


def _differences(wanted: object, made: object, path: str = "") -> Iterator[str]:
    """Say at which paths two JSON values differ."""
    if path in _OF_THE_NODE or wanted == made:
        return
    keys = {str(key) for value in (wanted, made) if isinstance(value, dict) for key in value}
    if keys and all(isinstance(value, dict | None) for value in (wanted, made)):
        for key in keys:
            place = f"{path}.{key}" if path else key
            yield from _differences(part(wanted, key), part(made, key), place)
    elif made is None:
        yield f"{path} is missing"
    else:
        yield f"{path} is {orjson.dumps(made).decode()[:80]}"

"""`clone_index`: a generation that begins as a clone of the one served, where that is less work than anew.

A clone shares the files of its source. What is written to it lies beside them, and what is removed stays in
them as deleted until the cluster merges: so not for ever clones of clones, and none of what is much deleted.
It keeps the version of the cluster that made its source, which a later major version no longer reads.
"""

import logging
from collections.abc import Iterator

import orjson

from engines.opensearch.client import Client, Forbidden, Refused, quoted
from engines.opensearch.creation import delete_index, write_meta
from engines.opensearch.meta import Meta
from engines.opensearch.reply import part, text, whole
from mappings.opensearch import index_body
from mappings.schema import SCHEMA

DEEPEST = 20
"""A generation is cloned that is fewer clones away from one that was built whole."""

DELETED = 0.2
"""A generation is cloned of whose documents less than this share is deleted."""

CLONE_SECONDS = 30.0
"""A clone is there within so long, or is given up."""

_LOG = logging.getLogger(__name__)


async def clone_index(client: Client, source: Meta, meta: Meta, *, shards: int, version: str) -> str | None:
    """Make the index of a generation from that of another, ready to be written to, and give its uuid.

    `version` is that of the cluster, `shards` the number that an index is to have. None where the source is
    not fit to be cloned, or the cluster does not do so. Raises EngineUnavailable and EngineTimeout.
    """
    try:
        why = await unfit(client, source, shards=shards, version=version)
        if why is None:
            return await _cloned(client, source, meta)
    except Refused as error:
        why = f"the cluster does not clone it: {error.kind}"
    except Forbidden as error:
        why = str(error)
    _LOG.info("%s is not cloned but built whole: %s", source.generation, why)
    return None


async def unfit(client: Client, source: Meta, *, shards: int, version: str) -> str | None:
    """Say why a generation is not to be cloned, None if it is."""
    index = source.generation
    if source.schema != SCHEMA or source.clones is None:
        return "another version wrote it"
    if source.clones >= DEEPEST:
        return f"it is {source.clones} clones away from one that was built whole"
    found = part(await client.request("GET", quoted(index), params={"human": "true"}), index)
    for why in _settings_unfit(found, shards, version):
        return why
    health = text(await client.request("GET", quoted("_cluster", "health", index)), "status")
    if health != "green":
        return f"its health is {health}"
    docs = part(await client.request("GET", quoted(index, "_stats", "docs")), "_all", "primaries", "docs")
    count, deleted = whole(docs, "count"), whole(docs, "deleted")
    if deleted >= DELETED * (count + deleted):
        return f"{deleted} of its {count + deleted} documents are deleted"
    return None


def _settings_unfit(found: object, shards: int, version: str) -> Iterator[str]:
    wanted = index_body(shards=shards)
    settings, mappings = part(found, "settings", "index"), part(found, "mappings")
    has = text(settings, "number_of_shards")
    if has != str(shards):
        yield f"it has {has} shards, {shards} are wanted"
    made = text(settings, "version", "created_string")
    if made.split(".")[0] != version.split(".", maxsplit=1)[0]:
        yield f"OpenSearch {made} made it, and the cluster is {version}"
    if part(settings, "blocks", "write") != "true":
        yield "its write block was taken off"
    for name in ("dynamic", "_source", "properties"):
        if part(mappings, name) != wanted["mappings"][name]:
            yield "its mapping is another"
    if part(settings, "analysis") != part(wanted, "settings", "index", "analysis"):
        yield "its analysis is another"


async def _cloned(client: Client, source: Meta, meta: Meta) -> str | None:
    """Clone, and let the clone say what it is; the block and the copies of the source are not its own."""
    index = meta.generation
    settings = {
        "index.blocks.write": False,
        "index.number_of_replicas": 0,
        "index.auto_expand_replicas": "false",
        "index.refresh_interval": "-1",
        "index.hidden": True,
    }
    reply = await client.request(
        "PUT",
        quoted(source.generation, "_clone", index),
        body=orjson.dumps({"settings": settings}),
        params={"cluster_manager_timeout": f"{CLONE_SECONDS:g}s", "timeout": f"{CLONE_SECONDS:g}s"},
        seconds=2 * CLONE_SECONDS + 5,
    )
    if part(reply, "shards_acknowledged") is not True:
        await delete_index(client, index)
        _LOG.info("%s is built whole: its clone was not there after %g s", index, CLONE_SECONDS)
        return None
    await write_meta(client, meta)
    found = await client.request("GET", quoted(index))
    return text(found, index, "settings", "index", "uuid")

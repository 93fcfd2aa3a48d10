"""`installation`: the id that keeps two installations on one cluster apart, and where it is kept.

It stands in the mapping of the lease index, which is made once, together with the alias of what is served: so
the first publish too moves an alias from one index to another, and can be lost to nobody.
"""

import re
import secrets
from collections.abc import Mapping

import orjson

from engines.base import DamagedGeneration, ForeignGeneration
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.names import Names
from engines.opensearch.reply import entries, part

FORMAT = 1
"""Goes up when what is kept beside the generations changes."""

LEASE_MAPPINGS: Mapping[str, object] = {
    "dynamic": "strict",
    "properties": {
        "holder": {"type": "keyword", "ignore_above": 1024},
        "token": {"type": "keyword"},
        "since": {"type": "date"},
        "renewed": {"type": "date"},
        "beat": {"type": "long"},
    },
}


async def installation(client: Client, names: Names, *, create: bool) -> str | None:
    """Give the id of the installation with this prefix, None where there is none yet.

    With `create` a missing one is made; of several makers one wins, and all get its id. Raises
    ForeignGeneration where the lease index is not one that an installation made, or a newer version did.
    """
    found = await _read(client, names)
    if found is not None or not create:
        return found
    served = await _of_what_is_served(client, names)
    body = _body(names, served or secrets.token_hex(16), alias=served is None)
    try:
        await client.request("PUT", quoted(names.lease), body=orjson.dumps(body))
    except Refused as error:
        if error.kind != "resource_already_exists_exception":
            raise
    return await _read(client, names)


async def _read(client: Client, names: Names) -> str | None:
    try:
        reply = await client.request("GET", quoted(names.lease, "_mapping"))
    except Refused as error:
        if error.status == 404:
            return None
        raise
    meta = part(entries(reply).get(names.lease), "mappings", "_meta")
    form, found = part(meta, "format"), part(meta, "installation")
    if isinstance(form, int) and form > FORMAT:
        raise ForeignGeneration(
            f"the index {names.lease} has format {form}; this version knows up to {FORMAT}"
        )
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise ForeignGeneration(
            f"the index {names.lease} was not made by ims-catalog: delete it if nobody needs it, or set"
            " another engine.prefix"
        )
    return found


async def _of_what_is_served(client: Client, names: Names) -> str | None:
    """Give the installation of what the alias names although the lease index is gone, None without alias.

    The lease index is made again then, but the alias stays where it is.
    """
    try:
        reply = entries(await client.request("GET", quoted(names.served, "_mapping")))
    except Refused as error:
        if error.status == 404:
            return None
        raise
    found = {str(part(entry, "mappings", "_meta", "installation")) for entry in reply.values()}
    if len(found) != 1 or not _ID.fullmatch(next(iter(found))):
        raise DamagedGeneration(
            f"the alias {names.served} names {', '.join(sorted(reply))}, which ims-catalog did not make:"
            " remove that alias, or set another engine.prefix"
        )
    return found.pop()


def _body(names: Names, identity: str, *, alias: bool) -> dict[str, object]:
    meta = {"installation": identity, "format": FORMAT}
    body: dict[str, object] = {
        "settings": {"index": {"hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"_meta": meta, **LEASE_MAPPINGS},
    }
    return {**body, "aliases": {names.served: {"is_hidden": True}}} if alias else body


_ID = re.compile(r"[0-9a-f]{32}")

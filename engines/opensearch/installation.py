"""`installation`: the id that keeps two installations on one cluster apart, and where it is kept.

It stands in the mapping of the lease index, which is made once, together with the alias of what is served: so
the first publish too moves an alias from one index to another, and can be lost to nobody.
"""

import secrets
from collections.abc import Iterable, Mapping

import orjson

from engines.base import DamagedGeneration, ForeignGeneration
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.creation import create_for_good
from engines.opensearch.names import IDENTITY, Names
from engines.opensearch.neighbours import neighbours, tangled
from engines.opensearch.reply import entries, part

FORMAT = 1
"""Goes up when what is kept beside the generations changes."""

LEASE_FIELDS: Mapping[str, object] = {
    "holder": {"type": "keyword", "ignore_above": 1024},
    "token": {"type": "keyword"},
    "since": {"type": "date"},
    "renewed": {"type": "date"},
    "beat": {"type": "long"},
    "run": {"type": "keyword", "ignore_above": 1024},
    "term": {"type": "long"},
    "begun": {"type": "keyword", "ignore_above": 1024},
}

LEASE_MAPPINGS: Mapping[str, object] = {"dynamic": "strict", "properties": LEASE_FIELDS}


async def installation(
    client: Client, names: Names, *, create: bool, seconds: float | None = None
) -> str | None:
    """Give the id of the installation with this prefix, None where there is none yet.

    With `create` a missing one is made; of several makers one wins, and all get its id. The look may take
    `seconds`, if not as long as any request.

    Raises ForeignGeneration where the lease index is not one that an installation made, or a newer version
    did, and where one is to be made among the names of another.
    """
    found = await _read(client, names, seconds)
    if found is not None and create:
        await _complete(client, names)
    if found is not None or not create:
        return found
    before = await _of_what_is_served(client, names) or await _of_what_was_published(client, names)
    if before is None and (said := tangled(names, await neighbours(client, names))) is not None:
        raise ForeignGeneration(said)
    body = _body(names, before or secrets.token_hex(16), alias=before is None)
    try:
        await create_for_good(client, names.lease, body)
    except Refused as error:
        if error.kind != "resource_already_exists_exception":
            raise
    return await _read(client, names)


async def _read(client: Client, names: Names, seconds: float | None = None) -> str | None:
    try:
        reply = await client.request("GET", quoted(names.lease, "_mapping"), seconds=seconds)
    except Refused as error:
        if error.status != 404:
            raise
        await _check_started(client, names, seconds)
        return None
    meta = part(entries(reply).get(names.lease), "mappings", "_meta")
    form, found = part(meta, "format"), part(meta, "installation")
    if isinstance(form, int) and form > FORMAT:
        raise ForeignGeneration(
            f"the index {names.lease} has format {form}; this version knows up to {FORMAT}"
        )
    if not isinstance(found, str) or not IDENTITY.fullmatch(found):
        raise ForeignGeneration(
            f"the index {names.lease} was not made by ims-catalog: delete it if nobody needs it, or set"
            " another engine.prefix"
        )
    return found


async def _check_started(client: Client, names: Names, seconds: float | None) -> None:
    """Make sure that the cluster knows its indices.

    One that starts gives no mappings, as if there had never been any; only where a document is asked for it
    says that it cannot tell yet. Raises EngineUnavailable then.
    """
    try:
        await client.request("GET", quoted(names.lease, "_doc", "none"), seconds=seconds)
    except Refused as error:
        if error.status != 404:
            raise


async def _complete(client: Client, names: Names) -> None:
    """Add the fields that a lease index of an earlier version has not."""
    reply = await client.request("GET", quoted(names.lease, "_mapping"))
    present = part(entries(reply).get(names.lease), "mappings", "properties")
    present = present if isinstance(present, dict) else {}
    missing = {name: field for name, field in LEASE_FIELDS.items() if name not in present}
    if missing:
        body = orjson.dumps({"properties": missing})
        await client.request("PUT", quoted(names.lease, "_mapping"), body=body)


async def _of_what_is_served(client: Client, names: Names) -> str | None:
    """Give the installation of what the alias names although the lease index is gone, None without alias.

    The lease index is made again then, but the alias stays where it is.
    """
    found = await _ids(client, names.served)
    if not found:
        return None
    identity = _one(found.values())
    if identity is None:
        raise DamagedGeneration(
            f"the alias {names.served} names {', '.join(sorted(found))}, which ims-catalog did not make:"
            " remove that alias, or set another engine.prefix"
        )
    return identity


async def _of_what_was_published(client: Client, names: Names) -> str | None:
    """Give the installation of generations that are there although lease index and alias are gone.

    The lease index is made again then, but without the alias: which of them is served is lost, and nothing is
    to begin anew beside them.
    """
    found = await _ids(client, names.all, published=True)
    found = {index: identity for index, identity in found.items() if names.is_generation(index)}
    if not found:
        return None
    identity = _one(found.values())
    if identity is None:
        raise DamagedGeneration(
            f"the index {names.lease} is gone, and {', '.join(sorted(found))} are of several installations:"
            " delete those that nobody needs"
        )
    return identity


async def _ids(client: Client, name: str, *, published: bool = False) -> dict[str, object]:
    """Give the installation that each index of a name or pattern tells of, perhaps of published ones only."""
    try:
        reply = await client.request("GET", quoted(name, "_mapping"), params={"expand_wildcards": "all"})
    except Refused as error:
        if error.status == 404:
            return {}
        raise
    metas = {index: part(entry, "mappings", "_meta") for index, entry in entries(reply).items()}
    return {
        index: part(meta, "installation")
        for index, meta in metas.items()
        if not published or part(meta, "published") is not None
    }


def _one(found: Iterable[object]) -> str | None:
    """Give the id that all have in common, None if there is none."""
    identity, *others = {one if isinstance(one, str) else "" for one in found}
    return identity if not others and IDENTITY.fullmatch(identity) else None


def _body(names: Names, identity: str, *, alias: bool) -> dict[str, object]:
    meta = {"installation": identity, "format": FORMAT}
    body: dict[str, object] = {
        "settings": {"index": {"hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"_meta": meta, **LEASE_MAPPINGS},
    }
    return {**body, "aliases": {names.served: {"is_hidden": True}}} if alias else body

"""What the doctor sees of an OpenSearch cluster, with whatever rights the settings give it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from engines.base import EngineError
from engines.generation import Generation
from engines.opensearch.client import Client, Cluster, Refused, quoted
from engines.opensearch.installation import installation
from engines.opensearch.lease import LIVES_SECONDS, holding
from engines.opensearch.meta import read_meta
from engines.opensearch.names import Names
from engines.opensearch.neighbours import neighbours, tangled
from engines.opensearch.reply import entries, part, text, whole
from engines.opensearch.served import metas
from engines.opensearch.version import check_version
from ims_catalog.check import Check, doubtful, fine, unseen, wrong
from ims_catalog.opensearch import cluster
from ims_catalog.opensearch_templates import Template, policies_for, templates_for
from ims_catalog.sections.address import LOOPBACK
from ims_catalog.sections.engine import Engine
from mappings.opensearch import index_body
from mappings.schema import SCHEMA

_FULL_PERCENT = 85.0
"""The low watermark as OpenSearch has it by default: from there on a node gets no new shards."""


async def checks_of_cluster(engine: Engine) -> AsyncGenerator[Check, None]:
    """Look at one thing after the other. Raises ConfigurationError, and EngineError if nothing answers."""
    given = cluster(engine)
    client, names = Client(given), Names(engine.prefix)
    try:
        yield fine("engine", f"OpenSearch {await check_version(client)} answers at {engine.urls[0]}")
        yield await _way(engine, given)
        yield await _installation(client, names)
        for name, look in _LOOKS:
            try:
                yield await look(client, names)
            except EngineError as error:
                yield unseen(
                    name, f"this could not be looked at, which reindex and serve do not need: {error}"
                )
    finally:
        await client.close()


async def _way(engine: Engine, given: Cluster) -> Check:
    if engine.username is not None and await _answers_nobody(given):
        return doubtful(
            "way",
            f"the cluster asks for no password: whoever reaches it can do what {engine.username} can",
            "turn on its security plugin, or see to who reaches it",
        )
    who = "nobody" if engine.username is None else engine.username
    if all(url.startswith("https:") for url in engine.urls):
        if engine.username is None:
            return doubtful("way", "TLS, but no user name is set", "set username, password_env and roles")
        return fine("way", f"TLS, as {who}")
    if all(urlsplit(url).hostname in LOOPBACK for url in engine.urls):
        return fine("way", f"plain HTTP on this machine, as {who}")
    return doubtful("way", f"plain HTTP, as {who}: everyone on the way can read along", "use https")


async def _answers_nobody(given: Cluster) -> bool:
    """Tell whether the cluster answers who names no user."""
    client = Client(replace(given, username=None, password=None), connections=1)
    try:
        await check_version(client)
    except EngineError:
        return False
    finally:
        await client.close()
    return True


async def _installation(client: Client, names: Names) -> Check:
    try:
        found = await installation(client, names, create=False)
        said = tangled(names, await neighbours(client, names))
    except EngineError as error:
        return wrong("installation", str(error))
    if said is not None:
        return wrong("installation", said)
    if found is None:
        return doubtful("installation", f"there is none of {names.prefix} yet", "run ims-catalog reindex")
    return fine("installation", f"{names.prefix} is {found}")


async def _writing(client: Client, names: Names) -> Check:
    """Look for who has the right to write; its moment is that of the host that wrote it."""
    found = await holding(client, names)
    if found is None:
        return fine("writer", "nobody writes")
    renewed = "at an unknown time" if found.renewed is None else f"at {found.renewed:%Y-%m-%d %H:%M:%S} UTC"
    return fine(
        "writer",
        f"{found} has the right to write, and renewed it last {renewed}; not renewed for"
        f" {LIVES_SECONDS:g} s it is free",
    )


async def _builds(client: Client, names: Names) -> Check:
    """Look for generations that were never published."""
    found = await metas(client, names.all) or {}
    read = [read_meta(index, value) for index, value in found.items() if names.is_generation(index)]
    built = sorted(meta.generation for meta in read if meta is not None and meta.published is None)
    if built:
        return doubtful(
            "builds",
            f"not finished: {', '.join(built)}",
            "nothing, if a run is going on; else the next ims-catalog reindex removes what is left",
        )
    return fine("builds", "none is left unfinished")


async def _blocks(client: Client, names: Names) -> Check:
    """Look for the block that a cluster puts on indices when a disk is nearly full."""
    reply = entries(
        await client.request(
            "GET",
            quoted(names.all, "_settings", "index.blocks.read_only_allow_delete"),
            params={"expand_wildcards": "all", "flat_settings": "true"},
        )
    )
    blocked = sorted(
        index
        for index, found in _ours(names, reply).items()
        if part(found, "settings", "index.blocks.read_only_allow_delete") == "true"
    )
    if blocked:
        return wrong(
            "disk",
            f"the cluster has blocked {', '.join(blocked)}, as a disk of it is nearly full",
            "make room on its disks; the block then goes by itself",
        )
    return fine("disk", "no index is blocked for want of room")


async def _rooms(client: Client, names: Names) -> Check:
    """Look at the disks of the nodes."""
    del names
    nodes = entries(await client.request("GET", "/_nodes/stats/fs"), "nodes")
    full = [
        f"{text(node, 'name')} {_used(node):.0f} %" for node in nodes.values() if _used(node) > _FULL_PERCENT
    ]
    if full:
        return doubtful(
            "room", f"disks are nearly full: {', '.join(sorted(full))}", "make room on them, or add a node"
        )
    return fine("room", f"the disks of {len(nodes)} node{'' if len(nodes) == 1 else 's'} have room")


def _used(node: object) -> float:
    total = whole(node, "fs", "total", "total_in_bytes")
    return 100.0 * (1 - whole(node, "fs", "total", "available_in_bytes") / total) if total else 0.0


async def _copies(client: Client, names: Names) -> Check:
    """Look whether all shards and their copies are there."""
    reply = await client.request(
        "GET",
        quoted("_cluster", "health", names.all),
        params={"expand_wildcards": "all", "level": "indices", "timeout": "1s"},
    )
    indices = _ours(names, entries(reply, "indices"))
    red, yellow = _of(indices, "red"), _of(indices, "yellow")
    if red:
        return wrong(
            "copies", f"shards of {', '.join(red)} are lost for now", "bring back the nodes that had them"
        )
    if yellow:
        return doubtful(
            "copies",
            f"copies of {', '.join(yellow)} have no node",
            "add a node, or set replicas to fewer than there are nodes",
        )
    return fine("copies", f"all shards of {len(indices)} indices are there, with the copies they should have")


async def _templates(client: Client, names: Names) -> Check:
    """Look for templates of others that would change what is made under this prefix."""
    composable, components, legacy = [
        await client.request("GET", path, params={"flat_settings": "true"})
        for path in ("/_index_template", "/_component_template", "/_template")
    ]
    generation, *others = _new(names)
    found = templates_for(generation, composable, components, legacy)
    changing = [one for one in found if one.for_data_streams or not one.sets <= _SET_BY_US]
    if changing:
        said = "; ".join(f"{one} {_effect(one, _SET_BY_US)}" for one in changing)
        return wrong("templates", f"{said}: reindex makes no generation like that", _shield(names, changing))
    beside = [one for name in others for one in templates_for(name, composable, components, legacy)]
    changing = [one for one in dict.fromkeys(beside) if one.for_data_streams or not one.sets <= _SET_BESIDE]
    if changing:
        said = "; ".join(f"{one} {_effect(one, _SET_BESIDE)}" for one in changing)
        return doubtful("templates", f"{said} on the indices of lease and ledger", _shield(names, changing))
    if found:
        return fine("templates", f"{found[0]} changes nothing of a generation")
    return fine("templates", f"none of the cluster is for {names.all}")


def _shield(names: Names, changing: Sequence[Template]) -> str:
    """Say how to keep templates away: an empty composable one above all others has them do nothing."""
    shield = {"index_patterns": [names.all], "priority": max(one.priority for one in changing) + 1}
    return (
        f"take {names.all} out of their patterns, or put an empty one above them:"
        f" PUT _index_template/{names.prefix} {orjson.dumps(shield).decode()}"
    )


def _effect(template: Template, set_by_us: AbstractSet[str]) -> str:
    if template.for_data_streams:
        return "lets nothing but data streams be made"
    return f"sets {', '.join(sorted(template.sets - set_by_us))}"


async def _policies(client: Client, names: Names) -> Check:
    """Look for lifecycle policies whose patterns are for this prefix, where the cluster has any."""
    try:
        reply = await client.request("GET", "/_plugins/_ism/policies", params={"size": "1000"})
    except Refused as error:
        if error.status in {400, 404}:
            return fine("policies", "the cluster has no index state management")
        raise
    found = policies_for(_new(names), reply)
    if found:
        said = ", ".join(f"{name} (for {pattern})" for name, pattern in sorted(found.items()))
        return doubtful(
            "policies",
            f"lifecycle policies are for indices like ours: {said}. They pass over hidden indices, as all of"
            " ours are, but can be attached by hand, and then delete or change what is served",
            f"take {names.all} out of their ism_template; POST _plugins/_ism/remove/INDEX detaches one",
        )
    return fine("policies", f"no lifecycle policy of the cluster is for {names.all}")


def _new(names: Names) -> tuple[str, ...]:
    """Give names of indices that are made under a prefix; those of all generations differ in digits only."""
    generation = Generation(names.prefix, SCHEMA, 1, datetime(2000, 1, 1, tzinfo=UTC), "000000").name
    return (generation, names.lease, names.runs, names.scopes, names.changes)


def _paths(settings: Mapping[str, object], above: str) -> frozenset[str]:
    """Give the paths of settings."""
    return frozenset().union(
        *(
            _paths(value, f"{above}.{key}") if isinstance(value, dict) else {f"{above}.{key}"}
            for key, value in settings.items()
        )
    )


_SET_BY_US = _paths(entries(index_body(shards=1), "settings", "index"), "index")
"""Settings that a generation is made with: no template changes them."""

_SET_BESIDE = frozenset(
    f"index.{name}" for name in ("hidden", "number_of_shards", "number_of_replicas", "auto_expand_replicas")
)
"""Likewise those of lease and ledger; how many copies there are follows from the last."""


def _ours(names: Names, found: Mapping[str, object]) -> Mapping[str, object]:
    """Leave out indices of installations whose prefix begins with ours: the pattern meets them too."""
    own = {names.lease, names.runs, names.scopes, names.changes}
    return {index: each for index, each in found.items() if index in own or names.is_generation(index)}


def _of(indices: Mapping[str, object], status: str) -> list[str]:
    return sorted(index for index, found in indices.items() if part(found, "status") == status)


_LOOKS = (
    ("writer", _writing),
    ("builds", _builds),
    ("disk", _blocks),
    ("room", _rooms),
    ("copies", _copies),
    ("templates", _templates),
    ("policies", _policies),
)

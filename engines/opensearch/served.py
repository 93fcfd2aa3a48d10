"""Which generation is served: the one that the alias is on."""

from engines.base import DamagedGeneration, ForeignGeneration, GenerationGone
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.installation import installation
from engines.opensearch.meta import Meta, read_meta
from engines.opensearch.names import Names
from engines.opensearch.reply import entries, part


async def served(client: Client, names: Names) -> Meta | None:
    """Give what is served, None before the first publish.

    Raises DamagedGeneration where the alias is gone or on several indices, and ForeignGeneration where it is
    on an index of another installation or of a newer version.
    """
    # The installation first: whoever makes it makes the alias in the same step.
    identity = await installation(client, names, create=False)
    found = await metas(client, names.served)
    if found is None:
        if identity is None:
            return None
        raise DamagedGeneration(
            f"the alias {names.served}, which names the generation being served, is gone: put it back on that"
            f" index, or delete the indices of {names.prefix} and run `ims-catalog reindex` to begin anew"
        )
    # It may have been made between the two looks.
    identity = identity or await installation(client, names, create=False)
    if len(found) != 1:
        raise DamagedGeneration(
            f"the alias {names.served} is on several indices: {', '.join(sorted(found))}; take it off all but"
            " the generation that is to be served"
        )
    ((index, value),) = found.items()
    if index == names.lease:
        return None
    return _ours(index, read_meta(index, value), names, identity)


async def kept(client: Client, names: Names, generation: str) -> Meta:
    """Give what a generation says of itself that is served, or was and is still kept.

    Raises GenerationGone, also for one that was never published.
    """
    gone = GenerationGone(f"{generation!r} is no longer kept")
    if not names.is_generation(generation):
        raise gone
    # The installation first: a cluster that starts and does not know its indices yet says so there.
    identity = await installation(client, names, create=False)
    found = await metas(client, generation)
    meta = None if found is None else read_meta(generation, found.get(generation))
    if meta is None or meta.published is None or meta.generation != generation:
        raise gone
    if meta.installation != identity:
        raise gone
    return meta


async def generations(client: Client, names: Names, identity: str) -> list[Meta]:
    """Give all generations of an installation, served or not, whole or not.

    An index that bears another name than its generation is a copy, which somebody made: it is none.
    """
    found = await metas(client, names.all) or {}
    read = {index: read_meta(index, value) for index, value in found.items() if names.is_generation(index)}
    return [
        meta
        for index, meta in read.items()
        if meta is not None and meta.installation == identity and meta.generation == index
    ]


async def metas(client: Client, name: str) -> dict[str, object] | None:
    """Give `_meta` of each index that a name or a pattern stands for; None where it stands for nothing."""
    try:
        reply = await client.request("GET", quoted(name, "_mapping"), params={"expand_wildcards": "all"})
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return {index: part(entry, "mappings", "_meta") for index, entry in entries(reply).items()}


def _ours(index: str, meta: Meta | None, names: Names, identity: str | None) -> Meta:
    if meta is None or meta.generation != index or not names.is_generation(index):
        raise ForeignGeneration(
            f"the alias {names.served} is on {index}, which is not a generation of {names.prefix}: move it"
            " back, or set another engine.prefix"
        )
    if meta.installation != identity:
        raise ForeignGeneration(
            f"{index}, which the alias {names.served} is on, was written by another installation: set another"
            " engine.prefix, or delete the indices of the one that is not wanted"
        )
    return meta

"""`sweep`: removes what builds have left that broke off. Only who has the right to write may do so.

What goes bears the name of a generation of this prefix and the id of this installation, and a term lower than
that of who sweeps: a writer that was stopped and goes on removes nothing of the one that took its place.
"""

import logging
from collections.abc import Collection

from engines.generation import term_of
from engines.opensearch.client import Client, Forbidden
from engines.opensearch.creation import delete_index
from engines.opensearch.fence import delete_unless_served
from engines.opensearch.meta import read_meta
from engines.opensearch.names import Names
from engines.opensearch.retire import never_served, unfinished
from engines.opensearch.served import generations, metas, served

_LOG = logging.getLogger(__name__)


async def sweep(
    client: Client,
    names: Names,
    identity: str,
    *,
    building: Collection[str],
    begun: Collection[str],
    below: int,
) -> None:
    """Remove unfinished generations of terms under `below`, those in `building` aside.

    `begun` are generations that this installation is known to have begun. Raises DamagedGeneration and
    ForeignGeneration where what is served cannot be told: then nothing goes.
    """
    present = await served(client, names)
    generation = None if present is None else present.generation
    ours = await generations(client, names, identity)
    for index in await _without_a_name(client, names, building, begun, below):
        await delete_index(client, index)
    for index in (*unfinished(ours, building, below), *never_served(ours, generation, building, below)):
        await _delete(client, names, index, generation or names.lease)


async def _without_a_name(
    client: Client, names: Names, building: Collection[str], begun: Collection[str], below: int
) -> list[str]:
    """Give indices that bear the name of a generation that was begun here, but do not say so themselves.

    A cluster makes those that say nothing of documents that are on their way to an index which somebody
    deletes. Those that say the name of another generation are clones of it whose making broke off.
    """
    found = await metas(client, names.all) or {}
    return [
        index
        for index, value in found.items()
        if names.is_generation(index)
        and index in begun
        and index not in building
        and term_of(index) < below
        and (value is None or _names_another(index, value))
    ]


def _names_another(index: str, value: object) -> bool:
    meta = read_meta(index, value)
    return meta is not None and meta.generation != index


async def _delete(client: Client, names: Names, index: str, present: str) -> None:
    """Delete an index that is not served, and was perhaps about to be."""
    try:
        await delete_unless_served(client, names, index, present)
    except Forbidden as error:
        # Before the first publish the alias is on the lease index, which not everybody may delete.
        _LOG.info("%s, which was never served, stays for now: %s", index, error)

"""`fence`: a generation that another run was about to publish is served now, or never will be.

The cluster may have been asked to serve it by a writer that ended before the answer came, or is asked at this
moment by one that stood still since it had the right to write. Where its index is gone nobody can serve it.
"""

import orjson

from engines.base import EngineUnavailable
from engines.clock import Clock
from engines.generation import term_of
from engines.opensearch.client import Client, Forbidden, Refused
from engines.opensearch.names import Names
from engines.opensearch.served import metas, served

ALIAS_SECONDS = 30.0
"""The cluster moves the alias within so long after it was asked to, or not at all."""

_TRIES = 10


async def fence(client: Client, names: Names, generation: str, clock: Clock) -> bool:
    """Tell whether a generation is served. One that is not is deleted first, so that the answer stays true.

    Raises EngineUnavailable and EngineTimeout where that cannot be made certain, and what `served` raises.
    """
    if not names.is_generation(generation):
        return False
    for _ in range(_TRIES):
        present = await served(client, names)
        if present is not None and present.generation == generation:
            return True
        if present is not None and term_of(present.generation) > term_of(generation):
            return False  # whoever asked for it did so on top of an earlier one
        if await metas(client, generation) is None:
            return False
        index = names.lease if present is None else present.generation
        try:
            await delete_unless_served(client, names, generation, index)
        except Forbidden:
            # Before the first publish the alias is on the lease index, which not everybody may delete. It
            # goes after that publish; until the cluster has given up what it was asked nobody can tell.
            await clock.sleep(ALIAS_SECONDS)
            present = await served(client, names)
            return present is not None and present.generation == generation
    raise EngineUnavailable(f"whether {generation} is served cannot be told: the alias moves all the time")


async def delete_unless_served(client: Client, names: Names, index: str, present: str) -> None:
    """Delete an index in one step with making sure that the alias is still on another, which is `present`.

    Nothing changes where it is not. Raises Forbidden where `present` may not be deleted by who asks.
    """
    off = {"index": present, "alias": names.served, "must_exist": True}
    on = {"index": present, "alias": names.served, "is_hidden": True}
    actions = [{"remove": off}, {"add": on}, {"remove_index": {"index": index}}]
    try:
        await client.request("POST", "/_aliases", body=orjson.dumps({"actions": actions}))
    except Refused as error:
        if error.status != 404:
            raise

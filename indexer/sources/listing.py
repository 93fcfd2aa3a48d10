"""How a cloud is listed, whatever API it speaks: the kind of the source chooses.

What the kinds have in common: `scopes` gives what has to be listed, `pages` the records of a scope, `image`
one record by its id, `flavors` the flavors of a region.
"""

from collections.abc import AsyncIterator, Collection

from clouds.payload import Record
from indexer.deadline import Deadline
from indexer.sources import glance, ims, nova
from indexer.sources.ims import Region
from mappings.scope import CloudKind, Scope


async def scopes(region: Region, known: Collection[str], deadline: Deadline) -> tuple[Scope, ...]:
    """Give what has to be listed in a region; `known` are the ids of the scopes of earlier runs.

    Raises Failure.
    """
    if _is_glance(region):
        return await glance.scopes(region, known, deadline)
    return ims.scopes(region)


def pages(
    region: Region, scope: Scope, deadline: Deadline, after: str | None = None
) -> AsyncIterator[tuple[Record, ...]]:
    """Give the records of a scope page by page, with `after` those behind the image with this id.

    Raises Failure, MarkerGone (also for `after`) or Endless.
    """
    chosen = glance.pages if _is_glance(region) else ims.pages
    return chosen(region, scope, deadline, after)


async def image(region: Region, scope: Scope, identifier: str, deadline: Deadline) -> Record | None:
    """Give the record of one image of a scope; None where there is none any more. Raises Failure."""
    chosen = glance.image if _is_glance(region) else ims.image
    return await chosen(region, scope, identifier, deadline)


async def flavors(region: Region, deadline: Deadline) -> tuple[Record, ...]:
    """Give the flavors of a region. Raises Failure or Endless."""
    chosen = nova.flavors if _is_glance(region) else ims.flavors
    return await chosen(region, deadline)


def _is_glance(region: Region) -> bool:
    return region.source.kind is CloudKind.GLANCE

"""`fetch_tables`: flavors and OS versions of each region, once a day, through the first account that may."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clouds.payload import Record
from indexer.companions import Fetched, Place, Table, fresh, of_the_cloud, served_of
from indexer.documented import documented_flavors
from indexer.means import Means
from indexer.sources.failure import Failure
from indexer.sources.ims import Endless, Region, os_versions
from indexer.sources.listing import flavors
from indexer.sources.source import FlavorsFrom, Source
from mappings.scope import CloudKind


@dataclass(frozen=True, slots=True)
class Reached:
    """A source, and those of its regions that can be asked, by name."""

    source: Source
    regions: Mapping[str, Region]


async def fetch_tables(means: Means, reached: Sequence[Reached]) -> tuple[Fetched, ...]:
    """Fetch what is not fresh; `reached` is in the order of the configuration. No failure raises.

    A table that is missing in the result stays as it is served.
    """
    async with asyncio.TaskGroup() as tasks:
        fetching = [
            tasks.create_task(_table(means, table, place, reached))
            for place in dict.fromkeys(_places(reached))
            for table in Table
        ]
    return tuple(one for task in fetching if (one := task.result()) is not None)


def _places(reached: Sequence[Reached]) -> Iterator[Place]:
    return (Place(one.source.cloud, region) for one in reached for region in one.source.regions)


async def _table(means: Means, table: Table, place: Place, reached: Sequence[Reached]) -> Fetched | None:
    there = [one for one in reached if one.source.cloud == place.cloud and place.region in one.source.regions]
    asked = [one for one in there if _asks(one.source, table)]
    if asked and fresh(means.known, table, place, means.clock.now(), means.limits.companions_every):
        return None
    fetched = await _first(means, table, place, [one.regions.get(place.region) for one in asked])
    served = served_of(means.known.companions, table, place)
    if fetched.reason is None or (asked and any(map(of_the_cloud, served))):
        return fetched
    # A run of some sources only does not know what the others want.
    if table is Table.FLAVORS and (means.only is None or not served):
        wanted = {one.source.flavors for one in there}
        if FlavorsFrom.DOCUMENTED in wanted:
            return Fetched(table, *place, documented_flavors())
        if wanted == {FlavorsFrom.NONE}:
            return Fetched(table, *place)
    return fetched if asked else None


def _asks(source: Source, table: Table) -> bool:
    if table is Table.OS_VERSIONS:
        return source.kind is CloudKind.IMS
    return source.flavors is FlavorsFrom.CLOUD and source.ecs_endpoint is not None


async def _first(means: Means, table: Table, place: Place, regions: Sequence[Region | None]) -> Fetched:
    reason = "the region cannot be reached"
    for region in regions:
        if region is None:
            continue
        deadline = means.deadline.within(means.limits.scope_deadline)
        try:
            records = await _FETCH[table](region, deadline)
        except (Failure, Endless) as error:
            reason = str(error)
        else:
            return Fetched(table, *place, records, fetched=True)
    return Fetched(table, *place, reason=reason)


_FETCH: Mapping[Table, Callable[..., Awaitable[tuple[Record, ...]]]] = {
    Table.FLAVORS: flavors,
    Table.OS_VERSIONS: os_versions,
}

"""The flavors of an OpenStack Nova, as the Elastic Cloud Server would tell them."""

from functools import partial

from clouds.endpoint import endpoint
from clouds.error import Meaning
from clouds.nova import (
    FLAVORS_PATH,
    as_of_ecs,
    extra_specs_path,
    flavor_parameters,
    parse_extra_specs,
    parse_flavors,
)
from clouds.payload import Record
from indexer.deadline import Deadline
from indexer.sources.failure import Failure
from indexer.sources.first_allowed import through_first
from indexer.sources.ims import Endless, Region

_PAGES = 100


async def flavors(region: Region, deadline: Deadline) -> tuple[Record, ...]:
    """Give the flavors of a region, through the first project that may ask. Raises Failure or Endless.

    Their extra specs are asked for one by one, and are not stated where the caller may not see them.
    """
    project, found = await _flavors(region, deadline)
    told = []
    may_ask = True
    for name, flavor in found.items():
        specs: Record | None = None
        if may_ask and "extra_specs" not in flavor:
            try:
                specs = await _extra_specs(region, project, name, deadline)
            except Failure as failure:
                if failure.meaning not in {Meaning.FORBIDDEN, Meaning.NOT_FOUND}:
                    raise
                may_ask = failure.meaning is Meaning.NOT_FOUND  # of one flavor that was deleted meanwhile
        told.append(as_of_ecs(flavor, specs))
    return tuple(told)


async def _flavors(region: Region, deadline: Deadline) -> tuple[str, dict[str, Record]]:
    projects = region.projects
    marker: str | None = None
    found: dict[str, Record] = {}
    for _ in range(_PAGES):
        asker, page = await through_first(projects, partial(_page, region, marker, deadline))
        fresh = {name: record for record in page if isinstance(name := record.get("id"), str)}
        if fresh.keys() <= found.keys():
            return asker, found
        found.update(fresh)
        projects, marker = (asker,), list(fresh)[-1]
    raise Endless(f"the flavors have more than {_PAGES} pages")


async def _page(region: Region, marker: str | None, deadline: Deadline, project: str) -> tuple[Record, ...]:
    return await region.account.ask(
        _address(region),
        FLAVORS_PATH,
        flavor_parameters(marker=marker),
        parse_flavors,
        project=project,
        deadline=deadline,
    )


async def _extra_specs(region: Region, project: str, flavor: str, deadline: Deadline) -> Record:
    return await region.account.ask(
        _address(region), extra_specs_path(flavor), (), parse_extra_specs, project=project, deadline=deadline
    )


def _address(region: Region) -> str:
    return endpoint(region.source.ecs_endpoint or "", region.name)

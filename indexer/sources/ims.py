"""How the Image Management Service is listed: scopes of a region, pages of a scope, flavors, OS versions.

Source: IMS API Reference, "Querying Images" (ims_03_0602): no total, no snapshot, perhaps no marker.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

from clouds.ecs import flavor_parameters, flavors_path, parse_flavors
from clouds.endpoint import endpoint
from clouds.error import Meaning
from clouds.ims import (
    IMAGES_PATH,
    Page,
    image_parameters,
    is_marker,
    list_parameters,
    parse_page,
)
from clouds.os_version import (
    OS_VERSION_TAGS,
    OS_VERSIONS_PATH,
    os_version_parameters,
    parse_os_versions,
    with_tags,
)
from clouds.payload import Record
from indexer.deadline import Deadline
from indexer.sources.account import Account
from indexer.sources.failure import Failure
from indexer.sources.first_allowed import through_first
from indexer.sources.glance_memory import GlanceMemory
from indexer.sources.source import Source
from mappings.scope import ImageType, Scope

_FLAVOR_PAGES = 100
_PUBLIC = (ImageType.GOLD, ImageType.MARKET)


class MarkerGone(Exception):
    """The image that a page was to start after has been deleted meanwhile."""


class Endless(Exception):
    """The pages of a listing do not come to an end; the text says how that showed."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a source, the ids of the projects crawled in it, and the way to ask it."""

    source: Source
    name: str
    projects: tuple[str, ...]
    account: Account
    memory: GlanceMemory = field(default_factory=GlanceMemory, repr=False, compare=False)

    @property
    def images_endpoint(self) -> str:
        """The address of the image service."""
        return endpoint(self.source.endpoint, self.name)


def scopes(region: Region) -> tuple[Scope, ...]:
    """Give what has to be listed in a region: public images once, private and shared ones per project."""
    source = region.source
    found = []
    for image_type in source.image_types:
        owners = (None,) if image_type in _PUBLIC else region.projects
        statuses = source.member_status if image_type is ImageType.SHARED else (None,)
        found += [
            Scope(source.name, source.cloud, source.kind, region.name, image_type, owner, status)
            for owner in owners
            for status in statuses
        ]
    return tuple(found)


async def pages(
    region: Region, scope: Scope, deadline: Deadline, after: str | None = None
) -> AsyncIterator[tuple[Record, ...]]:
    """Give the records of a scope, page by page, up to the empty page that ends it.

    With `after` only those behind the image with this id. Public images are listed through the first project
    that may. Raises Failure, MarkerGone (also for `after`) or Endless.
    """
    project, page = await through_first(
        _askers(region, scope), lambda project: _page(region, scope, project, after, deadline)
    )
    before: tuple[str, ...] = ()
    markers: set[str] = set() if after is None else {after}
    while page.images:
        yield page.images
        ids = _ids(page)
        if page.next_marker is None and _is_rest(ids, before):
            return
        if set(ids) <= set(before):
            raise Endless("a page brought no image that the page before it had not brought")
        marker = page.next_marker or next(filter(is_marker, reversed(ids)), None)
        if marker is None:
            raise Endless("a page holds no id that the next page could be asked for with")
        if marker in markers:
            raise Endless("a marker came back a second time")
        markers.add(marker)
        before = ids
        page = await _page(region, scope, project, marker, deadline)


async def image(region: Region, scope: Scope, identifier: str, deadline: Deadline) -> Record | None:
    """Give the record of one image as the project of a scope sees it, whether it is listed or not.

    None where the cloud says that there is none. Raises Failure.
    """
    try:
        _, page = await through_first(
            _askers(region, scope), lambda project: _one(region, identifier, project, deadline)
        )
    except Failure as failure:
        if failure.meaning is Meaning.GONE:
            return None
        raise
    if not page.images:
        return None
    for record in page.images:
        if _id(record) == identifier:
            return record
    raise Failure("unusable answer: asked for one image by its id, it tells of others", Meaning.OTHER)


async def flavors(region: Region, deadline: Deadline) -> tuple[Record, ...]:
    """Give the ECS flavors of a region, through the first project that may ask. Raises Failure or Endless."""
    address = endpoint(region.source.ecs_endpoint or "", region.name)
    projects = region.projects
    marker: str | None = None
    found: dict[str, Record] = {}
    for _ in range(_FLAVOR_PAGES):
        ask = partial(_flavors, region, address, marker, deadline)
        project, page = await through_first(projects, ask)
        fresh = {name: record for record in page if isinstance(name := record.get("id"), str)}
        # Some editions ignore limit and marker and send the whole list again.
        if fresh.keys() <= found.keys():
            return tuple(found.values())
        found.update(fresh)
        projects, marker = (project,), list(fresh)[-1]
    raise Endless(f"the flavors have more than {_FLAVOR_PAGES} pages")


async def os_versions(region: Region, deadline: Deadline) -> tuple[Record, ...]:
    """Give the table of operating systems of a region, through the first project that may ask.

    Each entry has the `tags` that it is told with. Raises Failure.
    """
    project, table = await through_first(
        region.projects, lambda project: _os_versions(region, None, deadline, project)
    )
    by_tag = {tag: await _tagged(region, tag, deadline, project) for tag in OS_VERSION_TAGS}
    return with_tags(table, by_tag)


def _askers(region: Region, scope: Scope) -> tuple[str, ...]:
    return region.projects if scope.project is None else (scope.project,)


async def _page(region: Region, scope: Scope, project: str, marker: str | None, deadline: Deadline) -> Page:
    parameters = list_parameters(
        scope.image_type.value,
        project=project,
        member_status=scope.member_status or "accepted",
        enterprise_project_id=region.source.enterprise_project_id,
        marker=marker,
    )
    try:
        return await region.account.ask(
            region.images_endpoint, IMAGES_PATH, parameters, parse_page, project=project, deadline=deadline
        )
    except Failure as failure:
        if marker is not None and failure.meaning is Meaning.GONE:
            raise MarkerGone from None
        raise


async def _one(region: Region, identifier: str, project: str, deadline: Deadline) -> Page:
    return await region.account.ask(
        region.images_endpoint,
        IMAGES_PATH,
        image_parameters(identifier, enterprise_project_id=region.source.enterprise_project_id),
        parse_page,
        project=project,
        deadline=deadline,
    )


async def _tagged(region: Region, tag: str, deadline: Deadline, project: str) -> tuple[Record, ...] | None:
    try:
        return await _os_versions(region, tag, deadline, project)
    except Failure as failure:
        if failure.meaning is Meaning.MALFORMED:
            return None
        raise


async def _os_versions(
    region: Region, tag: str | None, deadline: Deadline, project: str
) -> tuple[Record, ...]:
    return await region.account.ask(
        region.images_endpoint,
        OS_VERSIONS_PATH,
        os_version_parameters(tag),
        parse_os_versions,
        project=project,
        deadline=deadline,
    )


async def _flavors(
    region: Region, address: str, marker: str | None, deadline: Deadline, project: str
) -> tuple[Record, ...]:
    return await region.account.ask(
        address,
        flavors_path(project),
        flavor_parameters(marker=marker),
        parse_flavors,
        project=project,
        deadline=deadline,
    )


def _ids(page: Page) -> tuple[str, ...]:
    return tuple(name for record in page.images if (name := _id(record)))


def _is_rest(ids: tuple[str, ...], before: tuple[str, ...]) -> bool:
    """Tell whether a page is what stood at the end of the page before it, behind the last usable id.

    Ids that cannot be sent are listed again by the page that follows. If that page brings only them, and the
    page before had room for more, then nothing is behind them.
    """
    return 0 < len(ids) < len(before) and ids == before[-len(ids) :] and not any(map(is_marker, ids))


def _id(record: Record) -> str:
    name = record.get("id")
    return str(name) if isinstance(name, str | int) and not isinstance(name, bool) else ""

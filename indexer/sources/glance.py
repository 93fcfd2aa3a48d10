"""How an OpenStack Glance is listed: scopes of a region, pages of a scope, one image by its id.

A project lists what it owns and what was shared with it; public images, and community ones where the settings
ask for them, are listed once. An image is of one scope for its owner: what is public is not listed as own.
Who is a member of an image is told by its owner, so that members that are not crawled themselves see it too.

An administrator lists for all projects of the cloud. What it sees is then granted to those who own it and to
their members, and nothing to the administrator's own project beyond that.

Source: OpenStack Image API v2, "List images": what a caller sees by default is what it owns, public images
and shared ones that it accepted; hidden images only where they are asked for, and offers by their status.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from clouds.endpoint import endpoint
from clouds.error import Meaning
from clouds.glance import (
    IMAGES_PATH,
    Member,
    image_path,
    list_parameters,
    members_path,
    parse_image,
    parse_images,
    parse_members,
)
from clouds.identity import PROJECTS_PATH, parse_projects
from clouds.ims import is_marker
from clouds.payload import Record
from indexer.deadline import Deadline
from indexer.sources.failure import Failure
from indexer.sources.first_allowed import through_first
from indexer.sources.glance_memory import Offers, Walked, in_pages
from indexer.sources.ims import Endless, MarkerGone, Region
from mappings.scope import ImageType, Scope

PUBLIC, COMMUNITY, SHARED, ALL = "public", "community", "shared", "all"
_TOLD = "told-"
"""Begins the member status of a scope that holds what owners tell of a project that is not crawled itself."""

_NOT_ALL_KNOWN = "the members of some images are not known"
"""All that a member is told: whose images these are, and what failed there, is not theirs to read."""

_PAGE = 500
_IDS = 4_096

_log = logging.getLogger(__name__)


async def scopes(region: Region, known: Collection[str], deadline: Deadline) -> tuple[Scope, ...]:
    """Give what has to be listed in a region; `known` are the ids of the scopes of earlier runs.

    Asks whom the owners' images were offered to. Raises Failure if an administrator may not see the projects.
    """
    source = region.source
    projects = await _all_projects(region, deadline) if source.all_projects else region.projects
    parts = [part for one in known if (part := _parts(region, one)) is not None]
    if source.all_projects:
        # Images outlive their project: what was listed is listed on.
        projects = tuple(dict.fromkeys((*projects, *sorted({project for project, _, _ in parts}))))
    found = [
        _scope(region, kind) for kind in (ImageType.GOLD, ImageType.MARKET) if kind in source.image_types
    ]
    if ImageType.PRIVATE in source.image_types:
        found += [_scope(region, ImageType.PRIVATE, project) for project in projects]
    if ImageType.SHARED in source.image_types:
        region.memory.offers = await _offers(region, deadline)
        found += [
            _scope(region, ImageType.SHARED, project, status)
            for project in projects
            for status in source.member_status
        ]
        found += _told(region, projects, parts)
    return tuple(found)


async def pages(
    region: Region, scope: Scope, deadline: Deadline, after: str | None = None
) -> AsyncIterator[tuple[Record, ...]]:
    """Give the records of a scope, page by page; a page may be empty here and not be the last one.

    With `after`, an id that was given before, it goes on behind that image. Raises Failure, MarkerGone (also
    for `after`) or Endless.
    """
    if _by_owners(region, scope):
        offers = region.memory.offers
        status = (scope.member_status or "").removeprefix(_TOLD)
        if _is_told(region, scope, status):
            for page in in_pages(offers.images.get((scope.project or "", status), {}), _PAGE):
                yield page
            if offers.hindrances:
                raise Failure(_NOT_ALL_KNOWN, Meaning.OTHER)
        return
    walks = _walks(region, scope)
    walked = region.memory.walked[scope.id]
    if after is None:
        walked.place = 0
    for place in range(walked.place, len(walks)):
        begin = after if place == walked.place and after in walked.ids else None
        if begin is None:
            walked.place, walked.ids = place, set()
        async for page in _walk(region, walks[place], walked, begin, deadline):
            yield tuple(record for record in page if _is_of(region, scope, record))


async def image(region: Region, scope: Scope, identifier: str, deadline: Deadline) -> Record | None:
    """Give the record of one image of a scope, whether it is listed or not.

    None where the cloud says that there is none, or that it is of another scope by now. Raises Failure.
    """
    askers = _askers(region, scope)
    try:
        _, record = await through_first(
            askers,
            lambda project: region.account.ask(
                region.images_endpoint,
                image_path(identifier),
                (),
                parse_image,
                project=project,
                deadline=deadline,
            ),
        )
    except Failure as failure:
        if failure.meaning in {Meaning.NOT_FOUND, Meaning.GONE}:
            return None
        raise
    if record.get("id") != identifier:
        raise Failure("unusable answer: asked for one image by its id, it tells of another", Meaning.OTHER)
    return record if _is_of(region, scope, record) else None


@dataclass(frozen=True, slots=True)
class _Walk:
    """One list from its begin to its end: through the first of `askers` that may."""

    askers: tuple[str, ...]
    visibility: str | None = None
    owner: str | None = None
    member_status: str | None = None
    hidden: bool = False


def _walks(region: Region, scope: Scope) -> tuple[_Walk, ...]:
    askers = _askers(region, scope)
    hidden = (False, True) if region.source.hidden else (False,)
    match scope.image_type:
        case ImageType.GOLD:
            return tuple(_Walk(askers, PUBLIC, hidden=one) for one in hidden)
        case ImageType.MARKET:
            return tuple(_Walk(askers, COMMUNITY, hidden=one) for one in hidden)
        case ImageType.PRIVATE:
            # All in one list: an image whose visibility changes in the meantime is still in it.
            return tuple(_Walk(askers, ALL, scope.project, hidden=one) for one in hidden)
        case ImageType.SHARED:
            status = scope.member_status
            return tuple(_Walk(askers, SHARED, member_status=status, hidden=one) for one in hidden)


def _is_of(region: Region, scope: Scope, record: Record) -> bool:
    """Tell whether an image is of this scope and no other: lists hold more than what they were asked for."""
    visibility, owner = record.get("visibility"), record.get("owner")
    match scope.image_type:
        case ImageType.GOLD:
            return visibility not in {COMMUNITY, SHARED, "private"}
        case ImageType.MARKET:
            return visibility == COMMUNITY
        case ImageType.PRIVATE:
            listed_for_all = {PUBLIC, COMMUNITY} if region.source.community else {PUBLIC}
            return visibility not in listed_for_all and owner == scope.project
        case ImageType.SHARED:
            return visibility == SHARED and owner != scope.project


async def _walk(
    region: Region, walk: _Walk, walked: Walked | None, after: str | None, deadline: Deadline
) -> AsyncIterator[tuple[Record, ...]]:
    """Give the pages of a list up to the empty one; `walked` remembers the last ids."""
    asker, page = await through_first(
        walk.askers, lambda project: _page(region, walk, project, after, deadline)
    )
    before: frozenset[str] = frozenset()
    markers = {after}
    while page:
        ids = [name for record in page if isinstance(name := record.get("id"), str)]
        if walked is not None:
            if len(walked.ids) > _IDS:
                walked.ids = set(before)
            walked.ids.update(ids)
        yield page
        marker = next(filter(is_marker, reversed(ids)), None)
        if marker is None:
            raise Endless("a page holds no id that the next page could be asked for with")
        if before.issuperset(ids):
            raise Endless("a page brought no image that the page before it had not brought")
        if marker in markers:
            raise Endless("a marker came back a second time")
        markers.add(marker)
        before = frozenset(ids)
        page = await _page(region, walk, asker, marker, deadline)


async def _page(
    region: Region, walk: _Walk, project: str, marker: str | None, deadline: Deadline
) -> tuple[Record, ...]:
    parameters = list_parameters(
        visibility=walk.visibility,
        owner=walk.owner,
        member_status=walk.member_status,
        hidden=walk.hidden,
        marker=marker,
    )
    try:
        return await region.account.ask(
            region.images_endpoint, IMAGES_PATH, parameters, parse_images, project=project, deadline=deadline
        )
    except Failure as failure:
        # A marker that another project made private is forbidden, not unknown.
        if marker is not None and failure.meaning in {Meaning.GONE, Meaning.NOT_FOUND, Meaning.FORBIDDEN}:
            raise MarkerGone from None
        raise


def _askers(region: Region, scope: Scope) -> tuple[str, ...]:
    if region.source.all_projects:
        return (region.memory.administrator,)
    return region.projects if scope.project is None else (scope.project,)


async def _all_projects(region: Region, deadline: Deadline) -> tuple[str, ...]:
    address = endpoint(region.source.identity_endpoint, region.name)
    try:
        region.memory.administrator, found = await through_first(
            region.projects,
            lambda project: region.account.ask(
                address, PROJECTS_PATH, (), parse_projects, project=project, deadline=deadline
            ),
        )
    except Failure as failure:
        raise Failure(
            f"all_projects is set, but the list of projects cannot be had: {failure}", failure.meaning
        ) from None
    return tuple(project.id for project in found)


async def _offers(region: Region, deadline: Deadline) -> Offers:
    """Ask the owners, or the administrator, who the members of each shared image are."""
    offers = Offers()
    hidden = (False, True) if region.source.hidden else (False,)
    if region.source.all_projects:
        walks = [_Walk((region.memory.administrator,), SHARED, hidden=one) for one in hidden]
    else:
        walks = [_Walk((owner,), SHARED, owner, hidden=one) for owner in region.projects for one in hidden]
    await asyncio.gather(*(_offers_of(region, walk, offers, deadline) for walk in walks))
    for hindrance in offers.hindrances:
        _log.warning("%s/%s: %s", region.source.name, region.name, hindrance)
    return offers


async def _offers_of(region: Region, walk: _Walk, offers: Offers, deadline: Deadline) -> None:
    whose = "the members of shared images" if walk.owner is None else f"the members of images of {walk.owner}"
    try:
        async for page in _walk(region, walk, None, None, deadline):
            for record in page:
                if walk.owner is not None and record.get("owner") != walk.owner:
                    continue
                name = str(record.get("id"))
                for member in await _members(region, walk, name, deadline):
                    if member.project != record.get("owner"):
                        offers.images[member.project, member.status][name] = record
    except MarkerGone:
        offers.hindrances.append(f"{whose} are not all known: images were deleted while they were listed")
    except (Failure, Endless) as error:
        offers.hindrances.append(f"{whose} are not all known: {error}")


async def _members(region: Region, walk: _Walk, name: str, deadline: Deadline) -> tuple[Member, ...]:
    try:
        _, members = await through_first(
            walk.askers,
            lambda project: region.account.ask(
                region.images_endpoint,
                members_path(name),
                (),
                parse_members,
                project=project,
                deadline=deadline,
            ),
        )
    except Failure as failure:
        if failure.meaning is Meaning.NOT_FOUND:  # deleted, or no longer shared
            return ()
        raise
    return members


def _told(
    region: Region, projects: Collection[str], parts: Collection[tuple[str, ImageType, str | None]]
) -> list[Scope]:
    """Give the scopes of members that are not crawled themselves, those of now and those of before."""
    if region.source.all_projects:
        listed = set(projects)
        members = {project for project, _ in region.memory.offers.images} - listed
        return [
            _scope(region, ImageType.SHARED, project, status)
            for project in sorted(members)
            for status in region.source.member_status
        ]
    statuses = region.source.member_status
    now = {
        (project, f"{_TOLD}{status}")
        for project, status in region.memory.offers.images
        if status in statuses and project not in projects
    }
    before = {(project, status) for project, _, status in parts if status and status.startswith(_TOLD)}
    return [_scope(region, ImageType.SHARED, project, status) for project, status in sorted(now | before)]


def _by_owners(region: Region, scope: Scope) -> bool:
    """Tell whether the images of a scope are those that owners tell of, and not a list of its own."""
    return scope.image_type is ImageType.SHARED and (
        region.source.all_projects or (scope.member_status or "").startswith(_TOLD)
    )


def _is_told(region: Region, scope: Scope, status: str) -> bool:
    """Tell whether what owners tell of a project is listed by now.

    It is not where the project is crawled itself, as its own list tells what it sees, nor where offers of
    this status have left the settings. Such a scope is listed whole and empty, which ends what it granted.
    """
    crawled = not region.source.all_projects and scope.project in region.projects
    return status in region.source.member_status and not crawled


def _scope(region: Region, kind: ImageType, project: str | None = None, status: str | None = None) -> Scope:
    source = region.source
    return Scope(source.name, source.cloud, source.kind, region.name, kind, project, status)


def _parts(region: Region, scope: str) -> tuple[str, ImageType, str | None] | None:
    """Read project, type and member status from the id of a scope of this region that has a project."""
    match scope.split("/"):
        case [region.source.name, region.name, project, kind, *status] if kind in set(ImageType):
            return project, ImageType(kind), next(iter(status), None)
        case _:
            return None

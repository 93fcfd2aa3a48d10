"""What Glance, Keystone and Nova have to allow for a region of an OpenStack to be crawled."""

from collections.abc import Iterator
from functools import partial

from clouds.endpoint import endpoint
from clouds.error import Meaning
from clouds.glance import (
    IMAGES_PATH,
    image_path,
    list_parameters,
    members_path,
    parse_image,
    parse_images,
    parse_members,
)
from clouds.identity import PROJECTS_PATH, parse_projects
from clouds.nova import (
    FLAVORS_PATH,
    extra_specs_path,
    flavor_parameters,
    parse_extra_specs,
    parse_flavors,
)
from clouds.rights import (
    GLANCE_GET_IMAGE,
    GLANCE_LIST_IMAGES,
    GLANCE_LIST_MEMBERS,
    KEYSTONE_LIST_PROJECTS,
    NOVA_LIST_EXTRA_SPECS,
)
from clouds.signature import Parameters
from indexer.deadline import Deadline
from indexer.sources.failure import Failure
from indexer.sources.ims import Region
from indexer.sources.question import NOBODY, About, Get, Question
from mappings.scope import ImageType


def questions(region: Region, *, flavors: bool) -> Iterator[Question]:
    """Give them; `flavors` tells whether these are asked for at all."""
    if region.source.all_projects:
        yield Question(
            About.PROJECTS,
            "the projects of the whole cloud",
            KEYSTONE_LIST_PROJECTS,
            partial(_projects, region),
        )
    yield from _listings(region)
    yield Question(About.ONE_IMAGE, "an image by its id", GLANCE_GET_IMAGE, partial(_image, region))
    if ImageType.SHARED in region.source.image_types:
        owners = (None,) if region.source.all_projects else region.projects
        for owner in owners:
            ask = partial(_members, region, owner)
            yield Question(About.MEMBERS, "members of shared images", GLANCE_LIST_MEMBERS, ask, owner)
    if flavors:
        yield Question(About.FLAVORS, "flavors", None, partial(_flavors, region))


def _listings(region: Region) -> Iterator[Question]:
    source = region.source
    owners = (None,) if source.all_projects else region.projects
    if ImageType.GOLD in source.image_types:
        yield _listing(region, "public images", list_parameters(visibility="public", limit=1))
    if ImageType.MARKET in source.image_types:
        yield _listing(region, "community images", list_parameters(visibility="community", limit=1))
    if source.hidden:
        yield _listing(region, "hidden images", list_parameters(visibility="public", hidden=True, limit=1))
    for owner in owners:
        if ImageType.PRIVATE in source.image_types:
            parameters = list_parameters(visibility="all", owner=owner, limit=1)
            yield _listing(region, "own images", parameters, owner)
        for status in source.member_status if ImageType.SHARED in source.image_types else ():
            parameters = list_parameters(visibility="shared", member_status=status, limit=1)
            yield _listing(region, f"shared images ({status})", parameters, owner)


def _listing(region: Region, what: str, parameters: Parameters, project: str | None = None) -> Question:
    ask = partial(_list, region, parameters, project)
    return Question(About.IMAGES, what, GLANCE_LIST_IMAGES, ask, project)


async def _list(region: Region, parameters: Parameters, project: str | None, deadline: Deadline) -> None:
    projects = region.projects if project is None else (project,)
    await _images(region, deadline).through(projects, IMAGES_PATH, parameters, parse_images)


async def _projects(region: Region, deadline: Deadline) -> None:
    asking = Get(region, endpoint(region.source.identity_endpoint, region.name), deadline)
    await asking.through(region.projects, PROJECTS_PATH, (), parse_projects)


async def _image(region: Region, deadline: Deadline) -> None:
    await _images(region, deadline).unknown(region.projects, image_path(NOBODY), (), parse_image)


async def _members(region: Region, owner: str | None, deadline: Deadline) -> str | None:
    """Ask for the members of the first shared image that there is, as only its owner is told them."""
    asking = _images(region, deadline)
    projects = region.projects if owner is None else (owner,)
    parameters = list_parameters(visibility="shared", owner=owner, limit=1)
    found = await asking.through(projects, IMAGES_PATH, parameters, parse_images)
    name = next((name for image in found if isinstance(name := image.get("id"), str)), None)
    if name is None:
        return "there is no shared image to try it on"
    await asking.unknown(projects, members_path(name), (), parse_members)
    return None


async def _flavors(region: Region, deadline: Deadline) -> str | None:
    """Ask for a flavor, and where that does not hold its extra specs for these."""
    asking = Get(region, endpoint(region.source.ecs_endpoint or "", region.name), deadline)
    found = await asking.through(region.projects, FLAVORS_PATH, flavor_parameters(limit=1), parse_flavors)
    for flavor in found:
        if "extra_specs" in flavor or not isinstance(name := flavor.get("id"), str):
            continue
        try:
            await asking.unknown(region.projects, extra_specs_path(name), (), parse_extra_specs)
        except Failure as failure:
            if failure.meaning is not Meaning.FORBIDDEN:
                raise
            return f"without their extra specs, which take the right {NOVA_LIST_EXTRA_SPECS}"
    return None


def _images(region: Region, deadline: Deadline) -> Get:
    return Get(region, region.images_endpoint, deadline)

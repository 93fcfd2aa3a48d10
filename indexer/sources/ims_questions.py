"""What the Image Management Service and the Elastic Cloud Server have to allow for a region to be crawled."""

from collections.abc import Iterator
from functools import partial

from clouds.ecs import flavor_parameters, flavors_path, parse_flavors
from clouds.endpoint import endpoint
from clouds.ims import IMAGES_PATH, image_parameters, list_parameters, parse_page
from clouds.os_version import OS_VERSIONS_PATH, os_version_parameters, parse_os_versions
from clouds.rights import GET_FLAVORS, LIST_IMAGES
from indexer.deadline import Deadline
from indexer.sources.first_allowed import through_first
from indexer.sources.ims import Region, scopes
from indexer.sources.question import NOBODY, About, Get, Question
from mappings.scope import ImageType, Scope


def questions(region: Region, *, flavors: bool) -> Iterator[Question]:
    """Give them; `flavors` tells whether these are asked for at all."""
    for scope in scopes(region):
        status = f" ({scope.member_status})" if scope.image_type is ImageType.SHARED else ""
        what = f"{scope.image_type.value} images{status}"
        yield Question(About.IMAGES, what, LIST_IMAGES, partial(_list, region, scope), scope.project)
    yield Question(About.ONE_IMAGE, "an image by its id", LIST_IMAGES, partial(_image, region))
    yield Question(About.OS_VERSIONS, "the table of operating systems", LIST_IMAGES, partial(_table, region))
    if flavors:
        yield Question(About.FLAVORS, "flavors", GET_FLAVORS, partial(_flavors, region))


async def _list(region: Region, scope: Scope, deadline: Deadline) -> None:
    parameters = list_parameters(
        scope.image_type.value,
        project=scope.project,
        member_status=scope.member_status or "accepted",
        enterprise_project_id=region.source.enterprise_project_id,
        limit=1,
    )
    projects = region.projects if scope.project is None else (scope.project,)
    await _images(region, deadline).through(projects, IMAGES_PATH, parameters, parse_page)


async def _image(region: Region, deadline: Deadline) -> None:
    parameters = image_parameters(NOBODY, enterprise_project_id=region.source.enterprise_project_id)
    await _images(region, deadline).unknown(region.projects, IMAGES_PATH, parameters, parse_page)


async def _table(region: Region, deadline: Deadline) -> None:
    asking = _images(region, deadline)
    await asking.through(region.projects, OS_VERSIONS_PATH, os_version_parameters(None), parse_os_versions)


async def _flavors(region: Region, deadline: Deadline) -> None:
    asking = Get(region, endpoint(region.source.ecs_endpoint or "", region.name), deadline)
    await through_first(
        region.projects,
        lambda project: asking.one(flavors_path(project), flavor_parameters(limit=1), parse_flavors, project),
    )


def _images(region: Region, deadline: Deadline) -> Get:
    return Get(region, region.images_endpoint, deadline)

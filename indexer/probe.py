"""What a crawl of a source would ask, made as small as tells whether it could: for who looks for faults.

`doors` are the services that have to answer, `knock` asks one of them without any login, `questions` are the
requests that take rights.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from yarl import URL

from clouds import ecs, glance, ims, nova
from clouds.endpoint import endpoint
from clouds.error import Meaning
from clouds.identity import OWN_PROJECTS_PATH
from indexer.deadline import Deadline
from indexer.sources import glance_questions, ims_questions
from indexer.sources.account import Account
from indexer.sources.credential import NoCredential
from indexer.sources.failure import Failure
from indexer.sources.ims import Region
from indexer.sources.proof import headers_for
from indexer.sources.question import NOBODY, Question
from indexer.sources.skew import ahead
from indexer.sources.source import FlavorsFrom, Source
from mappings.scope import CloudKind


class Service(StrEnum):
    """The services of a cloud."""

    IMAGES = "images"
    IDENTITY = "identity"
    FLAVORS = "flavors"


@dataclass(frozen=True, slots=True)
class Door:
    """Where a service of a region answers, and a path that it has."""

    region: str
    service: Service
    address: str
    path: str


def doors(source: Source) -> tuple[Door, ...]:
    """Give the services that a crawl of a source asks. Raises ValueError for a region that is no name."""
    openstack = source.kind is CloudKind.GLANCE
    images = glance.IMAGES_PATH if openstack else ims.IMAGES_PATH
    flavors = nova.FLAVORS_PATH if openstack else ecs.flavors_path(NOBODY)
    services = [
        (Service.IMAGES, source.endpoint, images),
        (Service.IDENTITY, source.identity_endpoint, OWN_PROJECTS_PATH),
    ]
    if _asks_for_flavors(source):
        services.append((Service.FLAVORS, source.ecs_endpoint or "", flavors))
    return tuple(
        Door(region, service, endpoint(pattern, region), path)
        for region in source.regions
        for service, pattern, path in services
    )


async def knock(account: Account, door: Door, deadline: Deadline) -> timedelta | None:
    """Ask a service without proving anything, and tell how far our clock is ahead of its own, if it says so.

    Raises Failure where nothing answers, or only that it has a problem of its own.
    """
    url = URL(f"{door.address}{door.path}", encoded=True)
    headers = headers_for(NoCredential(), url, project=None, now=deadline.clock.now())
    try:
        async with asyncio.timeout(deadline.left):
            answer = await account.http.get(door.address, url, headers)
    except TimeoutError:
        raise Failure(f"{url.host_port_subcomponent} gave no answer in time", Meaning.TEMPORARY) from None
    if answer.status >= 500:
        place = f"{url.host_port_subcomponent}{url.raw_path}"
        raise Failure(f"{place} answered HTTP {answer.status}", Meaning.TEMPORARY)
    return ahead(answer.headers, deadline.clock.now())


def questions(region: Region) -> tuple[Question, ...]:
    """Give what has to be allowed for a region to be crawled whole."""
    of_kind = glance_questions if region.source.kind is CloudKind.GLANCE else ims_questions
    return tuple(of_kind.questions(region, flavors=_asks_for_flavors(region.source)))


def _asks_for_flavors(source: Source) -> bool:
    return source.flavors is FlavorsFrom.CLOUD and source.ecs_endpoint is not None

"""`Question`: a request that a crawl makes, as the least that tells whether it is allowed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from clouds.error import Meaning
from clouds.signature import Parameters
from indexer.deadline import Deadline
from indexer.sources.failure import Failure
from indexer.sources.first_allowed import through_first
from indexer.sources.ims import Region

T = TypeVar("T")

NOBODY = "00000000-0000-0000-0000-000000000000"
"""The id of no image and no project: whether it may be asked for is told all the same."""


class About(StrEnum):
    """What a question is about."""

    IMAGES = "images"
    ONE_IMAGE = "image by id"
    MEMBERS = "members"
    OS_VERSIONS = "os versions"
    FLAVORS = "flavors"
    PROJECTS = "all projects"


Ask = Callable[[Deadline], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Question:
    """`right` is what the cloud calls the right that the request takes, None where it has no name.

    `ask` raises Failure, and gives a remark where the answer does not tell all. `project` is the id of the
    project that has to have the right; None where one of those that are crawled is enough.
    """

    about: About
    what: str
    right: str | None
    ask: Ask
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Get:
    """A request to a service of a region, for which the project is still to be chosen."""

    region: Region
    address: str
    deadline: Deadline

    async def through(
        self,
        projects: tuple[str, ...],
        path: str,
        parameters: Parameters,
        read: Callable[[bytes], T],
    ) -> T:
        """Ask through the first project that may. Raises Failure."""
        ask = partial(self.one, path, parameters, read)
        return (await through_first(projects, ask))[1]

    async def one(self, path: str, parameters: Parameters, read: Callable[[bytes], T], project: str) -> T:
        """Ask through one project. Raises Failure."""
        return await self.region.account.ask(
            self.address, path, parameters, read, project=project, deadline=self.deadline
        )

    async def unknown(
        self, projects: tuple[str, ...], path: str, parameters: Parameters, read: Callable[[bytes], object]
    ) -> None:
        """Ask for what there is not: being told so is the right answer. Raises Failure for another one."""
        try:
            await self.through(projects, path, parameters, read)
        except Failure as failure:
            if failure.meaning not in {Meaning.GONE, Meaning.NOT_FOUND}:
                raise

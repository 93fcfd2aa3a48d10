"""`through_first`: what the first project that may ask is told."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from clouds.error import Meaning
from indexer.sources.failure import Failure

T = TypeVar("T")


async def through_first(projects: tuple[str, ...], ask: Callable[[str], Awaitable[T]]) -> tuple[str, T]:
    """Ask through one project after the other until one is not forbidden to; give it and the answer.

    Raises Failure: any other at once, the last one where all are forbidden.
    """
    for project in projects[:-1]:
        try:
            return project, await ask(project)
        except Failure as failure:
            if failure.meaning is not Meaning.FORBIDDEN:
                raise
    return projects[-1], await ask(projects[-1])

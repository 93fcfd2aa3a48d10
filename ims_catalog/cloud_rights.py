"""Whether a source has the rights in a region that a crawl takes, as far as small requests tell."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import TypeVar

from clouds.error import Meaning
from ims_catalog.check import Check, doubtful, fine, unseen, wrong
from ims_catalog.cloud_words import listed, some, todo_of_failure, todo_of_right
from indexer.deadline import Deadline
from indexer.probe import Service, questions
from indexer.sources.failure import Failure
from indexer.sources.ims import Region
from indexer.sources.question import About, Question

T = TypeVar("T")

_WITHOUT = {
    About.ONE_IMAGE: "what is no longer listed is then removed a run later",
    About.MEMBERS: "projects that are not crawled themselves then do not see what is shared with them",
    About.OS_VERSIONS: "the catalogue goes without them",
    About.FLAVORS: "the catalogue goes without them",
}
"""What a crawl does that is refused something that it can do without."""


async def checks_of_rights(
    region: Region, silent: Collection[Service], names: Mapping[str, str], deadline: Deadline
) -> list[Check]:
    """Look at a region; `silent` are its services that do not answer, `names` those of projects by id."""
    asked = questions(region)
    answers = await asyncio.gather(*(_answer(question, silent, deadline) for question in asked))
    told = list(zip(asked, answers, strict=True))
    return [
        _check(region, about, [one for one in told if one[0].about is about], names, deadline)
        for about in dict.fromkeys(question.about for question in asked)
    ]


async def caught(asking: Awaitable[T]) -> T | Failure:
    """Give the answer, or why there is none."""
    try:
        return await asking
    except Failure as failure:
        return failure


_Told = tuple[Question, str | Failure | Service | None]
"""A question with the remark or the failure that it brought, or the service that cannot be asked."""


async def _answer(
    question: Question, silent: Collection[Service], deadline: Deadline
) -> str | Failure | Service | None:
    service = _SERVICES.get(question.about, Service.IMAGES)
    return service if service in silent else await caught(question.ask(deadline))


def _check(
    region: Region, about: About, told: Sequence[_Told], names: Mapping[str, str], deadline: Deadline
) -> Check:
    name = f"{region.source.name}/{region.name} {about.value}"
    failed = [(question, answer) for question, answer in told if isinstance(answer, Failure)]
    if not failed:
        return _without_failure(name, told)
    # What is forbidden matters most: that it will be the next time too is certain.
    question, failure = min(failed, key=lambda one: one[1].meaning is not Meaning.FORBIDDEN)
    alike = [one for one, other in failed if other.meaning is failure.meaning]
    said = f"{some([_with_project(one, names) for one in alike])}: {failure}"
    if deadline.left <= 0:
        return doubtful(name, f"{said}; there was no time for more", "look again when the cloud is faster")
    if failure.meaning is Meaning.FORBIDDEN:
        if question.right is not None:
            said += f"; the right {question.right} is missing"
        todo = todo_of_right(question, region.source)
    else:
        todo = todo_of_failure(failure, region.source)
    if about in _WITHOUT:
        return doubtful(name, f"{said}; {_WITHOUT[about]}", todo)
    return wrong(name, said, todo)


def _without_failure(name: str, told: Sequence[_Told]) -> Check:
    for _, answer in told:
        if isinstance(answer, Service):
            return unseen(name, "not asked for, as the service does not answer")
    remarks = dict.fromkeys(answer for _, answer in told if isinstance(answer, str))
    what = listed(dict.fromkeys(question.what for question, _ in told))
    return fine(name, "; ".join([f"{what} may be asked for", *remarks]))


def _with_project(question: Question, names: Mapping[str, str]) -> str:
    if question.project is None:
        return question.what
    return f"{question.what} of {names.get(question.project, question.project)}"


_SERVICES = {About.FLAVORS: Service.FLAVORS, About.PROJECTS: Service.IDENTITY}

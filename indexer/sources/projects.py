"""Which projects of an account a crawl goes through, by region.

On Huawei Cloud a project lies in one region; a project of Keystone is in all regions.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from clouds.endpoint import endpoint
from clouds.error import Meaning
from clouds.identity import OWN_PROJECTS_PATH, PROJECTS_PATH, Project, parse_projects
from indexer.deadline import Deadline
from indexer.sources.account import Account
from indexer.sources.credential import ApplicationCredential, ReadyToken
from indexer.sources.failure import Failure
from indexer.sources.source import Source
from mappings.scope import CloudKind

_NAMED_IN_A_MESSAGE = 20


@dataclass(frozen=True, slots=True)
class Unreached:
    """A part of a source that cannot be crawled at all, and why; region None is the whole source."""

    source: str
    region: str | None
    reason: str

    def covers(self, scope: str) -> bool:
        """Tell whether the scope with this id belongs to that part."""
        begin = self.source if self.region is None else f"{self.source}/{self.region}"
        return scope.startswith(f"{begin}/")

    def __str__(self) -> str:
        """Say where and why in one sentence."""
        place = self.source if self.region is None else f"{self.source}/{self.region}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Expansion:
    """Ids of the projects to crawl in each region that can be crawled, and what cannot.

    `visible` holds the ids of all projects that the account sees, `disabled` of those it cannot use.
    """

    projects: dict[str, tuple[str, ...]]
    unreached: tuple[Unreached, ...]
    visible: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()


async def expand(source: Source, account: Account, deadline: Deadline) -> Expansion:
    """Ask the identity service of every region for the account's projects, and choose the configured ones."""
    addresses = {region: endpoint(source.identity_endpoint, region) for region in source.regions}
    different = tuple(dict.fromkeys(addresses.values()))
    asked = await asyncio.gather(
        *(visible_projects(source, account, address, deadline) for address in different)
    )
    answers = dict(zip(different, asked, strict=True))
    visible: dict[str, tuple[Project, ...]] = {}
    failed: dict[str, str] = {}
    for region, address in addresses.items():
        match answers[address]:
            case Failure() as failure:
                failed[region] = f"the projects of the account are not known: {failure}"
            case projects:
                visible[region] = projects
    return choose(source, visible, failed)


def choose(source: Source, visible: dict[str, tuple[Project, ...]], failed: dict[str, str]) -> Expansion:
    """Choose among the projects that are visible in each region; `failed` holds why a region is not known."""
    chosen: dict[str, tuple[str, ...]] = {}
    unreached = [Unreached(source.name, region, reason) for region, reason in failed.items()]
    for region, projects in visible.items():
        own = [project for project in projects if project.enabled and belongs(source, project, region)]
        wanted = [project.id for project in own if _configured(source, project)]
        if wanted:
            chosen[region] = tuple(dict.fromkeys(wanted))
        elif own:
            unreached.append(Unreached(source.name, region, "none of the configured projects belongs here"))
        else:
            unreached.append(
                Unreached(source.name, region, "the account sees no enabled project of this region")
            )
    if not failed:
        unreached += _unknown(source, visible)
    if isinstance(source.credential, ReadyToken | ApplicationCredential) and _several(chosen):
        what = (
            "a ready-made token" if isinstance(source.credential, ReadyToken) else "an application credential"
        )
        reason = f"{what} is valid for one project only: name that one in `projects`"
        return Expansion({}, (Unreached(source.name, None, reason),))
    everything = [project for projects in visible.values() for project in projects]
    return Expansion(
        chosen,
        tuple(unreached),
        visible=frozenset(project.id for project in everything),
        disabled=frozenset(project.id for project in everything if not project.enabled),
    )


def belongs(source: Source, project: Project, region: str) -> bool:
    """Tell whether a project lies in a region: its name is the region's, or that with a suffix after `_`.

    Source: IAM API Reference, "Querying Projects". A project of Keystone lies in every region.
    """
    if source.kind is CloudKind.GLANCE:
        return True
    return project.name == region or project.name.startswith(f"{region}_")


def _several(chosen: Mapping[str, tuple[str, ...]]) -> bool:
    return len({project for projects in chosen.values() for project in projects}) > 1


async def visible_projects(
    source: Source, account: Account, address: str, deadline: Deadline
) -> tuple[Project, ...] | Failure:
    """Ask for all projects of the account; a user who may not list them sees at least their own.

    On Keystone those who may list all see projects that they have no part in.
    """
    if source.kind is CloudKind.GLANCE:
        return await _projects_at(account, address, OWN_PROJECTS_PATH, deadline)
    answer = await _projects_at(account, address, PROJECTS_PATH, deadline)
    if isinstance(answer, Failure) and answer.meaning is Meaning.FORBIDDEN:
        return await _projects_at(account, address, OWN_PROJECTS_PATH, deadline)
    return answer


async def _projects_at(
    account: Account, address: str, path: str, deadline: Deadline
) -> tuple[Project, ...] | Failure:
    try:
        return await account.ask(address, path, (), parse_projects, project=None, deadline=deadline)
    except Failure as failure:
        return failure


def _configured(source: Source, project: Project) -> bool:
    return source.projects is None or project.id in source.projects or project.name in source.projects


def _unknown(source: Source, visible: dict[str, tuple[Project, ...]]) -> list[Unreached]:
    everything = {project.id: project for projects in visible.values() for project in projects}.values()
    by_name = {name: project for project in everything for name in (project.id, project.name)}
    found = []
    for name in source.projects or ():
        project = by_name.get(name)
        if project is None:
            names = sorted(project.name for project in everything)
            known = ", ".join(names[:_NAMED_IN_A_MESSAGE]) or "none"
            reason = f"no project has the name or id {name!r}; the account sees: {known}"
        elif not project.enabled:
            reason = f"the project {name!r} is disabled"
        elif not any(belongs(source, project, region) for region in source.regions):
            reason = f"the project {name!r} ({project.name}) belongs to none of the configured regions"
        else:
            continue
        found.append(Unreached(source.name, None, reason))
    return found

"""What the doctor sees of the clouds: whether they answer, take the login, show projects, give the rights.

Every service is first asked without a login, so that a wrong address is told from a wrong password. A login
is made once: where it is refused nothing more is asked, as accounts are locked after a few.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import aiohttp

from clouds.error import Meaning
from clouds.identity import Project
from clouds.signature import MAX_SKEW
from engines.clock import Clock
from ims_catalog.check import Check, doubtful, fine, unseen, wrong
from ims_catalog.cloud_rights import caught, checks_of_rights
from ims_catalog.cloud_words import listed, some, todo_of_connection, todo_of_failure
from ims_catalog.compose import limits as limits_of
from ims_catalog.compose import sources as sources_of
from ims_catalog.configuration import ConfigurationError
from ims_catalog.settings import Settings
from indexer.deadline import Deadline, deadline_in
from indexer.limits import Limits
from indexer.probe import Door, Service, doors, knock
from indexer.sources.account import Account, open_account
from indexer.sources.credential import NoCredential
from indexer.sources.failure import Failure
from indexer.sources.http import open_session
from indexer.sources.ims import Region
from indexer.sources.lane import Lanes
from indexer.sources.projects import choose, visible_projects
from indexer.sources.source import Source

SECONDS = 20.0
"""Time that the sources are given."""

_REQUEST_SECONDS = 8.0
_CONNECT_SECONDS = 5.0
_LARGE_SKEW = timedelta(minutes=5)
_OF_THE_LOGIN = frozenset({Meaning.EXPIRED_LOGIN, Meaning.CLOCK_SKEW, Meaning.CONFIGURATION})

_Knocked = Mapping[Door, timedelta | Failure | None]
"""How far our clock is ahead of each service's, or why it does not answer."""


async def checks_of_clouds(settings: Settings, clock: Clock) -> tuple[Check, ...]:
    """Look at every source whose credential can be read."""
    return await checks_of_sources(_readable(settings), limits_of(settings), clock)


async def checks_of_sources(
    sources: Sequence[Source], limits: Limits, clock: Clock, *, seconds: float = SECONDS
) -> tuple[Check, ...]:
    """Look at sources, in `seconds` at most and all of them at once."""
    hasty = _hasty(limits)
    async with open_session(hasty) as session:
        lanes = Lanes(hasty, clock)
        found = await asyncio.gather(
            *(_checks(one, session, lanes, hasty, deadline_in(seconds, clock)) for one in sources)
        )
    return tuple(check for checks in found for check in checks)


def _readable(settings: Settings) -> list[Source]:
    """Leave out sources whose credential is not there: they are told of as such."""
    found: list[Source] = []
    for given in settings.sources:
        try:
            found += sources_of(settings.model_copy(update={"sources": (given,)}))
        except ConfigurationError:
            continue
    return found


def _hasty(limits: Limits) -> Limits:
    """Wait for nothing for long; what may pass is tried twice."""
    return replace(
        limits,
        request_timeout=min(limits.request_timeout, _REQUEST_SECONDS),
        connect_timeout=min(limits.connect_timeout, _CONNECT_SECONDS),
        attempts=2,
        longest_wait=1.0,
    )


async def _checks(
    source: Source, session: aiohttp.ClientSession, lanes: Lanes, limits: Limits, deadline: Deadline
) -> list[Check]:
    """Look at one source; what depends on something that does not work is not asked for."""
    try:
        account = open_account(source, session, lanes, limits)
        every = doors(source)
    except ValueError as error:
        return [wrong(f"{source.name} endpoints", str(error), "correct the endpoints of this source")]
    knocked = await _knock(account, every, deadline)
    seen = await _visible(source, account, knocked, deadline)
    found = [
        *(_endpoints(source, region, knocked) for region in source.regions),
        _clock(source, knocked),
        _login(source, seen),
    ]
    if seen.refused is not None or not (seen.projects or seen.failed):
        return found
    chosen = choose(source, seen.projects, {region: str(failure) for region, failure in seen.failed.items()})
    found.append(_projects(source, seen, chosen.projects, [str(one) for one in chosen.unreached]))
    asked = await asyncio.gather(
        *(
            checks_of_rights(Region(source, name, ids, account), _silent(name, knocked), seen.names, deadline)
            for name, ids in chosen.projects.items()
        )
    )
    return found + [check for checks in asked for check in checks]


async def _knock(account: Account, every: Iterable[Door], deadline: Deadline) -> _Knocked:
    """Ask each address once, whatever regions it is of."""
    doors_by_address = {door.address: door for door in every}
    answers = await asyncio.gather(
        *(caught(knock(account, door, deadline)) for door in doors_by_address.values())
    )
    by_address = dict(zip(doors_by_address, answers, strict=True))
    return {door: by_address[door.address] for door in every}


def _endpoints(source: Source, region: str, knocked: _Knocked) -> Check:
    name = f"{source.name}/{region} endpoints"
    here = {door: answer for door, answer in knocked.items() if door.region == region}
    failed = {door.service: answer for door, answer in here.items() if isinstance(answer, Failure)}
    if not failed:
        return fine(name, f"{listed(door.service.value for door in here)} answer")
    said = "; ".join(f"{service.value}: {failure}" for service, failure in failed.items())
    todo = todo_of_connection(next(iter(failed.values())))
    if set(failed) == {Service.FLAVORS}:
        return doubtful(name, f"{said}; images are found without", todo)
    return wrong(name, said, todo)


def _clock(source: Source, knocked: _Knocked) -> Check:
    """Compare clocks: signatures hold for a quarter of an hour, and that is what is left of it."""
    name = f"{source.name} clock"
    told = {door: ahead for door, ahead in knocked.items() if isinstance(ahead, timedelta)}
    if not told:
        return unseen(name, "no service told the time")
    door, ahead = max(told.items(), key=lambda one: abs(one[1]))
    off = abs(ahead)
    if off <= _LARGE_SKEW:
        return fine(name, f"that of this machine and those of the cloud differ by {_span(off)} at most")
    found = (
        f"that of this machine is {_span(off)} {'ahead of' if ahead > timedelta() else 'behind'} that of"
        f" {door.address}; signatures are refused from {_span(MAX_SKEW)} on"
    )
    return (wrong if off > MAX_SKEW else doubtful)(name, found, "set it, best by NTP (chrony, timesyncd)")


def _span(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class _Seen:
    """The projects that the identity services of the regions tell of, by region; why some do not.

    `refused` is set where it is the login that failed: then no other service was asked.
    """

    projects: dict[str, tuple[Project, ...]]
    failed: Mapping[str, Failure]
    refused: Failure | None = None

    @property
    def names(self) -> Mapping[str, str]:
        """Names of projects by id."""
        return {project.id: project.name for projects in self.projects.values() for project in projects}


async def _visible(source: Source, account: Account, knocked: _Knocked, deadline: Deadline) -> _Seen:
    """Ask the identity services that answer, one after the other: each may be a login."""
    answers: dict[str, tuple[Project, ...] | Failure] = {}
    projects: dict[str, tuple[Project, ...]] = {}
    failed: dict[str, Failure] = {}
    for door, knock_answer in knocked.items():
        if door.service is not Service.IDENTITY or isinstance(knock_answer, Failure):
            continue
        if door.address not in answers:
            answers[door.address] = await visible_projects(source, account, door.address, deadline)
        match answers[door.address]:
            case Failure() as failure if failure.meaning in _OF_THE_LOGIN:
                return _Seen(projects, failed, failure)
            case Failure() as failure:
                failed[door.region] = failure
            case found:
                projects[door.region] = found
    return _Seen(projects, failed)


def _login(source: Source, seen: _Seen) -> Check:
    name = f"{source.name} login"
    if seen.refused is not None:
        return wrong(name, f"{seen.refused}; nothing more was asked", todo_of_failure(seen.refused, source))
    if isinstance(source.credential, NoCredential):
        return fine(name, "none is configured, and none was asked for")
    if seen.projects or any(one.meaning is Meaning.FORBIDDEN for one in seen.failed.values()):
        return fine(name, "it is accepted")
    for failure in seen.failed.values():
        return wrong(
            name, f"whether it is accepted is not known: {failure}", todo_of_failure(failure, source)
        )
    return unseen(name, "it was not tried, as no identity service answers")


def _projects(
    source: Source, seen: _Seen, chosen: Mapping[str, Sequence[str]], unreached: Sequence[str]
) -> Check:
    name = f"{source.name} projects"
    crawled = "; ".join(
        f"in {region} {some([seen.names[one] for one in ids])}" for region, ids in chosen.items()
    )
    if not unreached:
        return fine(name, f"{len(seen.names)} can be seen, and are crawled: {crawled}")
    todo = "correct regions and projects of this source, or give its user a right in what is missing"
    return wrong(name, "; ".join([*unreached, *([f"crawled are: {crawled}"] if crawled else [])]), todo)


def _silent(region: str, knocked: _Knocked) -> frozenset[Service]:
    """Give the services of a region that do not answer."""
    return frozenset(
        door.service
        for door, answer in knocked.items()
        if door.region == region and isinstance(answer, Failure)
    )

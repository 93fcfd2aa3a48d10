"""Each project is shown exactly what Glance lets it see, whatever the settings have listed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from engines.ledger import State
from indexer.sources.credential import ApplicationCredential, ReadyToken
from indexer.sources.source import Source
from tests.openstack.catalogue import catalogue_in, source_of, with_community
from tests.openstack.stack import Project, Stack

pytestmark = pytest.mark.timeout(300)
ORIGIN = {"__data_origin": "instance,secret-1"}
ALL = ("accepted", "pending", "rejected")
Projects = tuple[Project, Project, Project]


@pytest.fixture(scope="module")
def peopled(whole_stack: Stack, projects: Projects) -> Iterator[Stack]:
    """A cloud with an image of each sort."""
    ours, other, theirs = projects
    with whole_stack.emptied() as stack:
        for visibility in ("public", "private", "community"):
            stack.image(ours, f"ours {visibility}", visibility)
            stack.image(ours, f"ours hidden {visibility}", visibility, hidden=True)
        for status in ALL:
            members = {other: status, theirs: status}
            stack.image(ours, f"ours {status}", "shared", members=members, properties=ORIGIN)
        stack.image(ours, "ours hidden shared", "shared", hidden=True, members={other: "accepted"})
        stack.image(ours, "ours unshared", "shared")
        stack.image(other, "other private")
        stack.image(other, "other hidden", hidden=True)
        stack.image(other, "other shared", "shared", members={ours: "accepted", theirs: "pending"})
        for visibility in ("public", "private", "community"):
            stack.image(theirs, f"theirs {visibility}", visibility)
        stack.image(theirs, "theirs shared", "shared", members={ours: "pending", other: "accepted"})
        stack.image(theirs, "theirs hidden", "shared", hidden=True, members={ours: "accepted"})
        yield stack


@dataclass(frozen=True)
class Case:
    """What the settings have listed."""

    title: str
    hidden: bool = False
    community: bool = False
    member_status: tuple[str, ...] = ("accepted",)


CASES = [
    Case("as it is"),
    Case("hidden ones", hidden=True),
    Case("community images", community=True),
    Case("all offers", member_status=ALL),
    Case("everything", hidden=True, community=True, member_status=ALL),
]


def chosen(source: Source, case: Case) -> Source:
    changed = replace(source, hidden=case.hidden, member_status=case.member_status)
    return with_community(changed) if case.community else changed


def expected(stack: Stack, caller: str, crawled: set[str], source: Source) -> list[str]:
    """The model: what a caller sees of the cloud, as far as somebody was asked who knows of it."""
    return sorted(
        made.name
        for made in stack.images.values()
        if made.seen_by(
            caller, statuses=source.member_status, hidden=source.hidden, community=source.community
        )
        and (
            made.visibility == "public"
            or (made.visibility == "community" and source.community)
            or not crawled.isdisjoint({caller, made.owner})
        )
    )


@pytest.mark.parametrize(
    ("crawled", "case"),
    [(1, CASES[0]), (1, CASES[-1]), *((2, case) for case in CASES)],
    ids=lambda one: one.title if isinstance(one, Case) else f"{one} crawled",
)
async def test_projects_are_shown_what_they_may_see(
    crawled: int, case: Case, peopled: Stack, projects: Projects, tmp_path: Path
) -> None:
    source = chosen(source_of(peopled, *projects[:crawled]), case)
    ids = {project.id for project in projects[:crawled]}
    async with catalogue_in(tmp_path) as catalogue:
        run = await catalogue.run(source)
        assert (run.exit, run.reason) == (0, None)
        assert {scope.state for scope in run.scopes} == {State.COMPLETE}
        for project in projects:
            assert await catalogue.names(project.id) == expected(peopled, project.id, ids, source)
        both = {name for project in projects[:crawled] for name in expected(peopled, project.id, ids, source)}
        assert await catalogue.names(*ids) == sorted(both)


@pytest.mark.parametrize("case", [CASES[0], CASES[-1]], ids=lambda case: case.title)
async def test_an_administrator_lists_for_all_and_gains_nothing(
    case: Case, peopled: Stack, projects: Projects, tmp_path: Path
) -> None:
    source = chosen(replace(source_of(peopled, peopled.admin), all_projects=True), case)
    ids = {project.id for project in projects}
    async with catalogue_in(tmp_path) as catalogue:
        run = await catalogue.run(source)
        assert (run.exit, run.reason) == (0, None)
        for project in (*projects, peopled.admin):
            assert await catalogue.names(project.id) == expected(peopled, project.id, ids, source)
        assert (await catalogue.run(source)).outcome == "unchanged"


async def test_members_are_not_shown_what_is_the_owners_alone(
    peopled: Stack, projects: Projects, tmp_path: Path
) -> None:
    ours, other, theirs = projects
    async with catalogue_in(tmp_path) as catalogue:
        await catalogue.run(source_of(peopled, ours, other))
        told = {
            project.id: {str(body["name"]): body for body in await catalogue.bodies(project.id)}
            for project in projects
        }
    assert told[ours.id]["ours accepted"]["data_origin"] == "instance,secret-1"
    for member in (other, theirs):
        body = told[member.id]["ours accepted"]
        assert "data_origin" not in body
        assert (body["origin"], body["trust"]) == ("instance", 2)
    assert "image_type" in told[ours.id]["ours public"]


@pytest.mark.parametrize("kind", ["application credential", "token"])
async def test_other_logins(kind: str, peopled: Stack, projects: Projects, tmp_path: Path) -> None:
    ours = projects[0]
    if kind == "token":
        token = peopled.login(ours.user, ours.password, ours.user)
        source = source_of(peopled, ours, credential=ReadyToken(SecretStr(token)))
    else:
        identifier, secret = peopled.application_credential(ours)
        source = source_of(peopled, ours, credential=ApplicationCredential(identifier, SecretStr(secret)))
    async with catalogue_in(tmp_path) as catalogue:
        run = await catalogue.run(source)
        assert (run.exit, run.reason) == (0, None)
        assert await catalogue.names(ours.id) == expected(peopled, ours.id, {ours.id}, source)
        several = await catalogue.run(replace(source, projects=None))
        assert several.exit == 1
        assert "valid for one project only" in str(several.reason)


SETTINGS = """
[engine]
path = "catalog"

[[sources]]
name = "home"
kind = "glance"
cloud = "openstack"
regions = ["home"]
projects = {projects}
endpoint = "{glance}"
identity_endpoint = "{keystone}"
hidden = true
community = true
member_status = ["accepted", "pending", "rejected"]
[sources.auth]
kind = "password"
user = "{user}"
domain = "Default"
password_env = "KEYSTONE_PASSWORD"

[crawl]
requests_per_second = 1000
"""


async def test_the_command_crawls_what_the_settings_name(
    peopled: Stack, projects: Projects, tmp_path: Path
) -> None:
    ours, other, _ = projects
    text = SETTINGS.format(
        projects=[ours.user, other.user],
        glance=peopled.glance,
        keystone=peopled.keystone,
        user=ours.user,
    )
    (tmp_path / "ims-catalog.toml").write_text(text, "utf-8")
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("ims-catalog"),
        "reindex",
        cwd=tmp_path,
        env={**os.environ, "KEYSTONE_PASSWORD": ours.password},
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(100):
        out, err = await process.communicate()
    said = (out + err).decode()
    assert process.returncode == 0, said
    assert ours.password not in said
    assert "Traceback" not in said
    source = chosen(source_of(peopled, ours, other), CASES[-1])
    async with catalogue_in(tmp_path / "catalog") as catalogue:
        for project in projects:
            wanted = expected(peopled, project.id, {ours.id, other.id}, source)
            assert await catalogue.names(project.id) == wanted

"""The doctor of an OpenStack, against a real Keystone and Glance."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from engines.clock import system_clock
from ims_catalog.check import Check, Verdict
from ims_catalog.cloud_doctor import checks_of_sources
from indexer.sources.credential import ApplicationCredential, Password
from indexer.sources.source import Source
from tests.openstack.catalogue import LIMITS, source_of, with_community
from tests.openstack.stack import Project, Stack

pytestmark = pytest.mark.timeout(300)
Projects = tuple[Project, Project, Project]


@pytest.fixture(scope="module")
def peopled(whole_stack: Stack, projects: Projects) -> Iterator[Stack]:
    """A shared image of the first project."""
    ours, other, _ = projects
    with whole_stack.emptied() as stack:
        stack.image(ours, "ours shared", "shared", members={other: "accepted"})
        yield stack


async def looked(source: Source) -> dict[str, Check]:
    found = await checks_of_sources([source], LIMITS, system_clock())
    return {check.name: check for check in found}


def not_fine(found: dict[str, Check]) -> dict[str, Verdict]:
    return {name: check.verdict for name, check in found.items() if check.verdict is not Verdict.FINE}


async def test_all_is_fine(peopled: Stack, projects: Projects) -> None:
    ours, other, _ = projects
    source = replace(
        with_community(source_of(peopled, ours, other)), hidden=True, member_status=("accepted", "pending")
    )
    found = await looked(source)
    assert not not_fine(found)
    assert set(found) == {
        "home/home endpoints",
        "home clock",
        "home login",
        "home projects",
        "home/home images",
        "home/home image by id",
        "home/home members",
    }
    for said in ("public", "community", "hidden", "own", "shared images (pending)"):
        assert said in found["home/home images"].found
    assert "no shared image to try it on" in found["home/home members"].found


async def test_an_application_credential_is_fine(peopled: Stack, projects: Projects) -> None:
    identifier, secret = peopled.application_credential(projects[0])
    credential = ApplicationCredential(identifier, SecretStr(secret))
    assert not not_fine(await looked(source_of(peopled, projects[0], credential=credential)))


async def test_a_password_that_is_wrong_is_told(peopled: Stack, projects: Projects) -> None:
    credential = Password(projects[0].user, "Default", SecretStr("not-to-be-seen"), unscoped=True)
    found = await looked(source_of(peopled, projects[0], credential=credential))
    assert not_fine(found) == {"home login": Verdict.WRONG}
    assert "not-to-be-seen" not in str(found)


async def test_a_project_without_a_role_is_told(peopled: Stack, projects: Projects) -> None:
    ours, _, theirs = projects
    found = await looked(source_of(peopled, ours, theirs))
    assert not_fine(found) == {"home projects": Verdict.WRONG}
    assert theirs.id in found["home projects"].found


async def test_who_is_no_administrator_is_told_so(peopled: Stack, projects: Projects) -> None:
    found = await looked(replace(source_of(peopled, projects[0]), all_projects=True))
    assert not_fine(found) == {"home/home all projects": Verdict.WRONG}
    told = found["home/home all projects"]
    assert "identity:list_projects is missing" in told.found
    assert "administrator" in (told.todo or "")
    assert not not_fine(await looked(replace(source_of(peopled, peopled.admin), all_projects=True)))


async def test_without_nova_its_flavors_are_told_as_missing(peopled: Stack, projects: Projects) -> None:
    """What stands at its address is no Nova."""
    found = await looked(replace(source_of(peopled, projects[0]), ecs_endpoint=peopled.glance))
    assert not_fine(found) == {"home/home flavors": Verdict.DOUBTFUL}
    assert "no such service" in (found["home/home flavors"].todo or "")

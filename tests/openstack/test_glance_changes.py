"""What happens on Glance while it is listed, and from one run to the next."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from engines.ledger import State
from indexer.sources.credential import Password
from tests.openstack.between import Asked, Between, between
from tests.openstack.catalogue import Catalogue, catalogue_in, source_of
from tests.openstack.configuration import LARGEST_PAGE
from tests.openstack.stack import Project, Stack

pytestmark = pytest.mark.timeout(300)
Projects = tuple[Project, Project, Project]
LIST = "/v2/images"


@pytest.fixture
async def catalogue(tmp_path: Path) -> AsyncIterator[Catalogue]:
    async with catalogue_in(tmp_path) as opened:
        yield opened


@pytest.fixture
async def proxy(stack: Stack) -> AsyncIterator[Between]:
    async with between(stack.glance) as running:
        yield running


async def test_the_marker_is_deleted_and_the_token_revoked_in_the_middle(
    stack: Stack, projects: Projects, proxy: Between, catalogue: Catalogue
) -> None:
    ours = projects[0]
    images = [stack.image(ours, f"image {number:02}") for number in range(2 * LARGEST_PAGE + 3)]
    deleted: list[str] = []
    revoked: list[str] = []

    def act(asked: Asked) -> None:
        if asked.path != LIST or asked.query.get("owner") != ours.id or "marker" not in asked.query:
            return
        if not deleted:
            deleted.append(asked.query["marker"])
            stack.delete(asked.query["marker"])
        elif not revoked and asked.query["marker"] == images[2 * LARGEST_PAGE - 1].id:
            revoked.append(asked.token)
            stack.revoke(asked.token)
            # The middleware goes on believing it for a second.
            while stack.ask("GET", f"{stack.glance}/v2/images?limit=1", asked.token).status != 401:
                pass

    proxy.before = act
    run = await catalogue.run(replace(source_of(stack, ours), endpoint=proxy.url))
    assert (run.exit, run.reason) == (0, None)
    assert (len(deleted), len(revoked)) == (1, 1)
    lived = {image.name for image in images if image.id not in deleted}
    assert lived <= set(await catalogue.names(ours.id)) <= {image.name for image in images}
    pages = [one.query for one in proxy.asked if one.path == LIST and one.query.get("owner") == ours.id]
    assert all(len(page) == len(set(page)) for page in pages)
    tokens = {one.token for one in proxy.asked}
    assert len(tokens) == 2  # one project: one login, and one more for all who were refused
    again = await catalogue.run(source_of(stack, ours))
    assert again.exit == 0
    assert await catalogue.names(ours.id) == sorted(lived)


async def test_offers_end_with_the_run_that_does_not_see_them(
    stack: Stack, projects: Projects, catalogue: Catalogue
) -> None:
    ours, other, theirs = projects
    members = {other: "accepted", theirs: "accepted"}
    first, second = (stack.image(ours, name, "shared", members=members) for name in ("first", "second"))
    moved = stack.image(ours, "moved")
    source = source_of(stack, ours, other)
    await catalogue.run(source)
    assert await catalogue.names(other.id) == await catalogue.names(theirs.id) == ["first", "second"]
    stack.withdraw(first.id, ours, other)
    stack.withdraw(first.id, ours, theirs)
    stack.offer(second.id, other, "rejected")
    stack.withdraw(second.id, ours, theirs)
    stack.patch(moved.id, "visibility", "public")
    run = await catalogue.run(source)
    assert (run.exit, run.reason) == (0, None)
    assert await catalogue.names(ours.id) == ["first", "moved", "second"]
    assert await catalogue.names(other.id) == await catalogue.names(theirs.id) == ["moved"]
    assert any("/shared/told-accepted" in scope.scope for scope in run.scopes)


async def test_what_is_deleted_goes_and_what_is_hidden_is_unlisted(
    stack: Stack, projects: Projects, catalogue: Catalogue
) -> None:
    ours = projects[0]
    gone, hidden, kept = (stack.image(ours, name) for name in ("gone", "hidden", "kept"))
    source = source_of(stack, ours)
    await catalogue.run(source)
    stack.delete(gone.id)
    stack.patch(hidden.id, "os_hidden", True)
    run = await catalogue.run(source)
    assert (run.exit, run.removed, run.unlisted) == (0, 1, 1)
    told = {str(body["name"]): body["listed"] for body in await catalogue.bodies(ours.id)}
    assert told == {"hidden": False, kept.name: True}


async def test_one_who_may_not_ask_for_members_loses_nothing_else(
    stack: Stack,
    projects: Projects,
    proxy: Between,
    catalogue: Catalogue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours, _, theirs = projects
    image = stack.image(ours, "offered", "shared", members={theirs: "accepted"})
    source = replace(source_of(stack, ours), endpoint=proxy.url)
    await catalogue.run(source)
    assert await catalogue.names(theirs.id) == ["offered"]

    proxy.refused = f"{LIST}/{image.id}/members"
    run = await catalogue.run(source)
    states = {scope.scope.split("/", 2)[2]: (scope.state, scope.reason) for scope in run.scopes}
    state, reason = states.pop(f"{theirs.id}/shared/told-accepted")
    assert state is State.INCOMPLETE
    assert "members" in str(reason)
    assert ours.id not in str(reason)
    assert "forbidden" in caplog.text
    assert {state for state, _ in states.values()} == {State.COMPLETE}
    assert await catalogue.names(ours.id) == ["offered"]
    assert await catalogue.names(theirs.id) == ["offered"]


@pytest.mark.parametrize(
    "wrong",
    [
        Password("admin", "Default", SecretStr("hush-hush"), unscoped=True),
        Password("nobody", "Default", SecretStr("hush-hush"), unscoped=True),
    ],
    ids=["a wrong password", "no such user"],
)
async def test_a_refused_login_is_told_once_and_in_words(
    wrong: Password, stack: Stack, projects: Projects, catalogue: Catalogue
) -> None:
    ours = projects[0]
    async with between(stack.keystone) as identity:
        source = replace(source_of(stack, ours, credential=wrong), identity_endpoint=identity.url)
        run = await catalogue.run(source)
    assert run.exit == 1
    for word in (f"login of user '{wrong.user}'", "configuration", "401"):
        assert word in str(run.reason)
    assert "hush-hush" not in str(run.reason)
    assert [one.path for one in identity.asked] == ["/v3/auth/tokens"]


async def test_no_administrator_lists_all_projects(
    stack: Stack, projects: Projects, catalogue: Catalogue
) -> None:
    run = await catalogue.run(replace(source_of(stack, projects[0]), all_projects=True))
    assert run.exit == 1
    assert "all_projects is set" in str(run.reason)
    assert "forbidden" in str(run.reason)


async def test_records_are_kept_as_glance_sent_them(
    stack: Stack, projects: Projects, catalogue: Catalogue
) -> None:
    ours = projects[0]
    properties = {"__os_type": "Linux", "__platform": "Ubuntu", "__os_version": "Ubuntu 22.04 server 64bit"}
    properties |= {"__support_kvm": "true", "a/b .c": "值"}
    image = stack.image(ours, "测试 镜像", properties=properties)
    await catalogue.run(source_of(stack, ours))
    (body,) = await catalogue.bodies(ours.id)
    sent = stack.ask("GET", f"{stack.glance}{LIST}/{image.id}", ours.token).body
    assert isinstance(sent, dict)
    (raw,) = await catalogue.raw(ours.id)
    assert orjson.loads(raw) == sent
    assert (body["name"], body["platform"], body["version"]) == ("测试 镜像", "Ubuntu", "22.04")
    assert body["hypervisors"] == ["kvm"]
    assert "architecture" not in body
    assert body["usable"] is False  # queued: it has no data

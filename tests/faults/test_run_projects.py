"""Projects that are forbidden, unknown, disabled or gone: only their scopes stand still."""

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from ims_catalog.sandbox.answer import Answer, forbidden
from ims_catalog.sandbox.estate import Listing
from ims_catalog.sandbox.fault import Fault, Rewrite, matching
from tests.faults.installation import Installation
from tests.faults.spoilt import ids


async def test_case_05_a_project_that_is_forbidden_freezes_alone(wide: Installation) -> None:
    await wide.run()
    frozen, other = [one for one in wide.sandbox.projects if one.region == wide.sandbox.regions[0]][:2]
    cloud = wide.sandbox.cloud
    for project in (frozen, other):
        cloud.delete(project.region, ids(wide, Listing(project.region, "private", project.id))[0])
    wide.sandbox.fail(Fault(matching(service="ims", project=frozen.id), forbidden()))
    run = await wide.run()
    assert run.exit == 3
    incomplete = {state.scope for state in run.scopes if state.state.value == "incomplete"}
    assert incomplete == {
        f"prod/{frozen.region}/{frozen.id}/private",
        f"prod/{frozen.region}/{frozen.id}/shared/accepted",
    }, "public images are listed through the next project"
    extra = (await wide.held()).keys() - wide.model().keys()
    assert len([key for key in extra if key.endswith("/own")]) == 1


async def test_an_identity_service_that_is_down_stops_no_other_source(wide: Installation) -> None:
    other = replace(wide.source, name="other", identity_endpoint=f"{wide.sandbox.url}/iam/down")
    run = await wide.run(wide.source, other)
    assert run.exit == 3
    assert "other/" in str(run.reason)
    assert await wide.held() == wide.model()


async def test_an_unknown_project_is_named(wide: Installation) -> None:
    source = replace(wide.source, projects=(wide.sandbox.projects[0].id, "nowhere"))
    run = await wide.run(source)
    assert run.exit == 3
    assert "no project has the name or id 'nowhere'; the account sees: " in str(run.reason)


@pytest.mark.parametrize(
    ("endpoint", "named"),
    [
        ("https://host:99999", "https://host:99999 is not an address: Port out of range"),
        ("https://[::1", "https://[::1 is not an address"),
        ("http://a..b", "a..b/v2/cloudimages: this is not the name of a host"),
    ],
)
async def test_an_endpoint_that_cannot_be_stops_no_other_source(
    wide: Installation, endpoint: str, named: str
) -> None:
    run = await wide.run(wide.source, replace(wide.source, name="other", endpoint=endpoint))
    assert run.exit == 3
    assert named in f"{run.reason} {[one.reason for one in run.scopes]}"
    assert await wide.held() == wide.model()


def without(project: str) -> Rewrite:
    return Rewrite(lambda body: changed_projects(body, lambda one: [] if one["id"] == project else [one]))


def disabling(project: str) -> Rewrite:
    return Rewrite(
        lambda body: changed_projects(body, lambda one: [{**one, "enabled": one["id"] != project}])
    )


def changed_projects(body: bytes, change: Callable[[dict[str, object]], list[dict[str, object]]]) -> bytes:
    answer = orjson.loads(body)
    return orjson.dumps({"projects": [kept for one in answer["projects"] for kept in change(one)]})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(without, "the account no longer sees this project", id="not in the list"),
        pytest.param(disabling, "the project is disabled", id="disabled"),
    ],
)
async def test_a_project_that_drops_out_is_told_and_keeps_its_images(
    wide: Installation, spoil: Callable[[str], Rewrite], reason: str
) -> None:
    first = await wide.run()
    before = await wide.held()
    project = next(one for one in wide.sandbox.projects if one.region == wide.sandbox.regions[0])
    fault = wide.sandbox.fail(Fault(matching(service="iam"), spoil(project.id)))
    for _ in range(2):
        run = await wide.run()
        assert (run.exit, run.generation) == (3, first.generation)
        assert await wide.held() == before
        lost = {scope: one for scope, one in (await wide.states()).items() if one.state.value == "incomplete"}
        assert lost.keys() == {
            f"prod/{project.region}/{project.id}/private",
            f"prod/{project.region}/{project.id}/shared/accepted",
        }
        assert {one.reason for one in lost.values()} == {reason}
        assert all(one.last_complete and one.last_complete < run.started for one in lost.values())
        assert sum(one.carried for one in lost.values()) > 0

    wide.sandbox.faults.remove(fault)
    assert (await wide.run()).exit == 0


@pytest.mark.parametrize("mark", [{"truncated": True}, {"links": {"next": "https://iam.example.com/2"}}])
async def test_a_cut_list_of_projects_is_not_crawled(wide: Installation, mark: dict[str, object]) -> None:
    def cut(body: bytes) -> bytes:
        return orjson.dumps({"projects": orjson.loads(body)["projects"][:1], **mark})

    await wide.run()
    before = await wide.held()
    wide.sandbox.fail(Fault(matching(service="iam"), Rewrite(cut)))
    run = await wide.run()
    assert run.exit == 1
    assert "the list of projects is cut" in str(run.reason)
    assert await wide.held() == before


@pytest.mark.parametrize("project", ["a/b", "a\r\nX-Auth-Token: b", "", "é" * 100])
async def test_a_project_id_that_would_change_a_request_is_refused(wide: Installation, project: str) -> None:
    body = orjson.dumps({"projects": [{"id": project, "name": wide.sandbox.regions[0]}]})
    wide.sandbox.fail(Fault(matching(service="iam"), Answer(200, body)))
    run = await wide.run()
    assert run.exit == 1
    assert "unusable answer" in str(run.reason)
    assert {one.service for one in wide.sandbox.requests} == {"iam"}

"""Fault case 12, as far as the cloud goes: an image that no listing shows is asked for by its id."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from ims_catalog.sandbox.answer import Answer, forbidden, image_error, throttled
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.fault import Effect, Fault, Hang, Received, Rewrite
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.asked import Asked, Found, Gone, Unanswered
from indexer.sources.source import Source
from mappings.scope import ImageType
from tests.faults.crawling import account, open_crawl
from tests.faults.installation import LIMITS
from tests.faults.spoilt import BROKEN

ESTATE = draw_estate(images=120, seed=22, regions=1, projects=2)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with await start_sandbox(ESTATE) as one:
        yield one


def by_id(received: Received) -> bool:
    return "id" in received.parameters


def images_of(sandbox: Sandbox, image_type: str, project: str | None = None) -> list[str]:
    listing = Listing(sandbox.regions[0], image_type, project)
    return [str(one["id"]) for one in sandbox.cloud.records(listing)]


async def answers(
    sandbox: Sandbox, folder: Path, scope: str, *images: str, source: Source | None = None
) -> dict[str, Asked]:
    chosen = source or replace(account(sandbox), image_types=(ImageType.GOLD, ImageType.PRIVATE))
    limits = replace(LIMITS, request_timeout=0.5, attempts=2)
    async with open_crawl([chosen], folder, limits=limits) as (crawl, _):
        await crawl.listed()
        return (await crawl.ask({scope: images}))[scope]


async def test_case_12_an_image_that_is_hidden_is_found_and_one_that_is_deleted_is_gone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    region = sandbox.regions[0]
    listed, hidden, deleted = images_of(sandbox, "gold")[:3]
    sandbox.cloud.hide(region, hidden)
    sandbox.cloud.patch(region, hidden, name="superseded_prev")
    sandbox.cloud.delete(region, deleted)
    assert hidden not in images_of(sandbox, "gold")
    told = await answers(sandbox, tmp_path, f"prod/{region}/gold", listed, hidden, deleted, "never-was")
    assert (told[deleted], told["never-was"]) == (Gone(), Gone())
    for image, name in ((hidden, "superseded_prev"), (listed, sandbox.cloud.image(region, listed)["name"])):
        found = told[image]
        assert isinstance(found, Found)
        assert (found.record["id"], found.record["name"]) == (image, name)


async def test_a_private_image_is_asked_for_by_its_project(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = sandbox.projects
    image = images_of(sandbox, "private", first.id)[0]
    for member in sandbox.cloud.members(first.region, image):
        sandbox.cloud.unshare(first.region, image, member)
    source = replace(
        account(sandbox), image_types=(ImageType.PRIVATE,), enterprise_project_id="all_granted_eps"
    )
    for project, expected in ((first, Found), (second, Gone)):
        scope = f"prod/{project.region}/{project.id}/private"
        told = await answers(sandbox, tmp_path, scope, image, source=source)
        assert isinstance(told[image], expected)
    asked = [one for one in sandbox.requests if by_id(one)]
    assert [one.project for one in asked] == [first.id, second.id]
    assert {one.parameters["enterprise_project_id"] for one in asked} == {"all_granted_eps"}


def saying(**changes: object) -> Rewrite:
    def change(body: bytes) -> bytes:
        page = orjson.loads(body)
        return orjson.dumps({"images": [{**record, **changes} for record in page["images"]]})

    return Rewrite(change)


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        *(
            pytest.param(image_error(code, "The image does not exist"), Gone(), id=code)
            for code in ("IMG.0027", "IMG.0066", "IMG.0086", "IMG.0144")
        ),
        pytest.param(Answer(200, b'{"images": []}'), Gone(), id="an empty page"),
        pytest.param(saying(status="deleted"), Gone(), id="its status is deleted"),
        pytest.param(saying(deleted=True), Gone(), id="it is flagged as deleted"),
        pytest.param(saying(deleted="true"), Gone(), id="the flag is a text"),
        pytest.param(saying(status="killed"), Found, id="killed, which is there and useless"),
        pytest.param(saying(deleted=False, status="queued"), Found, id="being made"),
        pytest.param(saying(id="another"), "it tells of others", id="a cloud that ignores the id"),
        pytest.param(Answer(200, b"{}"), "a list 'images'", id="an empty object"),
        pytest.param(Answer(200, b'{"images": null}'), "is a list", id="images is null"),
        pytest.param(Answer(200, b"<html>Sign in</html>"), "an HTML page", id="a login page"),
        pytest.param(Answer(404, b""), "HTTP 404", id="no such call is no such image"),
        pytest.param(forbidden(), "forbidden", id="forbidden"),
        pytest.param(throttled(), "throttl", id="throttled for ever"),
        pytest.param(BROKEN, "IMG.0061", id="a server error"),
        pytest.param(Hang(), "no whole answer", id="silence"),
    ],
)
async def test_what_an_answer_means(
    sandbox: Sandbox, tmp_path: Path, effect: Effect, expected: Asked | type | str
) -> None:
    sandbox.fail(Fault(by_id, effect))
    image = images_of(sandbox, "gold")[0]
    told = (await answers(sandbox, tmp_path, f"prod/{sandbox.regions[0]}/gold", image))[image]
    match expected:
        case str():
            assert isinstance(told, Unanswered)
            assert expected in told.reason
        case type():
            assert isinstance(told, expected)
        case _:
            assert told == expected


async def test_a_public_image_is_asked_for_through_the_next_project(sandbox: Sandbox, tmp_path: Path) -> None:
    first = sandbox.projects[0]
    sandbox.fail(Fault(lambda one: by_id(one) and one.project == first.id, forbidden()))
    image = images_of(sandbox, "gold")[0]
    told = await answers(sandbox, tmp_path, f"prod/{sandbox.regions[0]}/gold", image)
    assert isinstance(told[image], Found)


async def test_what_fails_three_times_is_not_asked_on(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.fail(Fault(by_id, forbidden()))
    project = sandbox.projects[0]
    scope = f"prod/{project.region}/{project.id}/private"
    told = await answers(sandbox, tmp_path, scope, *(f"image-{number}" for number in range(50)))
    assert len(told) == 50
    assert all(isinstance(one, Unanswered) for one in told.values())
    assert len([one for one in sandbox.requests if by_id(one)]) < 3 + LIMITS.concurrency


async def test_what_cannot_be_asked_says_why(sandbox: Sandbox, tmp_path: Path) -> None:
    scope = f"prod/{sandbox.regions[0]}/gold"
    told = await answers(sandbox, tmp_path, scope, "half \ud800", "x" * 256)
    assert set(told.values()) == {Unanswered("its id cannot be sent")}
    assert await answers(sandbox, tmp_path, "prod/elsewhere/gold", "a") == {
        "a": Unanswered("the scope cannot be reached")
    }
    assert not any(map(by_id, sandbox.requests))

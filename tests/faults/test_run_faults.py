"""Runs against a cloud that fails: nothing is lost but what the cloud says is gone."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from ims_catalog.sandbox.answer import Answer, forbidden, image_error, throttled
from ims_catalog.sandbox.estate import Listing
from ims_catalog.sandbox.fault import Cut, Effect, Fault, Flood, Hang, Received, Rewrite, matching
from ims_catalog.sandbox.login import TEMPORARY
from indexer.sources.credential import AccessKey
from mappings.document import key_of
from mappings.scope import View
from tests.faults.installation import LIMITS, Installation, scope_id

BROKEN = Answer(500, b'{"error":{"code":"IMG.0061","message":"unknown"}}')


def gold(installation: Installation, region: int = 0) -> Listing:
    return Listing(installation.sandbox.regions[region], "gold")


def ids(installation: Installation, listing: Listing) -> list[str]:
    return [str(record["id"]) for record in installation.sandbox.cloud.records(listing)]


async def test_a_page_that_fails_for_ever_loses_nothing(long: Installation) -> None:
    await long.run()
    before = await long.held()
    cloud, listing = long.sandbox.cloud, gold(long)
    images = ids(long, listing)
    cloud.patch(listing.region, images[3], name="renamed on page 1")
    cloud.delete(listing.region, images[5])
    cloud.delete(listing.region, images[-5])
    private = next(one for one in cloud.estate.listings() if one.image_type == "private")
    gone = ids(long, private)[0]
    cloud.delete(listing.region, gone)
    fault = long.sandbox.fail(Fault(lambda one: one.image_type == "gold" and one.page >= 3, BROKEN))

    run = await long.run()
    assert (run.exit, run.outcome.value) == (3, "published")
    held = await long.held()
    key = key_of("huawei", listing.region, images[3], View.PUBLIC)
    assert held[key].name == "renamed on page 1", "what was seen is fresh"
    assert before.keys() - held.keys() == {key_of("huawei", listing.region, gone, View.OWN)}, (
        "only what a complete scope lists no more is gone"
    )
    state = (await long.states())[scope_id(listing)]
    assert (state.state.value, state.last_complete is not None) == ("incomplete", True)
    assert state.reason is not None
    assert "IMG.0061" in state.reason
    assert state.seen + state.carried == len(images)
    assert state.carried > 0

    long.sandbox.faults.remove(fault)
    assert (await long.run()).exit == 0
    assert await long.held() == long.model()


def cut_in_the_middle(body: bytes) -> bytes:
    return body[: len(body) // 2]


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        pytest.param(Cut(2_000), "the connection broke", id="the connection breaks"),
        pytest.param(Rewrite(cut_in_the_middle), "is not JSON", id="half a page, of the right length"),
        pytest.param(Answer(200, b'{"images": null}'), "'images' of a page", id="images is null"),
        pytest.param(Answer(200, b"{}"), "a list 'images'", id="an empty object"),
        pytest.param(Answer(200, b"[]"), "is an object", id="an array"),
        pytest.param(
            Answer(200, b"<!doctype html><title>Sign in</title>", content_type="text/html"),
            "an HTML page",
            id="a login page",
        ),
        pytest.param(Flood(3_000_000), "more than 2000000 bytes", id="a flood"),
        pytest.param(Flood(300_000_000, compressed=True), "more than 2000000 bytes", id="a bomb"),
        pytest.param(forbidden(), "forbidden", id="forbidden"),
        pytest.param(throttled("1"), "throttl", id="throttled for ever"),
        pytest.param(image_error("IMG.0024", "bad type"), "IMG.0024", id="a malformed request"),
        pytest.param(Answer(503, b"<html>busy</html>"), "HTTP 503", id="a broken gateway"),
        pytest.param(
            Answer(302, b"", {"Location": "http://127.0.0.1:1/v2/cloudimages"}), "redirect", id="a redirect"
        ),
    ],
)
async def test_a_scope_that_fails_keeps_its_images(wide: Installation, effect: Effect, reason: str) -> None:
    await wide.run()
    listing = gold(wide)
    kept = ids(wide, listing)[0]
    deleted = ids(wide, gold(wide, 1))[0]
    wide.sandbox.cloud.delete(listing.region, kept)
    wide.sandbox.cloud.delete(wide.sandbox.regions[1], deleted)
    wide.sandbox.fail(Fault(matching(region=listing.region, image_type="gold"), effect))
    run = await wide.run(limits=replace(LIMITS, largest_body=2_000_000))
    assert run.exit == 3
    incomplete = {state.scope: state.reason for state in run.scopes if state.state.value == "incomplete"}
    assert incomplete.keys() == {scope_id(listing)}
    assert reason in str(incomplete[scope_id(listing)])
    held = await wide.held()
    assert key_of("huawei", listing.region, kept, View.PUBLIC) in held
    assert held.keys() - wide.model().keys() == {key_of("huawei", listing.region, kept, View.PUBLIC)}, (
        "the others are followed, deletions too"
    )


async def test_a_glitch_is_asked_again(wide: Installation) -> None:
    for effect in (BROKEN, Cut(100), throttled("1"), image_error("IMG.0060", "flow control")):
        wide.sandbox.fail(Fault(matching(image_type="gold", region=wide.sandbox.regions[0]), effect, times=1))
    assert (await wide.run(limits=replace(LIMITS, attempts=6))).exit == 0
    assert await wide.held() == wide.model()


async def test_a_project_that_is_forbidden_freezes_alone(wide: Installation) -> None:
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


async def test_no_scope_complete_publishes_nothing(wide: Installation) -> None:
    wide.sandbox.fail(Fault(matching(service="ims"), BROKEN))
    run = await wide.run()
    assert (run.exit, run.outcome.value) == (1, "failed")
    assert "no scope could be listed whole" in str(run.reason)
    assert await wide.writer.served() is None


async def test_a_failed_run_leaves_what_is_served_and_its_age(wide: Installation) -> None:
    first = await wide.run()
    before, states = await wide.held(), await wide.states()
    wide.sandbox.fail(Fault(matching(), BROKEN))
    run = await wide.run()
    assert (run.exit, run.outcome.value, run.generation) == (1, "failed", first.generation)
    assert await wide.held() == before
    assert await wide.writer.served() == first.generation
    after = await wide.states()
    assert {name: one.last_complete for name, one in after.items()} == {
        name: one.last_complete for name, one in states.items()
    }
    assert {one.state.value for one in after.values()} == {"incomplete"}
    assert sum(one.carried for one in after.values()) == sum(one.seen for one in states.values())


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


async def test_flavors_that_fail_cost_no_image_and_stay(wide: Installation) -> None:
    first = await wide.run()
    assert first.generation is not None
    before = await wide.writer.companions(first.generation)
    wide.sandbox.fail(Fault(matching(service="ecs"), BROKEN))
    wide.sandbox.fail(Fault(lambda one: one.path.endswith("os_version"), BROKEN))
    wide.sandbox.cloud.add(wide.sandbox.regions[0], {"name": "new", "__imagetype": "gold"})
    run = await wide.run()
    assert (run.exit, run.added) == (0, 1)
    assert run.problems["flavors not fetched"] == 3
    assert run.generation is not None
    assert await wide.writer.companions(run.generation) == before


def deleting(installation: Installation, times: int) -> Callable[[Received], bool]:
    """Delete the image that the next page is to start after, just before that page is asked for."""
    left = [times]

    def strike(received: Received) -> bool:
        marker = received.parameters.get("marker")
        if received.image_type == "gold" and marker and left[0]:
            left[0] -= 1
            installation.sandbox.cloud.delete(str(received.region), marker)
        return False

    return strike


async def test_a_marker_that_is_deleted_costs_nothing_that_lives(long: Installation) -> None:
    images = ids(long, gold(long))
    long.sandbox.fail(Fault(deleting(long, times=2), BROKEN))
    run = await long.run()
    assert run.exit == 0
    assert len(ids(long, gold(long))) == len(images) - 2
    held, model = await long.held(), long.model()
    assert model.items() <= held.items()
    assert len(held) == len(model) + 2, "what was deleted once it was seen goes in the next run"
    assert (await long.run()).exit == 0
    assert await long.held() == model


async def test_a_listing_that_always_has_to_start_again_ends(long: Installation) -> None:
    long.sandbox.fail(Fault(deleting(long, times=99), BROKEN))
    run = await long.run()
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(gold(long)))
    assert state.reason == (
        "images were deleted while they were listed, 4 times in a row; seen were 1 page with 500 images"
    )


def with_marker(marker: str) -> Rewrite:
    def change(body: bytes) -> bytes:
        return orjson.dumps({**orjson.loads(body), "page_info": {"next_marker": marker}})

    return Rewrite(change)


def the_same_page(images: list[str]) -> list[Fault]:
    page = orjson.dumps({"images": [{"id": image} for image in images[:500]]})
    return [Fault(matching(image_type="gold"), Answer(200, page))]


def the_same_marker(images: list[str]) -> list[Fault]:
    return [Fault(matching(image_type="gold"), with_marker(images[0]))]


def a_circle(images: list[str]) -> list[Fault]:
    there, back = images[600], images[10]
    return [
        Fault(lambda one: one.parameters.get("marker") == there, with_marker(back)),
        Fault(matching(image_type="gold"), with_marker(there)),
    ]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(the_same_page, "a page brought no image that", id="a server that ignores the marker"),
        pytest.param(the_same_marker, "a marker came back a second time", id="the same marker for ever"),
        pytest.param(a_circle, "a marker came back a second time", id="two pages in a circle"),
    ],
)
async def test_pages_that_never_end_are_incomplete(
    long: Installation, spoil: Callable[[list[str]], list[Fault]], reason: str
) -> None:
    for fault in spoil(ids(long, gold(long))):
        long.sandbox.fail(fault)
    run = await long.run()
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(gold(long)))
    assert str(state.reason).startswith(reason)


async def test_a_listing_has_so_many_pages(long: Installation) -> None:
    run = await long.run(limits=replace(LIMITS, pages=2))
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(gold(long)))
    assert state.reason == "the listing has more than 2 pages; seen were 2 pages with 1,000 images"


async def test_a_poisoned_record_costs_neither_its_page_nor_itself(wide: Installation) -> None:
    def poison(body: bytes) -> bytes:
        page = orjson.loads(body)
        if not page["images"]:
            return body
        records = [*page["images"], {"name": "no id"}]
        text = orjson.dumps({"images": records}).decode()
        first = str(page["images"][0]["id"])
        return text.replace(
            f'"id":"{first}"', f'"id":"{first}","__huge":1e999,"__lone":"\\ud800"', 1
        ).encode()

    wide.sandbox.fail(Fault(matching(image_type="gold"), Rewrite(poison)))
    run = await wide.run()
    assert (run.exit, run.refused) == (0, len(wide.sandbox.regions))
    assert await wide.held() == wide.model()


UNUSABLE = pytest.mark.parametrize(
    "unusable", ["half \ud800", "x" * 256], ids=["half a character", "too long"]
)


@UNUSABLE
async def test_a_page_that_ends_in_an_unusable_id_costs_no_scope(long: Installation, unusable: str) -> None:
    def append(body: bytes) -> bytes:
        page = orjson.loads(body)
        records = [*page["images"], {"id": unusable}]
        return json.dumps({**page, "images": records}).encode()

    long.sandbox.fail(Fault(matching(image_type="gold", page=1), Rewrite(append)))
    assert (await long.run()).exit == 0
    assert (await long.held()).keys() - long.model().keys() == {
        str(key) for key in await long.held() if "half" in key or "xxx" in key
    }
    assert long.model().keys() <= (await long.held()).keys(), "the pages behind it were asked for"


@UNUSABLE
@pytest.mark.parametrize("more", [1, 3])
async def test_a_listing_that_ends_in_unusable_ids_is_whole(
    wide: Installation, unusable: str, more: int
) -> None:
    listing = gold(wide)
    names = {f"last {number}" for number in range(more)}
    for number in range(more):
        wide.sandbox.cloud.add(
            listing.region, {"__imagetype": "gold", "id": f"{unusable}{number}", "name": f"last {number}"}
        )
    run = await wide.run()
    assert run.exit == 0
    assert names <= {str(one.name) for one in (await wide.held()).values()}


async def test_pages_of_unusable_ids_only_are_incomplete(wide: Installation) -> None:
    page = b'{"images": [{"id": "half \\ud800"}]}'
    wide.sandbox.fail(Fault(matching(image_type="gold"), Answer(200, page)))
    run = await wide.run()
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(gold(wide)))
    assert str(state.reason).startswith("a page holds no id that the next page could be asked for with;")


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


async def test_too_many_records_in_a_page_are_refused(wide: Installation) -> None:
    page = b'{"images": [' + b",".join([b"{}"] * 2001) + b"]}"
    wide.sandbox.fail(Fault(matching(image_type="gold", region=wide.sandbox.regions[0]), Answer(200, page)))
    run = await wide.run()
    state = next(one for one in run.scopes if one.scope == scope_id(gold(wide)))
    assert (run.exit, state.seen) == (3, 0)
    assert "2000 records at most" in str(state.reason)


@pytest.mark.parametrize("project", ["a/b", "a\r\nX-Auth-Token: b", "", "é" * 100])
async def test_a_project_id_that_would_change_a_request_is_refused(wide: Installation, project: str) -> None:
    body = orjson.dumps({"projects": [{"id": project, "name": wide.sandbox.regions[0]}]})
    wide.sandbox.fail(Fault(matching(service="iam"), Answer(200, body)))
    run = await wide.run()
    assert run.exit == 1
    assert "unusable answer" in str(run.reason)
    assert {one.service for one in wide.sandbox.requests} == {"iam"}


async def test_silence_ends_with_the_deadlines(wide: Installation) -> None:
    listing = gold(wide)
    wide.sandbox.fail(Fault(matching(region=listing.region, image_type="gold"), Hang()))
    run = await wide.run(limits=replace(LIMITS, request_timeout=30.0, scope_deadline=2.0))
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(listing))
    assert state.reason == "the deadline passed; no page was seen"


async def test_the_deadline_of_the_run_ends_everything(wide: Installation) -> None:
    wide.sandbox.fail(Fault(matching(service="ims"), Hang()))
    run = await wide.run(limits=replace(LIMITS, request_timeout=30.0, run_deadline=0.5))
    assert run.exit == 1
    assert "the deadline passed" in str(run.reason)


async def test_two_sources_that_disagree_are_counted_and_the_first_is_right(wide: Installation) -> None:
    listing = gold(wide)
    image = ids(wide, listing)[0]

    def from_second(received: Received) -> bool:
        return received.image_type == "gold" and "x-security-token" in received.headers

    def rename(body: bytes) -> bytes:
        page = orjson.loads(body)
        for record in page["images"]:
            if record["id"] == image:
                record["name"] = "told otherwise"
        return orjson.dumps(page)

    wide.sandbox.fail(Fault(from_second, Rewrite(rename)))
    temporary = AccessKey(
        SecretStr(TEMPORARY.access), SecretStr(TEMPORARY.secret), SecretStr(str(TEMPORARY.security_token))
    )
    second = replace(wide.source, name="second", credential=temporary)
    run = await wide.run(wide.source, second)
    assert (run.exit, run.problems["disagreement"]) == (0, 1)
    name = (await wide.held())[key_of("huawei", listing.region, image, View.PUBLIC)].name
    assert name == wide.sandbox.cloud.image(listing.region, image)["name"]


async def test_a_run_that_is_interrupted_leaves_nothing_behind(wide: Installation) -> None:
    first = await wide.run()
    before = {path.name for path in wide.folder.iterdir()}
    asked = asyncio.Event()

    def market(received: Received) -> bool:
        if received.image_type == "market":
            asked.set()
        return received.image_type == "market"

    wide.sandbox.fail(Fault(market, Hang()))
    running = asyncio.create_task(wide.run(limits=replace(LIMITS, request_timeout=30.0)))
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert {path.name for path in wide.folder.iterdir()} == before
    assert await wide.writer.served() == first.generation
    latest = (await wide.ledger.runs(1))[0]
    assert (latest.outcome.value, latest.reason) == ("failed", "the run was interrupted")


def files_with(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def test_a_wrong_secret_is_reported_without_it(wide: Installation) -> None:
    secret = "a-secret-that-is-wrong-and-must-not-show"
    source = replace(wide.source, credential=AccessKey(SecretStr(wide.sandbox.access_key), SecretStr(secret)))
    run = await wide.run(source)
    assert run.exit == 1
    for text in (repr(run), str(run.reason), repr(source), repr(wide.sandbox.requests)):
        assert secret not in text
        assert wide.sandbox.access_key not in text
    assert not files_with(secret, wide.folder)

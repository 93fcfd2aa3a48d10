"""Pages that fail, are cut, repeat or never end: the scope is incomplete and loses nothing."""

import json
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from ims_catalog.sandbox.answer import Answer, forbidden, image_error, throttled
from ims_catalog.sandbox.fault import Cut, Effect, Fault, Flood, Rewrite, matching
from mappings.document import key_of
from mappings.scope import View
from tests.faults.installation import LIMITS, Installation, scope_id
from tests.faults.spoilt import BROKEN, gold, ids


async def test_case_01_a_page_that_fails_for_ever_loses_nothing(long: Installation) -> None:
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
async def test_cases_02_and_04_a_scope_that_fails_keeps_its_images(
    wide: Installation, effect: Effect, reason: str
) -> None:
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
async def test_case_09_pages_that_never_end_are_incomplete(
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


async def test_pages_of_unusable_ids_only_are_incomplete(wide: Installation) -> None:
    page = b'{"images": [{"id": "half \\ud800"}]}'
    wide.sandbox.fail(Fault(matching(image_type="gold"), Answer(200, page)))
    run = await wide.run()
    assert run.exit == 3
    state = next(one for one in run.scopes if one.scope == scope_id(gold(wide)))
    assert str(state.reason).startswith("a page holds no id that the next page could be asked for with;")


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


async def test_too_many_records_in_a_page_are_refused(wide: Installation) -> None:
    page = b'{"images": [' + b",".join([b"{}"] * 2001) + b"]}"
    wide.sandbox.fail(Fault(matching(image_type="gold", region=wide.sandbox.regions[0]), Answer(200, page)))
    run = await wide.run()
    state = next(one for one in run.scopes if one.scope == scope_id(gold(wide)))
    assert (run.exit, state.seen) == (3, 0)
    assert "2000 records at most" in str(state.reason)

"""Listing one scope: whole, or incomplete with the reason and the pages and images that were seen."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ims_catalog.sandbox.answer import Answer
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.fault import Cut, Effect, Fault, Rewrite, matching
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.listing import Listed
from mappings.scope import ImageType
from tests.faults.crawling import account, brought
from tests.faults.installation import LIMITS
from tests.faults.spoilt import BROKEN

ESTATE = draw_estate(images=140, seed=21, regions=1, projects=1)
SCOPE = f"prod/{ESTATE.regions[0]}/gold"


@pytest.fixture(params=[False, True], ids=["no marker told", "next_marker told"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A cloud whose pages hold ten images."""
    async with await start_sandbox(ESTATE, largest_page=10, page_info=bool(request.param)) as one:
        yield one


async def listed(sandbox: Sandbox, folder: Path, pages: int = LIMITS.pages) -> tuple[Listed, set[str]]:
    source = replace(account(sandbox), image_types=(ImageType.GOLD,))
    found = await brought([source], folder, limits=replace(LIMITS, pages=pages))
    return found.ended(SCOPE), set(found.images.get(SCOPE, ()))


def gold_of(sandbox: Sandbox) -> list[str]:
    return [str(one["id"]) for one in sandbox.cloud.records(Listing(sandbox.regions[0], "gold"))]


async def test_a_whole_listing_counts_its_pages_images_and_time(sandbox: Sandbox, tmp_path: Path) -> None:
    ended, images = await listed(sandbox, tmp_path)
    assert (ended.reason, ended.pages, ended.images) == (None, 5, 42)
    assert images == set(gold_of(sandbox))
    assert 0 < ended.took < 60


def halved(body: bytes) -> bytes:
    return body[: len(body) // 2]


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        pytest.param(BROKEN, "IMG.0061", id="case 1: an error for ever"),
        pytest.param(Cut(900), "the connection broke", id="case 2: the connection breaks"),
        pytest.param(Rewrite(halved), "is not JSON", id="case 2: half a page, of the right length"),
        pytest.param(Answer(200, b"<html><title>Sign in</title>"), "an HTML page", id="case 4: a login page"),
        pytest.param(Answer(200, b'{"images": null}'), "this is null", id="case 4: images is null"),
        pytest.param(Answer(200, b"{}"), "this has none", id="case 4: an empty object"),
        pytest.param(Answer(200, b""), "(empty)", id="nothing at all"),
        pytest.param(Answer(200, b'{"images": [7]}'), "this is a number", id="a record that is none"),
    ],
)
async def test_cases_01_02_and_04_what_was_seen_before_a_page_failed_is_told(
    sandbox: Sandbox, tmp_path: Path, effect: Effect, reason: str
) -> None:
    sandbox.fail(Fault(lambda one: one.image_type == "gold" and one.page >= 3, effect))
    ended, images = await listed(sandbox, tmp_path)
    assert reason in str(ended.reason)
    assert str(ended.reason).endswith("; seen were 2 pages with 20 images")
    assert (ended.state.value, ended.pages, ended.images) == ("incomplete", 2, 20)
    assert images == set(gold_of(sandbox)[:20]), "no half of a page is used"


async def test_a_first_page_that_fails_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.fail(Fault(matching(image_type="gold"), BROKEN))
    ended, images = await listed(sandbox, tmp_path)
    assert str(ended.reason).endswith("; no page was seen")
    assert (ended.pages, ended.images, images) == (0, 0, set())


@pytest.mark.parametrize("more", [0, 1, 2])
async def test_a_listing_of_as_many_pages_as_are_allowed_is_whole(
    sandbox: Sandbox, tmp_path: Path, more: int
) -> None:
    ended, _ = await listed(sandbox, tmp_path, pages=4 + more)
    if more == 0:
        assert ended.reason == "the listing has more than 4 pages; seen were 4 pages with 40 images"
    else:
        assert ended.reason is None

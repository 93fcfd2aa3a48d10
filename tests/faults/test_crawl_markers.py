"""Fault cases 7 and 8: images vanish while they are listed; what lived throughout is there all the same."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ims_catalog.sandbox.cloud import UnknownImage
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.fault import Fault, Hang, Received
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from mappings.scope import ImageType
from tests.faults.crawling import account, brought
from tests.faults.installation import LIMITS
from tests.soak import SOAKING

ESTATE = draw_estate(images=140, seed=21, regions=1, projects=1)
SEEDS = 1_000 if SOAKING else 40


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A cloud whose pages hold ten images."""
    async with await start_sandbox(ESTATE, largest_page=10) as one:
        yield one


def gold_of(sandbox: Sandbox) -> list[str]:
    return [str(one["id"]) for one in sandbox.cloud.records(Listing(sandbox.regions[0], "gold"))]


def before_each_page(sandbox: Sandbox, act: Callable[[str | None], None]) -> None:
    def strike(received: Received) -> bool:
        if received.image_type == "gold":
            act(received.parameters.get("marker"))
        return False

    sandbox.fail(Fault(strike, Hang()))


@pytest.mark.parametrize(
    "vanish",
    [
        pytest.param(1, id="the marker alone"),
        pytest.param(4, id="the last four of a page"),
        pytest.param(10, id="a whole page"),
        pytest.param(25, id="two pages and a half"),
    ],
)
async def test_case_07_a_listing_goes_on_from_an_image_that_still_lives(
    sandbox: Sandbox, tmp_path: Path, vanish: int
) -> None:
    images = gold_of(sandbox)
    region = sandbox.regions[0]

    def delete(marker: str | None) -> None:
        if marker == images[39]:
            for image in images[40 - vanish : 40]:
                if image in gold_of(sandbox):
                    sandbox.cloud.delete(region, image)

    before_each_page(sandbox, delete)
    found = await brought(
        [replace(account(sandbox), image_types=(ImageType.GOLD,))],
        tmp_path,
        limits=replace(LIMITS, restarts=0),
    )
    ended = found.ended(f"prod/{region}/gold")
    assert (ended.reason, ended.refused) == (None, 0)
    assert found.images[ended.scope.id] >= set(gold_of(sandbox)), "what lived throughout is there"
    assert ended.images == len(images), "what comes once more counts once"
    assert ended.pages == 5, "it goes on from near by"


async def test_case_07_a_listing_starts_again_where_no_earlier_image_lives(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    images = gold_of(sandbox)
    region = sandbox.regions[0]
    left = [1]

    def delete(marker: str | None) -> None:
        if marker == images[29] and left[0]:
            left[0] = 0
            for image in images[:30]:
                sandbox.cloud.delete(region, image)

    before_each_page(sandbox, delete)
    found = await brought([replace(account(sandbox), image_types=(ImageType.GOLD,))], tmp_path)
    ended = found.ended(f"prod/{region}/gold")
    assert ended.reason is None
    assert found.images[ended.scope.id] == set(images[30:]), "what only the first attempt saw does not count"
    assert ended.images == len(images) - 30


async def test_case_07_a_restart_that_fails_leaves_the_scope_incomplete(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    region = sandbox.regions[0]

    def delete(marker: str | None) -> None:
        if marker is not None:
            try:
                sandbox.cloud.delete(region, marker)
            except UnknownImage:
                return

    before_each_page(sandbox, delete)
    found = await brought([replace(account(sandbox), image_types=(ImageType.GOLD,))], tmp_path)
    ended = found.ended(f"prod/{region}/gold")
    assert str(ended.reason).startswith(
        "images were deleted while they were listed, 4 times in a row; seen were"
    )
    assert ended.scope.id not in found.crawled.complete


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_case_08_a_storm_hides_nothing_that_lived_throughout(
    sandbox: Sandbox, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    region = sandbox.regions[0]
    alive = gold_of(sandbox)
    throughout = set(alive)

    def delete(image: str) -> None:
        if image in alive and len(alive) > 20:
            sandbox.cloud.delete(region, image)
            alive.remove(image)
            throughout.discard(image)

    def blow(marker: str | None) -> None:
        if marker is not None and chance.random() < 0.4:
            place = alive.index(marker) if marker in alive else 0
            for image in alive[max(0, place - chance.randrange(15)) : place + 1]:
                delete(image)
        for _ in range(chance.randrange(4)):
            alive.append(sandbox.cloud.add(region, {"__imagetype": "gold", "name": "new"}))
            delete(chance.choice(alive))
            sandbox.cloud.patch(region, chance.choice(alive), name=f"renamed {chance.random()}")

    before_each_page(sandbox, blow)
    found = await brought([replace(account(sandbox), image_types=(ImageType.GOLD,))], tmp_path)
    ended = found.ended(f"prod/{region}/gold")
    if ended.reason is None:
        assert throughout <= found.images[ended.scope.id]
    else:
        assert ended.reason.startswith("images were deleted while they were listed")

"""Scopes that are not due are neither asked for nor counted as listed."""

from pathlib import Path

import pytest

from engines.ledger import State
from tests.faults.crawling import account, brought
from tests.faults.installation import Installation


@pytest.mark.parametrize(
    ("only", "due"),
    [
        pytest.param("gold", {"gold"}, id="one scope"),
        pytest.param("", {"gold", "market", "private", "shared"}, id="a region"),
        pytest.param("gol", set(), id="a begin that does not end in a slash"),
    ],
)
async def test_what_is_not_due_is_left_alone(
    wide: Installation, tmp_path: Path, only: str, due: set[str]
) -> None:
    region = wide.sandbox.regions[0]
    found = await brought([account(wide.sandbox)], tmp_path, only={f"prod/{region}/{only}"})
    complete = [one.scope for one in found.crawled.scopes if one.state is State.COMPLETE]
    assert {scope.image_type.value for scope in complete} == due
    assert {scope.region for scope in complete} <= {region}
    assert {scope.id for scope in complete} == found.crawled.complete >= found.images.keys()
    others = [one for one in found.crawled.scopes if one.scope not in complete]
    assert {(one.state, one.pages, one.took) for one in others} == {(State.NOT_DUE, 0, 0.0)}
    asked = {one.image_type for one in wide.sandbox.requests if one.path.endswith("/cloudimages")}
    assert asked == due

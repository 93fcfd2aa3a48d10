"""Flavors and OS versions: fetched now, or kept from before."""

import pytest

from engines.base import Companions
from indexer.companions import Fetched, Table, merge_companions

BEFORE = Companions(
    flavors=(
        {"id": "a", "cloud": "c", "region": "r1", "vcpus": "1"},
        {"id": "b", "cloud": "c", "region": "r2", "vcpus": "1"},
    ),
    os_versions=({"platform": "Ubuntu", "os_version": "Ubuntu 22.04", "cloud": "c", "region": "r1"},),
)


def flavors(region: str, *records: dict[str, object], reason: str | None = None) -> Fetched:
    return Fetched(Table.FLAVORS, "c", region, records, reason)


@pytest.mark.parametrize(
    ("fetched", "expected"),
    [
        pytest.param([], [("r1", "a", "1"), ("r2", "b", "1")], id="nothing fetched"),
        pytest.param(
            [flavors("r1", reason="down"), flavors("r2", {"id": "b", "vcpus": "2"})],
            [("r1", "a", "1"), ("r2", "b", "2")],
            id="one region failed",
        ),
        pytest.param([flavors("r1")], [("r2", "b", "1")], id="a region has none any more"),
        pytest.param(
            [flavors("r1", {"id": "z", "vcpus": "1"}, {"id": "c", "vcpus": "1"}), flavors("r1", {"id": "x"})],
            [("r1", "c", "1"), ("r1", "z", "1"), ("r2", "b", "1")],
            id="the first source tells, in the order of ids",
        ),
        pytest.param(
            [flavors("r1", reason="down"), flavors("r1", {"id": "x", "vcpus": "8"})],
            [("r1", "x", "8"), ("r2", "b", "1")],
            id="the first source failed",
        ),
        pytest.param(
            [flavors("r1", {"id": "\ud800", "vcpus": "1"}, {"id": "ok", "vcpus": "1"})],
            [("r1", "ok", "1"), ("r2", "b", "1")],
            id="one that is no JSON text",
        ),
        pytest.param(
            [flavors("r1", {"id": "big", "vcpus": 2**70}), flavors("r2", {"id": "b", "vcpus": "1"})],
            [("r2", "b", "1")],
            id="a number beyond any reader",
        ),
    ],
)
def test_flavors(fetched: list[Fetched], expected: list[tuple[str, str, str]]) -> None:
    merged = merge_companions(BEFORE, fetched)
    assert [(one["region"], one["id"], one.get("vcpus")) for one in merged.flavors] == expected
    assert {one["cloud"] for one in merged.flavors} == {"c"}
    assert merged.os_versions == BEFORE.os_versions


def test_what_is_not_a_number_is_kept_as_readers_see_it() -> None:
    merged = merge_companions(Companions(), [flavors("r", {"id": "a", "ram": float("nan")})])
    assert merged.flavors == ({"id": "a", "ram": None, "cloud": "c", "region": "r"},)

"""What the tags of the table of operating systems tell."""

import pytest

from clouds.os_version import with_tags
from clouds.payload import Record


def entry(version: str, **more: object) -> Record:
    return {"platform": "Ubuntu", "os_version": version, "os_bit": 64, **more}


A, B, C = entry("A"), entry("B"), entry("C")


@pytest.mark.parametrize(
    ("table", "by_tag", "expected"),
    [
        pytest.param(
            [B, A], {"arm": [A], "uefi": [A, B]}, {"A": ["arm", "uefi"], "B": ["uefi"]}, id="merged"
        ),
        pytest.param(
            [A], {"bms": [C], "uefi": []}, {"A": [], "C": ["bms"]}, id="one that only a tag tells of"
        ),
        pytest.param([A, A], {"arm": [A, A]}, {"A": []}, id="the same twice, all of it by the only tag"),
        pytest.param([], {"arm": [], "x86": []}, {}, id="an empty table"),
        pytest.param([A, B], {}, {"A": [], "B": []}, id="no tag was asked for"),
    ],
)
def test_tags_are_merged_by_platform_and_version(
    table: list[Record], by_tag: dict[str, list[Record]], expected: dict[str, list[str]]
) -> None:
    assert {str(one["os_version"]): one["tags"] for one in with_tags(table, by_tag)} == expected


@pytest.mark.parametrize(
    ("by_tag", "untold"),
    [
        pytest.param({"arm": [A], "x86": [B]}, None, id="all are told"),
        pytest.param({"arm": None, "x86": [B]}, ["arm"], id="one was refused"),
        pytest.param({"arm": [A, B], "x86": [A, B]}, ["arm", "x86"], id="the parameter was ignored"),
        pytest.param({"arm": None, "x86": [A, B]}, ["arm", "x86"], id="refused, or ignored"),
        pytest.param({"arm": [A], "x86": [A, B]}, None, id="one fits all, which tells something"),
    ],
)
def test_what_no_tag_tells_is_said(by_tag: dict[str, list[Record] | None], untold: list[str] | None) -> None:
    for one in with_tags([A, B], by_tag):
        assert one.get("untold_tags") == untold


def test_the_entry_of_the_whole_table_counts() -> None:
    assert with_tags([entry("A", os_type="Linux")], {"arm": [entry("A", os_type="?"), B]}) == (
        {**entry("A", os_type="Linux"), "tags": ["arm"]},
        {**B, "tags": ["arm"]},
    )

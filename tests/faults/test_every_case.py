"""Each case of the list of faults has tests that are named for it: `pytest -k case_17` runs those of one.

Tests of several bear the numbers of all of them: `test_cases_02_and_04_...`.
"""

import re
import sys
from asyncio.subprocess import PIPE, STDOUT, create_subprocess_exec
from pathlib import Path

import pytest

CASES = {
    1: "a page in the middle of a listing fails for ever",
    2: "a page is cut in the middle of its JSON",
    3: "a listing that had images is empty",
    4: "a page is HTML, or holds no list of images",
    5: "one of several projects is forbidden",
    6: "a project or source leaves the configuration",
    7: "the image that a page begins after is deleted",
    8: "images come, go and change while they are listed",
    9: "pages lead to themselves, to earlier ones, or never end",
    10: "links in answers lead elsewhere",
    11: "the cloud redirects",
    12: "an image is missing from one listing and comes back",
    13: "an image is shared, unshared and shared again",
    14: "dates of changes go backwards, repeat, are missing or absurd",
    15: "a record is poisoned",
    16: "the cloud asks for fewer requests, in all its ways",
    17: "the cloud is out for a minute",
    18: "logins end or fail in the middle of a listing",
    19: "the cloud is slow, silent or half closed",
    20: "an answer has no measure",
    21: "two schedulers begin together",
    22: "a leader is stopped, replaced, and goes on",
    23: "the wall clock jumps",
    24: "a run takes as long as three lie apart",
    25: "a run is killed before or after any of its steps",
    26: "the cluster refuses documents, requests, or its answers are lost",
    27: "the cluster has next to no room for requests",
    28: "a node is killed while it is loaded",
    29: "the cluster moved the alias, and its answer is lost",
    30: "many search while generations are published",
    31: "the disks of the cluster are full",
    32: "the mapping refuses documents",
    33: "an answer of the cluster is not whole",
    34: "the generation of a cursor is deleted, the node starts anew",
    35: "who answers is not who the certificate says",
}

NAMING = sorted(
    str(path)
    for path in Path(__file__).parents[1].rglob("test_*.py")
    if "def test_case" in path.read_text("utf-8")
)
"""Files in which a test names a case."""

NAME = re.compile(r"::test_cases?_(\d\d(?:_(?:and_)?\d\d)*)_")


@pytest.mark.timeout(300)
async def test_each_case_has_a_test() -> None:
    command = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-k", "case")
    collecting = await create_subprocess_exec(*command, *NAMING, stdout=PIPE, stderr=STDOUT)
    told = (await collecting.communicate())[0].decode()
    assert collecting.returncode == 0, told
    claimed = {int(number) for names in NAME.findall(told) for number in re.findall(r"\d\d", names)}
    assert not {number: case for number, case in CASES.items() if number not in claimed}

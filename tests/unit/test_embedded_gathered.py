"""What is gathered of a field is the same, however often contents are packed meanwhile."""

from collections.abc import Sequence

import pytest

from engines.embedded.gathered import Content, Gathered
from mappings.filter import Value

TEXTS = ("b", None, "a", "b", "映像", "c\udcff d", None, "e", '"', "f", "b", "", "g", "h", "a")
CASES = {
    "texts, some missing, some again": TEXTS,
    "numbers, also large and negative ones": (7, None, -1, 2**62, 7, 0, 12, 13, 14, 7),
    "booleans": (True, None, False, True, True, None),
    "several values in one": (("a", "b"), None, ("b",), (), ("a", "b"), ("c", "a"), ("映像",), ("b", "a")),
    "nothing at all": (None, None, None, None, None),
    "no document": (),
}


def gathered(contents: Sequence[Content], many: int, piece: int, batch: int) -> Gathered:
    """Gather in batches; those that hold nothing are left out."""
    one = Gathered(many, piece)
    for first in range(0, len(contents), batch):
        some = contents[first : first + batch]
        if any(content is not None for content in some):
            one.extend(first, some)
    return one


def values_by_rank(one: Gathered) -> tuple[list[Value], dict[int, list[Value]]]:
    distinct, ranks, places = one.pairs()
    held: dict[int, list[Value]] = {}
    for rank, place in zip(ranks.tolist(), places.tolist(), strict=True):
        held.setdefault(rank, []).append(distinct[place])
    return list(distinct), held


@pytest.mark.parametrize("contents", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize(
    ("many", "piece", "batch"),
    [
        pytest.param(1000, 1000, 100, id="all at once"),
        pytest.param(1000, 2, 1, id="numbers in pieces"),
        pytest.param(1, 1000, 1, id="packed at each content"),
        pytest.param(3, 2, 2, id="packed now and then"),
    ],
)
def test_what_was_gathered_is_given_back(
    contents: Sequence[Content], many: int, piece: int, batch: int
) -> None:
    distinct, held = values_by_rank(gathered(contents, many, piece, batch))
    wanted = {
        rank: list(content) if isinstance(content, tuple) else [content]
        for rank, content in enumerate(contents)
        if content not in {None, ()}
    }
    assert held == wanted
    every = [value for values in wanted.values() for value in values]
    assert distinct == list(dict.fromkeys(every))
    assert [type(value) for value in distinct] == [type(value) for value in dict.fromkeys(every)]


@pytest.mark.parametrize("many", [1000, 1])
def test_ranks_whose_content_holds_a_name(many: int) -> None:
    one = gathered((("a", "b"), None, ("b",), ("ab",), (), ("b", "c")), many, 2, 1)
    for _ in range(2):
        assert {name: one.ranks_with(name).tolist() for name in ("a", "b", "c", "d")} == {
            "a": [0],
            "b": [0, 2, 5],
            "c": [5],
            "d": [],
        }


def test_a_field_that_many_documents_leave_out() -> None:
    one = Gathered(many=2, piece=10)
    one.extend(1000, ["x", "y"])
    one.extend(5000, ["z", "x"])
    assert values_by_rank(one) == (["x", "y", "z"], {1000: ["x"], 1001: ["y"], 5000: ["z"], 5001: ["x"]})

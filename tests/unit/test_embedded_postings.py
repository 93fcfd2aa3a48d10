"""Lists of what owners hold, made of pairs and joined, are what counting one by one gives."""

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest

from engines.embedded.postings import Lists, joined, make_lists

Pair = tuple[int, int]


def drawn(seed: int, pairs: int, owners: int, entries: int) -> list[Pair]:
    draw = random.Random(seed)
    return [(draw.randrange(owners), draw.randrange(entries)) for _ in range(pairs)]


CASES: dict[str, tuple[int, list[Pair]]] = {
    "no owner": (0, []),
    "owners that hold nothing": (5, []),
    "one pair, many times": (3, [(1, 7)] * 4),
    "few of many": (1000, drawn(1, 20, 1000, 2**32 - 1)),
    "many pairs, some repeated": (20, drawn(2, 3000, 20, 400)),
}


def lists(size: int, pairs: Sequence[Pair]) -> Lists:
    owners, entries = (np.array([pair[part] for pair in pairs], np.int64) for part in (0, 1))
    return make_lists(owners, entries, size)


def wanted(size: int, pairs: Sequence[Pair]) -> list[list[int]]:
    held: defaultdict[int, set[int]] = defaultdict(set)
    for owner, entry in pairs:
        held[owner].add(entry)
    return [sorted(held[owner]) for owner in range(size)]


def found(made: Lists) -> list[list[int]]:
    return [made.of(owner).tolist() for owner in range(len(made.starts) - 1)]


@pytest.mark.parametrize(("size", "pairs"), CASES.values(), ids=CASES.keys())
def test_each_owner_has_its_entries_ascending_and_once(size: int, pairs: list[Pair]) -> None:
    assert found(lists(size, pairs)) == wanted(size, pairs)


@pytest.mark.parametrize(("size", "pairs"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("together", [1, 50, 1 << 20])
def test_several_lists_are_joined(size: int, pairs: list[Pair], together: int) -> None:
    several = [lists(size, some) for some in (pairs[::2], pairs[::3], [], pairs)]
    made = joined(several, together)
    assert found(made) == wanted(size, pairs)
    assert made.docs.dtype == np.uint32

"""Counting by two places at once: many pairs a document, in parts, and no more than may be."""

import numpy as np
import pytest

from engines.embedded.axis import EVERYWHERE, Axis, Places
from engines.embedded.bitmap import Docs
from engines.embedded.pairs import PAIRS, TooManyPairs, tally
from engines.embedded.sums import Part


def in_all(size: int) -> Axis:
    """An axis in each of whose places each document stands."""

    def places(docs: Docs) -> Places:
        indices = np.arange(len(docs), dtype=np.int64)
        return Places(np.tile(np.arange(size, dtype=np.int64), len(docs)), np.repeat(indices, size))

    return Axis(size, places)


def in_one(size: int) -> Axis:
    """An axis where documents stand in one place by their number, and the last of them in none."""
    return Axis(size, lambda docs: Places(docs.astype(np.int64) % (size + 1)))


def own_numbers(docs: Docs) -> list[list[Part]]:
    """Each document holds its number, written in two parts."""
    numbers = docs.astype(np.int64)
    return [[Part(1 << 3, (numbers >> 3).astype(np.float64)), Part(1, (numbers & 7).astype(np.float64))]]


DOCS = np.arange(100_000, dtype=np.uint32)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        pytest.param(in_one(3), in_one(4), id="one by one"),
        pytest.param(in_all(7), in_one(4), id="several by one"),
        pytest.param(in_one(3), in_all(7), id="one by several"),
        pytest.param(in_all(7), in_all(6), id="several by several"),
        pytest.param(EVERYWHERE, in_one(4), id="all by one"),
        pytest.param(in_one(0), in_one(4), id="no row"),
        pytest.param(in_all(3), in_one(0), id="no column"),
    ],
)
def test_each_cell_is_that_of_its_documents(rows: Axis, columns: Axis) -> None:
    found = tally(DOCS, rows, columns, own_numbers)
    assert found.counts.shape == (rows.size, columns.size)
    for row in range(rows.size):
        sums = found.sums(row)
        for column in range(columns.size):
            held = _standing(rows, row) & _standing(columns, column)
            assert found.counts[row, column] == held.sum()
            assert sums[column] == (int(DOCS[held].sum(dtype=np.int64)),)


def _standing(axis: Axis, place: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    places = axis.of(DOCS)
    standing = np.zeros(len(DOCS), np.bool_)
    owners = np.arange(len(DOCS)) if places.owners is None else places.owners
    standing[owners[places.places == place]] = True
    return standing


def test_more_pairs_than_may_be_are_refused() -> None:
    docs = DOCS[: PAIRS // 10_000]
    tally(docs, in_all(100), in_all(100), lambda _: ())
    with pytest.raises(TooManyPairs):
        tally(DOCS[: len(docs) + 1], in_all(100), in_all(100), lambda _: ())

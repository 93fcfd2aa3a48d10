"""`tally`: documents counted by two places at once, that of a row and that of a column, in one pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.embedded.axis import Axis, Places, Whole
from engines.embedded.bitmap import Docs
from engines.embedded.postings import spread
from engines.embedded.sums import Part

PAIRS = 8_000_000
"""Pairs of a row and a column in which documents may stand, all together; most stand in one or two.

So many take a tenth of a second to count, and three times as long with three fields to add up.
"""

_DOCS = 1 << 14
_PAIRS = 1 << 18
"""Documents and pairs that are looked at together, so that little memory is taken."""


class TooManyPairs(Exception):
    """There are more pairs than may be counted."""


Amounts = Callable[[Docs], Sequence[Sequence[Part]]]
"""What documents hold of each field to be added up."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of rows times columns; and for each field to be added up amounts, by what they multiply."""

    counts: Whole
    amounts: Sequence[dict[int, Whole]]

    def sums(self, row: int) -> list[tuple[int, ...]]:
        """Give the sums of the cells of a row."""
        columns = self.counts.shape[1]
        fields = [_added(each, row, columns) for each in self.amounts]
        return list(zip(*fields, strict=True)) if fields else [()] * columns


def tally(docs: Docs, rows: Axis, columns: Axis, amounts: Amounts) -> Tally:
    """Count documents, and add up what they hold, in each cell. Raises TooManyPairs."""
    # Behind the last row and the last column stands what is shown in none.
    shape = rows.size + 1, columns.size + 1
    counts = np.zeros(shape, np.int64)
    added: list[dict[int, Whole]] = [{} for _ in amounts(docs[:0])]
    counted, parts = 0, [docs]
    while parts:
        some = parts.pop()
        if len(some) > _DOCS:
            parts += np.array_split(some, 2)
            continue
        at_rows, at_columns = rows.of(some), columns.of(some)
        pairs = _pairs(at_rows, at_columns, len(some))
        if pairs > _PAIRS and len(some) > 1:
            parts += np.array_split(some, 2)
            continue
        counted += pairs
        if counted > PAIRS:
            raise TooManyPairs
        met = _met(at_rows, at_columns, shape[1], len(some))
        counts += np.bincount(met.places, minlength=counts.size).reshape(shape)
        for by_factor, held in zip(added, amounts(some), strict=True):
            for part in held:
                numbers = part.numbers if met.owners is None else part.numbers[met.owners]
                sums = np.bincount(met.places, numbers, counts.size).astype(np.int64).reshape(shape)
                by_factor[part.factor] = by_factor.get(part.factor, 0) + sums
    shown = slice(rows.size), slice(columns.size)
    return Tally(counts[shown], [{factor: each[shown] for factor, each in one.items()} for one in added])


def _added(amounts: dict[int, Whole], row: int, columns: int) -> list[int]:
    """Multiply and add up, in Python, whose integers have no bounds."""
    added = [0] * columns
    for factor, table in amounts.items():
        added = [total + factor * each for total, each in zip(added, table[row].tolist(), strict=True)]
    return added


def _pairs(rows: Places, columns: Places, docs: int) -> int:
    """Count the pairs of a row and a column in which documents stand."""
    if rows.owners is None:
        return docs if columns.owners is None else len(columns.owners)
    if columns.owners is None:
        return len(rows.owners)
    return int(np.bincount(rows.owners, minlength=docs) @ np.bincount(columns.owners, minlength=docs))


def _met(rows: Places, columns: Places, width: int, docs: int) -> Places:
    """Give the places of pairs in a table of so many columns, row by row."""
    if rows.owners is None:
        if columns.owners is None:
            return Places(rows.places * width + columns.places)
        return Places(rows.places[columns.owners] * width + columns.places, columns.owners)
    if columns.owners is None:
        return Places(rows.places * width + columns.places[rows.owners], rows.owners)
    lengths = np.bincount(columns.owners, minlength=docs)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    times = lengths[rows.owners]
    beside = columns.places[spread(starts, rows.owners)]
    return Places(np.repeat(rows.places, times) * width + beside, np.repeat(rows.owners, times))

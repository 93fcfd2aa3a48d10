"""`Table`: the ordinals of several fields side by side, so that one look at a document counts all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engines.embedded.column import Column
from engines.embedded.part import Integers
from engines.embedded.recent import Recent


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` holds for each document one number a field: its ordinal, counted on from `starts` of the field.

    The last number of a field stands for no value.
    """

    names: tuple[str, ...]
    rows: NDArray[np.uint16]
    starts: tuple[int, ...]

    def counts(self, docs: Integers) -> dict[str, list[int]]:
        """Count by field how many of the documents have each ordinal."""
        found: list[int] = np.bincount(
            self.rows.take(docs, axis=0).ravel(), minlength=self.starts[-1]
        ).tolist()
        return {
            name: found[start : end - 1]
            for name, (start, end) in zip(self.names, pairwise(self.starts), strict=True)
        }


class Tables:
    """The tables of fields that are counted together time and again."""

    __slots__ = ("_asked", "_made")

    def __init__(self) -> None:
        self._asked: Recent[tuple[str, ...], int] = Recent(_REMEMBERED)
        self._made: Recent[tuple[str, ...], Table] = Recent(_MOST)

    def of(self, columns: Sequence[Column]) -> Table | None:
        """Give the table of fields with one value out of few; None while they have not been asked often.

        Making one takes as long as counting without it some ten times.
        """
        names = tuple([column.field.name for column in columns])
        found = self._made.get(names)
        if found is None:
            asked = (self._asked.get(names) or 0) + 1
            self._asked.put(names, asked)
            if asked < _OFTEN:
                return None
            found = _table(names, columns)
            self._made.put(names, found)
        return found


_OFTEN = 8
_REMEMBERED = 64
_MOST = 4
"""Two bytes for each field and document."""


def _table(names: tuple[str, ...], columns: Sequence[Column]) -> Table:
    starts = tuple(np.cumsum([0, *(len(column.values) + 1 for column in columns)]).tolist())
    forwards = [column.forward for column in columns if column.forward is not None]
    rows = np.empty((len(forwards[0]), len(columns)), np.uint16)
    for place, forward in enumerate(forwards):
        np.add(forward, np.uint16(starts[place]), out=rows[:, place], dtype=np.uint16)
    return Table(names, rows, starts)

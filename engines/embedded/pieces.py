"""Pieces: where the ordinals of a column fall from document to document, so that a range of values is a few
ranges of documents. Dates of creation do so, as documents are numbered newest first.
"""

from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

from engines.embedded.bitmap import Bits
from engines.embedded.part import Integers

_MOST = 64


@dataclass(frozen=True, slots=True)
class Pieces:
    """`bounds` are the first documents of the pieces, and the number of documents."""

    forward: Integers
    bounds: tuple[int, ...]

    def between(self, low: int, high: int) -> Bits:
        """Give the documents whose ordinal is from `low` up to, not including, `high`."""
        found = BitMap()
        for start, end in zip(self.bounds, self.bounds[1:], strict=False):
            rising = self.forward[start:end][::-1]
            below_low, below_high = rising.searchsorted(np.array((low, high), rising.dtype)).tolist()
            found.add_range(end - below_high, end - below_low)
        return found


def pieces_of(forward: Integers) -> Pieces | None:
    """Cut a column into pieces, None where they would be many."""
    rises = np.flatnonzero(forward[1:] > forward[:-1]) + 1
    if len(rises) >= _MOST:
        return None
    return Pieces(forward, (0, *rises.tolist(), len(forward)))

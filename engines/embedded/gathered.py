"""`Gathered`: the contents of one field as documents come by, one place for each distinct content.

Contents are objects while they are numbered. Of a field of many they are packed from time to time: otherwise
all such fields together would take several times as much memory as the index that is made of them.
"""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from engines.embedded.numbering import numbering
from engines.embedded.part import Integers, form_for
from engines.embedded.postings import spread
from mappings.filter import Value

Content = Value | tuple[str, ...] | None
"""What a document holds of a field, as its JSON does: a date is text."""

Pairs = tuple[Sequence[Value], NDArray[np.int64], NDArray[np.int64]]
"""Distinct values of a field, and pairs of a rank and the place of a value among them."""

MANY = 1 << 15
"""Contents of a field that are kept as objects."""

PIECE = 1 << 15
"""Documents whose numbers are packed at once."""


class Gathered:
    """What came by of one field; several values count as one content."""

    def __init__(self, many: int = MANY, piece: int = PIECE) -> None:
        self._many = many
        self._piece = piece
        self._places = numbering(_NOTHING)
        self._numbers = array("I")
        self._size = 0
        self._pieces: list[Integers] = []
        self._packed: list[tuple[bytes, int]] = []

    def extend(self, first: int, contents: Iterable[Content]) -> None:
        """Take what the documents from a rank on hold; those that were left out before hold nothing."""
        left_out = first - self._size - len(self._numbers)
        self._numbers.frombytes(bytes(self._numbers.itemsize * left_out))
        self._numbers.extend(map(self._places.__getitem__, contents))
        if len(self._places) > self._many:
            self._pack()
        elif len(self._numbers) > self._piece:
            self._end_piece()

    def pairs(self) -> Pairs:
        """Give the distinct values, and pairs of a rank and the place of a value among them."""
        contents, ranks, places = self._whole()
        split: list[tuple[Value, ...]] = []
        single: list[Value] = []
        for content in contents:
            if isinstance(content, tuple):
                split.append(content)
            elif content is not None:
                single.append(content)
        if not split:
            return single, ranks, places
        values = {value: place for place, value in enumerate(dict.fromkeys(chain.from_iterable(split)))}
        starts = np.cumsum([0, *map(len, split)])
        lengths = np.diff(starts)
        flat = np.fromiter(map(values.__getitem__, chain.from_iterable(split)), np.int64)
        return list(values), np.repeat(ranks, lengths[places]), flat[spread(starts, places)]

    def ranks_with(self, name: str) -> NDArray[np.int64]:
        """Give the ranks of documents whose content holds a name."""
        contents, ranks, places = self._whole()
        holding = [isinstance(content, tuple) and name in content for content in list(contents)[1:]]
        return ranks[np.array(holding, np.bool_)[places]]

    def _whole(self) -> tuple[Mapping[Content, int], NDArray[np.int64], NDArray[np.int64]]:
        """Give all contents, nothing first; ranks with a content, and its place, nothing not counted."""
        self._end_piece()
        if self._packed:
            self._unpack()
        of_rank = np.concatenate(self._pieces) if self._pieces else np.empty(0, np.uint32)
        ranks = np.flatnonzero(of_rank)
        return self._places, ranks, of_rank[ranks].astype(np.int64) - 1

    def _end_piece(self) -> None:
        if not self._numbers:
            return
        self._size += len(self._numbers)
        self._pieces.append(np.array(self._numbers, form_for(len(self._places))))
        self._numbers = array("I")

    def _pack(self) -> None:
        """Put the contents aside that came since it was done last, and number anew from here on."""
        self._end_piece()
        # The JSON of the standard library takes the mark of extra attributes, which is no Unicode.
        self._packed.append((json.dumps(list(self._places)).encode("ascii"), len(self._pieces)))
        self._places = numbering(_NOTHING)

    def _unpack(self) -> None:
        """Number all contents as if none had been put aside."""
        self._pack()
        packed, pieces, start = self._packed, self._pieces, 0
        self._packed, self._pieces = [], []
        for text, end in packed:
            contents = map(_content, json.loads(text))
            numbers = np.fromiter(map(self._places.__getitem__, contents), np.uint32)
            self._pieces += [numbers[piece] for piece in pieces[start:end]]
            start = end


def _content(unpacked: Value | list[str] | None) -> Content:
    return tuple(unpacked) if isinstance(unpacked, list) else unpacked


_NOTHING: Content = None

"""Gathering what is to be indexed while documents come by, so that none of them has to be kept."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from engines.embedded.column import make_column, order_values
from engines.embedded.numbering import numbering
from engines.embedded.part import numbers_part
from engines.embedded.postings import spread
from engines.embedded.terms import Terms
from engines.embedded.words import WORDED, WordsBuilder
from mappings.document import Document
from mappings.fields import FIELDS, MAP_FIELD
from mappings.filter import Value

INDEXED = tuple(each for each in FIELDS if each.filterable)
"""The fields of which a generation has a column."""

EXTRA_MARK = "\udcff"
"""Stands between key and value of an extra attribute; written as the byte 0xFF, which no UTF-8 holds."""


Content = Value | tuple[str, ...] | None
"""What a document holds of a field."""


class Collector:
    """Gathers documents in the order of their keys, then gives the parts of the index.

    The *rank* of a document is its place in the order of keys.
    """

    def __init__(self) -> None:
        self.size = 0
        self._gathered = {each.name: Gathered() for each in INDEXED}
        self._derived = Gathered()

    def add(self, documents: Sequence[Document]) -> None:
        """Take the next documents."""
        rows = [document.fields for document in documents]
        for name in set().union(*rows) & self._gathered.keys():
            self._gathered[name].extend(self.size, [row.get(name) for row in rows])
        extras = [_marked(document) for document in documents]
        self._gathered[MAP_FIELD].extend(self.size, extras)
        self._derived.extend(self.size, [document.derived or None for document in documents])
        self.size += len(documents)

    def parts(self) -> Iterator[dict[str, bytes]]:
        """Give all parts of the index, field by field, letting go of what has been given."""
        ranks = self._default_order()
        doc_of = np.empty(self.size, np.uint32)
        doc_of[ranks] = np.arange(self.size, dtype=np.uint32)
        yield {"ranks": numbers_part(ranks, "<u4")}
        words = WordsBuilder(self.size)
        worded = {each.name for each in WORDED}
        for each in INDEXED:
            distinct, ranks_of_values, places = self._gathered.pop(each.name).pairs()
            values, ordinal_of = order_values(each, distinct)
            docs, ordinals = doc_of[ranks_of_values], ordinal_of[places]
            derived = doc_of[self._derived.ranks_with(each.name)]
            yield make_column(each, values, docs, ordinals, derived=derived, size=self.size).parts()
            if each.name in worded and isinstance(values, Terms):
                words.add(each.name, values, docs, ordinals)
        yield from words.parts()

    def _default_order(self) -> NDArray[np.int64]:
        """Give the ranks in the default order: trust, newest first, key; missing values last."""
        trust, created = (self._dense(name) for name in ("trust", "created_at"))
        newest = np.where(created == _MISSING, _MISSING, -created)
        return np.lexsort((newest, trust)).astype(np.int64)

    def _dense(self, name: str) -> NDArray[np.int64]:
        distinct, ranks, places = self._gathered[name].pairs()
        numbers = np.array([int(value) for value in distinct], np.int64)
        dense = np.full(self.size, _MISSING)
        dense[ranks] = numbers[places]
        return dense


class Gathered:
    """What came by of one field, one place for each distinct content; several values count as one content."""

    def __init__(self) -> None:
        self._places = numbering(_NOTHING)
        self._of_rank = array("I")

    def extend(self, first: int, contents: Sequence[Content]) -> None:
        """Take what the documents from a rank on hold; those that were left out before hold nothing."""
        self._of_rank.frombytes(bytes(self._of_rank.itemsize * (first - len(self._of_rank))))
        self._of_rank.extend(map(self._places.__getitem__, contents))

    def pairs(self) -> tuple[list[Value], NDArray[np.int64], NDArray[np.int64]]:
        """Give the distinct values, and pairs of a rank and the place of a value among them."""
        ranks, places = self._filled()
        split: list[tuple[Value, ...]] = []
        single: list[Value] = []
        for content in self._places:
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
        holding = [isinstance(content, tuple) and name in content for content in list(self._places)[1:]]
        ranks, places = self._filled()
        return ranks[np.array(holding, np.bool_)[places]]

    def _filled(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give ranks with a content, and its place, counted from 0."""
        of_rank = np.frombuffer(self._of_rank, np.uint32)
        ranks = np.flatnonzero(of_rank)
        return ranks, of_rank[ranks].astype(np.int64) - 1


_NOTHING: Content = None
_MISSING = np.iinfo(np.int64).max


def _marked(document: Document) -> tuple[str, ...] | None:
    extra = document.extra
    return tuple([f"{key}{EXTRA_MARK}{text}" for key, text in extra.items()]) if extra else None

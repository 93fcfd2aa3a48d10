"""Gathering what is to be indexed while documents come by, so that none of them has to be kept."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engines.embedded.column import make_column, order_values
from engines.embedded.part import numbers_part
from engines.embedded.terms import Terms
from engines.embedded.words import WORDED, WordsBuilder
from mappings.document import Document
from mappings.fields import FIELDS, MAP_FIELD
from mappings.filter import Value

INDEXED = tuple(each for each in FIELDS if each.filterable)
"""The fields of which a generation has a column."""

EXTRA_MARK = "\udcff"
"""Stands between key and value of an extra attribute; written as the byte 0xFF, which no UTF-8 holds."""


@dataclass(slots=True)
class Gathered:
    """What came by of one field: distinct values and their places, pairs of a rank and a place, and the ranks
    of documents whose value a rule filled in. The rank of a document is its place in the order of keys.
    """

    places: dict[Value, int] = field(default_factory=dict)
    ranks: "array[int]" = field(default_factory=lambda: array("I"))
    values: "array[int]" = field(default_factory=lambda: array("I"))
    derived: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, rank: int, value: Value) -> None:
        """Take the value of a document."""
        places = self.places
        self.ranks.append(rank)
        self.values.append(places.setdefault(value, len(places)))


class Collector:
    """Gathers documents in the order of their keys, then gives the parts of the index."""

    def __init__(self) -> None:
        self.size = 0
        self._gathered = {each.name: Gathered() for each in INDEXED}

    def add(self, document: Document) -> None:
        """Take the next document."""
        rank, gathered = self.size, self._gathered
        for name, value in document.fields.items():
            into = gathered.get(name)
            if into is None:
                continue
            if isinstance(value, tuple):
                for each in value:
                    into.add(rank, each)
            else:
                into.add(rank, value)
        for name in document.derived:
            if name in gathered:
                gathered[name].derived.append(rank)
        for key, text in document.extra.items():
            gathered[MAP_FIELD].add(rank, f"{key}{EXTRA_MARK}{text}")
        self.size += 1

    def parts(self) -> Iterator[dict[str, bytes]]:
        """Give all parts of the index, field by field, letting go of what has been given."""
        ranks = self._default_order()
        doc_of = np.empty(self.size, np.uint32)
        doc_of[ranks] = np.arange(self.size, dtype=np.uint32)
        yield {"ranks": numbers_part(ranks, "<u4")}
        words = WordsBuilder(self.size)
        worded = {each.name for each in WORDED}
        for each in INDEXED:
            gathered = self._gathered.pop(each.name)
            values, ordinal_of = order_values(each, list(gathered.places))
            docs = doc_of[np.frombuffer(gathered.ranks, np.uint32)]
            ordinals = ordinal_of[np.frombuffer(gathered.values, np.uint32)]
            derived = doc_of[np.frombuffer(gathered.derived, np.uint32)]
            yield make_column(each, values, docs, ordinals, derived=derived, size=self.size).parts()
            if each.name in worded and isinstance(values, Terms):
                words.add(each.name, values, docs, ordinals)
        yield from words.parts()

    def _default_order(self) -> NDArray[np.int64]:
        """Give the ranks in the default order: trust, newest first, key; missing values last."""
        trust, created = (self._dense(name) for name in ("trust", "created_at"))
        missing = np.iinfo(np.int64).max
        newest = np.where(created == missing, missing, -created)
        return np.lexsort((newest, trust)).astype(np.int64)

    def _dense(self, name: str) -> NDArray[np.int64]:
        gathered = self._gathered[name]
        numbers = np.array([int(value) for value in gathered.places], np.int64)
        dense = np.full(self.size, np.iinfo(np.int64).max)
        dense[np.frombuffer(gathered.ranks, np.uint32)] = numbers[np.frombuffer(gathered.values, np.uint32)]
        return dense

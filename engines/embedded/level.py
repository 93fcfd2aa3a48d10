"""`Level`: one level of an order as ranks, so that every kind of value compares as a number."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.embedded.bitmap import Bits, Docs
from engines.embedded.column import Column
from engines.embedded.number import Numbers
from engines.embedded.part import Integers
from engines.embedded.terms import Terms, encoded
from engines.embedded.version_order import VersionOrder
from engines.query import SortValue

Ranks = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """`ranks` gives the ranks of documents: what comes first has the smaller one, missing values the largest.

    `value` gives what a document has there; `place` the rank of a value, and whether any document has it: of
    one that none has it is the rank of what comes before. `place` raises ValueError for a value of another
    kind.
    """

    ranks: Callable[[Docs], Ranks]
    value: Callable[[int], SortValue]
    place: Callable[[SortValue], tuple[int, bool]]


def column_level(column: Column, *, descending: bool) -> Level:
    """Give the level of a sortable field."""
    level = (
        _number_or_text_level(column) if column.versions is None else _version_level(column, column.versions)
    )
    count = len(column.values) if column.versions is None else len(column.versions.keys)
    return _turned(level, count) if descending else level


def _number_or_text_level(column: Column) -> Level:
    values, forward = column.values, _forward(column)

    def value(doc: int) -> SortValue:
        ordinal = int(forward[doc])
        return None if ordinal == len(values) else values.value(ordinal)

    def place(wanted: SortValue) -> tuple[int, bool]:
        if wanted is None:
            return len(values), True
        known = column.find(wanted)
        if known is not None:
            return known, True
        if isinstance(values, Numbers) and isinstance(wanted, int):
            return values.below(wanted) - 1, False
        if isinstance(values, Terms) and isinstance(wanted, str):
            return values.below(encoded(wanted)) - 1, False
        raise ValueError(f"{column.field.name}: {wanted!r} is no value of it")

    return Level(lambda docs: forward[docs].astype(np.int64), value, place)


def _version_level(column: Column, versions: VersionOrder) -> Level:
    forward, keys = _forward(column), versions.keys

    def value(doc: int) -> SortValue:
        rank = int(versions.ranks[forward[doc]])
        return None if rank == len(keys) else keys[rank]

    def place(wanted: SortValue) -> tuple[int, bool]:
        if wanted is None:
            return len(keys), True
        if not isinstance(wanted, str):
            raise ValueError(f"{column.field.name}: {wanted!r} is no sort key of a version")
        rank = versions.below(wanted)
        known = rank < len(keys) and keys[rank] == wanted
        return (rank if known else rank - 1), known

    return Level(lambda docs: versions.ranks[forward[docs]], value, place)


def _turned(level: Level, count: int) -> Level:
    """Turn a level of `count` ranks round; missing values stay last."""

    def ranks(docs: Docs) -> Ranks:
        found = level.ranks(docs)
        return np.where(found == count, count, count - 1 - found)

    def place(wanted: SortValue) -> tuple[int, bool]:
        rank, known = level.place(wanted)
        if rank == count:
            return count, True
        # Of a value that nothing has, the next larger one comes before it now.
        return count - 1 - rank - (not known), known

    return Level(ranks, level.value, place)


def _forward(column: Column) -> Integers:
    if column.forward is None:
        raise ValueError(f"{column.field.name}: images cannot be sorted by it")
    return column.forward


def name_level(names: Bits) -> Level:
    """Give the level on which documents of a set come before all others."""

    def ranks(docs: Docs) -> Ranks:
        return np.array([doc not in names for doc in docs.tolist()], np.int64)

    def place(wanted: SortValue) -> tuple[int, bool]:
        if wanted not in (0, 1) or not isinstance(wanted, int):
            raise ValueError(f"{wanted!r} is no rank by name")
        return wanted, True

    return Level(ranks, lambda doc: int(doc not in names), place)


def key_ranks(ranks: Integers) -> Callable[[Docs], Ranks]:
    """Give the ranks of documents by key, the last of every order."""
    return lambda docs: ranks[docs].astype(np.int64)

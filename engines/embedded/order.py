"""Orders: the first hits of a set of documents, and those behind a position, without sorting all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from engines.embedded.bitmap import Bits, Docs, docs_of
from engines.embedded.index import Index
from engines.embedded.level import Level, Ranks, column_level, key_ranks, name_level
from engines.query import DEFAULT_ORDER, Position, Query, Sort, SortValue
from mappings.fields import field_named

RankOf = Callable[[str], tuple[int, bool]]
"""Gives how many keys of the generation are smaller, and whether the key itself is in it."""


Ranking = Callable[[Docs], Ranks]
"""Gives the ranks of documents on one level."""


@dataclass(frozen=True, slots=True)
class Order:
    """The levels of an order; the key, its last one, is not among them.

    `default` holds where that is the order in which documents are numbered, `names` then are the documents
    that come before all others.
    """

    levels: tuple[Level, ...]
    default: bool
    names: Bits | None

    def values(self, doc: int) -> tuple[SortValue, ...]:
        """Give the values of a document at each level."""
        return tuple(level.value(doc) for level in self.levels)


def order_of(query: Query, names: Bits | None, index: Index) -> Order:
    """Give the order of a query; `names` are the documents whose name holds all words of its text.

    Raises UnknownField, or ValueError for a field that is not sortable.
    """
    named = names if not query.sort else None
    wanted = query.sort or DEFAULT_ORDER
    levels = index.levels.get(wanted)
    if levels is None:
        levels = tuple([_level(sort, index) for sort in wanted])
        index.levels.put(wanted, levels)
    if named is not None:
        levels = (name_level(named), *levels)
    return Order(levels, wanted == DEFAULT_ORDER, named)


def _level(sort: Sort, index: Index) -> Level:
    if not field_named(sort.field).sortable:
        raise ValueError(f"{sort.field}: images cannot be sorted by it")
    return column_level(index.column(sort.field), descending=sort.descending)


def hits(
    bits: Bits, order: Order, index: Index, *, after: Position | None, wanted: int, rank_of: RankOf
) -> list[int]:
    """Give the first documents of an order, or the first behind a position; at most `wanted`.

    Raises ValueError for a position of another order.
    """
    if after is None:
        if order.default:
            return list(islice(_numbered(bits, order.names), wanted))
        return _least(docs_of(bits), _rankings(order, index), wanted)
    if len(after.values) != len(order.levels):
        raise ValueError(f"a position of {len(after.values)} values in an order of {len(order.levels)}")
    rank, known = rank_of(after.key)
    if order.default and known:
        doc = int(np.flatnonzero(index.ranks == rank)[0])
        if order.values(doc) == after.values:
            return list(islice(_numbered_behind(bits, order.names, doc), wanted))
    places = [level.place(value) for level, value in zip(order.levels, after.values, strict=True)]
    rankings = _rankings(order, index)
    places.append((rank, True) if known else (rank - 1, False))
    return _least(_behind(docs_of(bits), rankings, places), rankings, wanted)


def _numbered(bits: Bits, names: Bits | None) -> Iterator[int]:
    """Documents in the order of their numbers, those of `names` first."""
    return iter(bits) if names is None else chain(bits & names, bits - names)


def _numbered_behind(bits: Bits, names: Bits | None, doc: int) -> Iterator[int]:
    if names is None:
        return bits.iter_equal_or_larger(doc + 1)
    if doc in names:
        return chain((bits & names).iter_equal_or_larger(doc + 1), bits - names)
    return (bits - names).iter_equal_or_larger(doc + 1)


def _rankings(order: Order, index: Index) -> list[Ranking]:
    return [*(level.ranks for level in order.levels), key_ranks(index.ranks)]


def _behind(docs: Docs, rankings: list[Ranking], places: list[tuple[int, bool]]) -> Docs:
    """Keep the documents that come behind a place on the first level where they differ from it."""
    kept: list[Docs] = []
    for ranking, (place, known) in zip(rankings, places, strict=True):
        ranks = ranking(docs)
        kept.append(docs[ranks > place])
        docs = docs[ranks == place] if known else docs[:0]
    return np.concatenate(kept)


def _least(docs: Docs, rankings: list[Ranking], wanted: int) -> list[int]:
    """Sort the first `wanted` documents. On each level all that are surely among them are set aside and only
    those that tie for the last place are looked at further, so that few are left to be sorted.
    """
    sure: list[Docs] = []
    for ranking in rankings:
        if len(docs) <= wanted - sum(map(len, sure)):
            break
        free = wanted - sum(map(len, sure))
        ranks = ranking(docs)
        edge = np.partition(ranks, free - 1)[free - 1]
        sure.append(docs[ranks < edge])
        docs = docs[ranks == edge]
    found = np.concatenate((*sure, docs))
    order = np.lexsort([ranking(found) for ranking in reversed(rankings)])
    numbers: list[int] = found[order][:wanted].tolist()
    return numbers

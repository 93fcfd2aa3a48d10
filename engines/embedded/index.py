"""`Index`: all of a generation that is kept in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyroaring import BitMap, FrozenBitMap

from engines.embedded.bitmap import Bits
from engines.embedded.collect import INDEXED
from engines.embedded.column import Column, column_in
from engines.embedded.counter import Counter, counter_of
from engines.embedded.level import Level
from engines.embedded.panel import Panel
from engines.embedded.part import Integers, Parts, numbers_in
from engines.embedded.recent import Recent
from engines.embedded.words import Words, words_in
from engines.query import Sort
from mappings.fields import MAP_FIELD, field_named
from mappings.filter import Condition, Filter


@dataclass(frozen=True, slots=True)
class Index:
    """Documents are numbered in the default order: trust, newest first, key.

    `ranks` gives for each document its place in the order of keys, which is its row in the file.
    `recent` keeps the documents of filters that were asked lately, `costs` what wildcards among them cost,
    `remainders` what several sets of documents left of the first, by their identities, and these sets;
    `levels` those of orders that were asked for lately. `counters` keeps those of the columns that were
    counted, `panels` those of facets that were counted together lately, by name.
    """

    size: int
    everything: Bits
    ranks: Integers
    columns: Mapping[str, Column]
    words: Words
    recent: Recent[Filter, Bits]
    costs: Recent[Condition, int]
    remainders: Recent[tuple[int, ...], tuple[Bits, tuple[Bits, ...]]]
    levels: Recent[tuple[Sort, ...], tuple[Level, ...]]
    counters: dict[str, Counter]
    panels: Recent[tuple[str, ...], Panel]

    def column(self, name: str) -> Column:
        """Give the column of a field, that of the map for `extra.KEY`.

        Raises UnknownField, or ValueError for a field that cannot be asked.
        """
        found = self.columns.get(name)
        if found is not None and name != MAP_FIELD:
            return found
        field = field_named(name)
        if field.name == MAP_FIELD and name != MAP_FIELD:
            return self.columns[MAP_FIELD]
        if field.name == name:
            raise ValueError(f"{name}: not a field that can be asked")
        raise ValueError(f"{name}: conditions name fields by their own name, {field.name}")

    def counter(self, column: Column) -> Counter:
        """Give the counter of a column that has a bitmap for each value; it is made when first needed."""
        name = column.field.name
        found = self.counters.get(name)
        if found is None:
            found = self.counters[name] = counter_of(column, self.everything)
        return found


def index_steps(parts: Parts, size: int) -> Iterator[Index | None]:
    """Put the index together from its parts, field by field; what comes last is the index."""
    columns: dict[str, Column] = {}
    for field in INDEXED:
        columns[field.name] = column_in(parts, field, size)
        yield None
    words = words_in(parts, size)
    yield None
    everything = BitMap()
    everything.add_range(0, size)
    yield Index(
        size,
        FrozenBitMap(everything),
        numbers_in(parts, "ranks", "<u4"),
        columns,
        words,
        Recent(_FILTERS // (LARGEST_FILTER + size // 8)),
        Recent(_COSTS),
        Recent(_REMAINDERS),
        Recent(_ORDERS),
        {},
        Recent(_PANELS),
    )


_COSTS = 4096

_REMAINDERS = 64

_ORDERS = 64

_PANELS = 4

LARGEST_FILTER = 16 * 1024
"""Bytes of a filter that is remembered: a list of 150 ids is, what fills a body with short values is not."""

_FILTERS = 80 * 1024 * 1024
"""Bytes at most of the filters that are remembered, and of their documents, a bit for each there is."""

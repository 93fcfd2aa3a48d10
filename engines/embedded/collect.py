"""Gathering what is to be indexed while documents come by, so that none of them has to be kept."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import numpy as np
import orjson
from numpy.typing import NDArray

from engines.embedded.bitmap import Docs
from engines.embedded.column import make_column, order_values
from engines.embedded.gathered import Content, Gathered, Pairs
from engines.embedded.part import numbers_part
from engines.embedded.terms import Terms
from engines.embedded.words import WORDED, WordsBuilder
from mappings.date import milliseconds
from mappings.document import Stored
from mappings.field import Exposure, Field, Kind
from mappings.fields import FIELDS, MAP_FIELD

INDEXED = tuple(each for each in FIELDS if each.filterable)
"""The fields of which a generation has a column."""

EXTRA_MARK = "\udcff"
"""Stands between key and value of an extra attribute; written as the byte 0xFF, which no UTF-8 holds."""

Row = dict[str, object]
"""A JSON object of a document: `Stored.body` or `Stored.internal`."""


class Collector:
    """Gathers documents in the order of their keys, then gives the parts of the index.

    The *rank* of a document is its place in the order of keys.
    """

    def __init__(self) -> None:
        self.size = 0
        self._gathered = {each.name: Gathered() for each in INDEXED}
        self._derived = Gathered()

    def add(self, documents: Sequence[Stored]) -> None:
        """Take the next documents. Raises ValueError for a value of another shape than its field's."""
        bodies: list[Row] = [orjson.loads(document.body) for document in documents]
        internals: list[Row] = [orjson.loads(document.internal) for document in documents]
        for rows, known in ((bodies, _SHOWN), (internals, _INTERNAL)):
            for name in set().union(*rows) & known:
                self._gathered[name].extend(self.size, _contents(name, rows))
        self._gathered[MAP_FIELD].extend(self.size, map(_marked, bodies))
        self._derived.extend(self.size, _contents(_DERIVED, bodies))
        self.size += len(documents)

    def parts(self) -> Iterator[dict[str, bytes]]:
        """Give all parts of the index, field by field, letting go of what has been given."""
        ordering = {name: self._pairs(name) for name in ("trust", "created_at")}
        ranks = _default_order(*(_dense(pairs, self.size) for pairs in ordering.values()))
        doc_of = np.empty(self.size, np.uint32)
        doc_of[ranks] = np.arange(self.size, dtype=np.uint32)
        yield {"ranks": numbers_part(ranks, "<u4")}
        words = WordsBuilder(self.size)
        for each in INDEXED:
            yield self._field_parts(each, ordering, doc_of, words)
        yield from words.parts()

    def _field_parts(
        self, field: Field, ordering: dict[str, Pairs], doc_of: Docs, words: WordsBuilder
    ) -> dict[str, bytes]:
        known = ordering.pop(field.name, None)
        distinct, ranks, places = self._pairs(field.name) if known is None else known
        values, ordinal_of = order_values(field, distinct)
        # These may be a million objects: they go before the column is made.
        del known, distinct
        docs, ordinals = doc_of[ranks], ordinal_of[places]
        if field in WORDED and isinstance(values, Terms):
            words.add(field.name, values, docs, ordinals)
        derived = doc_of[self._derived.ranks_with(field.name)]
        return make_column(field, values, docs, ordinals, derived=derived, size=self.size).parts()

    def _pairs(self, name: str) -> Pairs:
        pairs = self._gathered.pop(name).pairs()
        return _dated(pairs) if name in _DATES else pairs


_DERIVED = "derived"
_SHOWN = frozenset(
    each.name for each in INDEXED if each.exposure is not Exposure.INTERNAL and each.kind is not Kind.MAP
)
_INTERNAL = frozenset(each.name for each in INDEXED if each.exposure is Exposure.INTERNAL)
_MULTIPLE = frozenset((_DERIVED, *(each.name for each in INDEXED if each.multiple)))
_DATES = frozenset(each.name for each in INDEXED if each.kind is Kind.DATE)


def _contents(name: str, rows: Sequence[Row]) -> Iterable[Content]:
    if name in _MULTIPLE:
        return [_many(name, row.get(name)) for row in rows]
    # Of kinds that JSON has: what cannot be told apart is told when it is numbered.
    contents: Iterable[Content] = map(dict.get, rows, repeat(name))  # type: ignore[arg-type]
    return contents


def _many(name: str, value: object) -> tuple[str, ...] | None:
    if isinstance(value, list):
        return tuple(value)
    if value is None:
        return None
    raise ValueError(f"{name}: a list of values is wanted, not {value!r:.80}")


def _marked(body: Row) -> tuple[str, ...] | None:
    extra = body.get(MAP_FIELD)
    if isinstance(extra, dict):
        return tuple([f"{key}{EXTRA_MARK}{text}" for key, text in extra.items()])
    return None


def _default_order(trust: NDArray[np.int64], created: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the ranks in the default order: trust, newest first, key; missing values last."""
    newest = np.where(created == _MISSING, _MISSING, -created)
    return np.lexsort((newest, trust)).astype(np.int64)


def _dense(pairs: Pairs, size: int) -> NDArray[np.int64]:
    distinct, ranks, places = pairs
    numbers = np.array([int(value) for value in distinct], np.int64)
    dense = np.full(size, _MISSING)
    dense[ranks] = numbers[places]
    return dense


def _dated(pairs: Pairs) -> Pairs:
    """Read the distinct dates of pairs as milliseconds; one moment may be written in several ways."""
    distinct, ranks, places = pairs
    moments = [milliseconds(value) if isinstance(value, str) else value for value in distinct]
    place_of = {moment: place for place, moment in enumerate(dict.fromkeys(moments))}
    if len(place_of) == len(moments):
        return moments, ranks, places
    return list(place_of), ranks, np.array([place_of[moment] for moment in moments], np.int64)[places]


_MISSING = np.iinfo(np.int64).max

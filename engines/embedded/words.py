"""The words of the text fields: which documents hold a token, and where tokens stand side by side."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from engines.embedded.bitmap import Bits, Docs
from engines.embedded.numbering import numbering
from engines.embedded.part import Integers, Parts, numbers_in, numbers_part
from engines.embedded.postings import (
    Lists,
    Postings,
    joined,
    lists_of,
    packed,
    postings_in,
    postings_of,
    spread,
)
from engines.embedded.terms import Terms, encoded, make_terms, terms_in
from mappings.field import Field, Kind
from mappings.fields import FIELDS
from mappings.text import tokens

WORDED = tuple(each for each in FIELDS if each.text or each.kind is Kind.TEXT)
"""The fields whose words are indexed."""

SEARCHED = tuple(each.name for each in FIELDS if each.text)
"""Those of them that a search in all text looks at."""


@dataclass(frozen=True, slots=True)
class FieldWords:
    """The words of one field.

    `flat` holds the token ordinals of its distinct values one after the other, those of value n from
    `starts[n]`, each value ended by a number that is no token.
    """

    postings: Postings
    flat: Integers
    starts: Integers

    def phrase(self, ordinals: Sequence[int]) -> NDArray[np.int64]:
        """Give the ordinals of the values that hold these tokens side by side."""
        counts = [len(self.postings.one(ordinal)) for ordinal in ordinals]
        # The rarest first, as what follows looks at its places only.
        order = sorted(range(len(ordinals)), key=counts.__getitem__)
        places = np.flatnonzero(self.flat == ordinals[order[0]]) - order[0]
        places = places[(places >= 0) & (places <= len(self.flat) - len(ordinals))]
        for step in order[1:]:
            places = places[self.flat[places + step] == ordinals[step]]
        found = np.searchsorted(self.starts, places.astype(self.starts.dtype), side="right") - 1
        return found[np.flatnonzero(np.diff(found, prepend=-1))]


@dataclass(frozen=True, slots=True)
class Words:
    """`everywhere` holds the documents of each token by all searched fields taken together."""

    tokens: Terms
    everywhere: Postings
    fields: Mapping[str, FieldWords]

    def ordinals(self, words: Sequence[str]) -> list[int] | None:
        """Give the ordinals of tokens, None where one of them occurs nowhere."""
        found = [self.tokens.find(encoded(word)) for word in words]
        known = [ordinal for ordinal in found if ordinal is not None]
        return known if len(known) == len(found) else None

    def holding(self, postings: Postings, words: Sequence[str]) -> Bits:
        """Give the documents that hold all tokens, by postings of one field or of all; none for no token."""
        ordinals = self.ordinals(tuple(dict.fromkeys(words)))
        if not ordinals:
            return BitMap()
        first, *others = sorted((postings.one(ordinal) for ordinal in ordinals), key=len)
        for other in others:
            first = first & other
        return first


@dataclass(slots=True)
class WordsBuilder:
    """Gathers the words of one field after the other."""

    size: int
    _ordinals: dict[str, int] = field(default_factory=numbering)
    _fields: dict[str, tuple[NDArray[np.uint32], NDArray[np.int64]]] = field(default_factory=dict)
    _pairs: dict[str, tuple[Docs, NDArray[np.int64]]] = field(default_factory=dict)

    def add(self, name: str, values: Terms, docs: Docs, ordinals: Integers) -> None:
        """Add a field: its distinct values, and pairs of a document and the ordinal of its value."""
        known = self._ordinals
        flat, starts = array("I"), array("q", [0])
        for ordinal in range(len(values)):
            flat.extend(map(known.__getitem__, tokens(values.value(ordinal))))
            flat.append(_END)
            starts.append(len(flat))
        self._fields[name] = np.frombuffer(flat, np.uint32), np.frombuffer(starts, np.int64)
        self._pairs[name] = docs, ordinals.astype(np.int64)

    def parts(self) -> Iterator[dict[str, bytes]]:
        """Give what `words_in` reads back, piece by piece, letting go of what has been given."""
        words, ordinal_of = self._ordered()
        yield words.parts("words")
        searched: list[Lists] = []
        for name in list(self._fields):
            raw, starts = self._fields.pop(name)
            flat = np.full(len(raw), len(words), np.uint32)
            flat[raw != _END] = ordinal_of[raw[raw != _END]]
            lists = _lists_of_words(*self._pairs.pop(name), flat, starts, words=len(words))
            postings = postings_of(lists, self.size)
            yield {
                **postings.parts(f"words/{name}"),
                f"words/{name}/flat": numbers_part(flat, "<u4"),
                f"words/{name}/starts": numbers_part(starts, "<u4"),
            }
            if name in SEARCHED:
                searched.append(lists)
        yield postings_of(joined(searched), self.size).parts("words")

    def _ordered(self) -> tuple[Terms, NDArray[np.uint32]]:
        """Sort all words; also give for the number of each its ordinal."""
        texts = [text.encode() for text in self._ordinals]
        self._ordinals.clear()
        order = sorted(range(len(texts)), key=texts.__getitem__)
        ordinal_of = np.empty(len(order), np.uint32)
        ordinal_of[np.array(order, np.int64)] = np.arange(len(order), dtype=np.uint32)
        return make_terms([texts[place] for place in order]), ordinal_of


def words_in(parts: Parts, size: int) -> Words:
    """Read back what `WordsBuilder.parts` gave."""
    return Words(
        terms_in(parts, "words"),
        postings_in(parts, "words", size),
        {each.name: field_words_in(parts, each, size) for each in WORDED},
    )


def field_words_in(parts: Parts, worded: Field, size: int) -> FieldWords:
    """Read back the words of one field."""
    name = f"words/{worded.name}"
    return FieldWords(
        postings_in(parts, name, size),
        numbers_in(parts, f"{name}/flat", "<u4"),
        numbers_in(parts, f"{name}/starts", "<u4"),
    )


_END = 0xFFFFFFFF


_TOGETHER = 1 << 15
"""Values whose words are looked at together."""


def _lists_of_words(
    docs: Docs,
    ordinals: NDArray[np.int64],
    flat: NDArray[np.uint32],
    starts: NDArray[np.int64],
    *,
    words: int,
) -> Lists:
    """List for each token the documents that hold it; numbers from `words` on are no tokens."""
    lengths = np.diff(starts)
    pairs = np.empty(int(lengths[ordinals].sum()), np.uint64)
    filled = 0
    for first in range(0, len(docs), _TOGETHER):
        some = ordinals[first : first + _TOGETHER]
        found = flat[spread(starts, some)]
        holding = np.repeat(docs[first : first + _TOGETHER], lengths[some])
        real = found < words
        more = packed(found[real], holding[real])
        pairs[filled : filled + len(more)] = more
        filled += len(more)
    return lists_of(pairs[:filled], words)

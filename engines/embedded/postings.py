"""Postings: for each ordinal the documents that hold its value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap, FrozenBitMap

from engines.embedded.bitmap import Bits, Docs, bitmap_of_any, bitmap_of_docs, kept
from engines.embedded.part import Integers, Parts, numbers_in, numbers_part
from engines.embedded.terms import Ordinals

FEW = 256
"""A field of at most so many values has a bitmap for each; one of more lists its documents by value."""

_FREQUENT = 512
"""Of many values, those that more than this part (1/512) of all documents hold have a bitmap too."""


@dataclass(frozen=True, slots=True)
class Postings:
    """`bitmaps` holds those of all values where `lists` is None, else those of frequent ones."""

    size: int
    bitmaps: dict[int, FrozenBitMap]
    lists: "Lists | None"

    def one(self, ordinal: int) -> Bits:
        """Give the documents that hold a value."""
        found = self.bitmaps.get(ordinal)
        if found is not None:
            return found
        return BitMap() if self.lists is None else bitmap_of_docs(self.lists.of(ordinal))

    def union(self, ordinals: range | Ordinals) -> Bits:
        """Give the documents that hold any of the values."""
        if len(ordinals) == 1:
            return self.one(int(ordinals[0]))
        if self.lists is None:
            bitmaps = [self.bitmaps[int(ordinal)] for ordinal in ordinals]
            return BitMap.union(*bitmaps) if bitmaps else BitMap()
        if isinstance(ordinals, range):
            return bitmap_of_any(self.lists.between(ordinals.start, ordinals.stop), self.size)
        return bitmap_of_any(self.lists.of_all(ordinals), self.size)

    def parts(self, name: str) -> dict[str, bytes]:
        """Give what `postings_in` reads back."""
        packed = [self.bitmaps[ordinal].serialize() for ordinal in sorted(self.bitmaps)]
        lengths = np.array([len(each) for each in packed], np.int64)
        written = {
            f"{name}/bitmaps": b"".join(packed),
            f"{name}/bitmap_lengths": numbers_part(lengths, "<u4"),
            f"{name}/bitmap_ordinals": numbers_part(np.array(sorted(self.bitmaps), np.int64), "<u4"),
        }
        if self.lists is not None:
            written[f"{name}/list_starts"] = numbers_part(self.lists.starts, "<u4")
            written[f"{name}/lists"] = numbers_part(self.lists.docs, "<u4")
        return written


@dataclass(frozen=True, slots=True)
class Lists:
    """Documents of all values one after the other, ascending within each; value n has `starts[n:n+2]`.

    Turned round, ordinals of all documents.
    """

    starts: Integers
    docs: Docs

    def of(self, ordinal: int) -> Docs:
        """Give the documents of one value."""
        return self.between(ordinal, ordinal + 1)

    def between(self, low: int, high: int) -> Docs:
        """Give the documents of a range of values, perhaps some more than once."""
        return self.docs[int(self.starts[low]) : int(self.starts[high])]

    def of_all(self, ordinals: Ordinals) -> Docs:
        """Give the documents of some values, perhaps some more than once."""
        return self.docs[spread(self.starts, ordinals)]


def spread(starts: Integers, ordinals: Ordinals) -> NDArray[np.int64]:
    """Give the places of the entries of some ordinals, one ordinal after the other."""
    begin = starts[ordinals].astype(np.int64)
    lengths = starts[ordinals + 1].astype(np.int64) - begin
    skipped = np.cumsum(lengths) - lengths
    return np.repeat(begin - skipped, lengths) + np.arange(int(lengths.sum()), dtype=np.int64)


def make_postings(docs: Docs, ordinals: Integers, *, values: int, size: int) -> Postings:
    """Make postings of pairs of a document and an ordinal below `values`; in any order, perhaps repeated."""
    return postings_of(make_lists(ordinals, docs, values), size)


def postings_of(lists: "Lists", size: int) -> Postings:
    """Make postings of the documents of all values; there are `size` documents."""
    counts = np.diff(lists.starts)
    few = len(counts) <= FEW
    frequent = list(range(len(counts))) if few else np.flatnonzero(counts > size // _FREQUENT).tolist()
    bitmaps = {ordinal: kept(bitmap_of_docs(lists.of(ordinal))) for ordinal in frequent}
    return Postings(size, bitmaps, None if few else lists)


def make_lists(owners: Integers, entries: Integers, size: int) -> "Lists":
    """List for each owner below `size` its entries, ascending and each once."""
    return lists_of(packed(owners, entries), size)


def packed(owners: Integers, entries: Integers) -> NDArray[np.uint64]:
    """Pack pairs of an owner and an entry into one number each."""
    pairs = owners.astype(np.uint64)
    pairs <<= _HALF
    pairs |= entries.astype(np.uint32)
    return pairs


def lists_of(pairs: NDArray[np.uint64], size: int) -> "Lists":
    """List what was packed, which may be many millions: in its place, with little memory beside it."""
    # By sorting, as np.unique goes through a hash table that is many times slower.
    pairs.sort()
    starts = np.searchsorted(pairs, np.arange(size + 1, dtype=np.uint64) << _HALF)
    entries = pairs.astype(np.uint32)
    repeated = np.flatnonzero(pairs[1:] == pairs[:-1])
    if len(repeated):
        entries = np.delete(entries, repeated)
        starts -= np.searchsorted(repeated, starts)
    return Lists(starts, entries)


def joined(several: Sequence["Lists"], together: int = 1 << 20) -> "Lists":
    """List for each owner what any of several lists have of it; so many entries are looked at together."""
    before = np.sum([each.starts for each in several], axis=0)
    starts, entries, low = np.zeros_like(before), [np.empty(0, np.uint32)], 0
    while low < len(before) - 1:
        high = max(low + 1, int(np.searchsorted(before, before[low] + together, "right")) - 1)
        part = make_lists(
            np.concatenate([_owners(each.starts[low : high + 1]) for each in several]),
            np.concatenate([each.between(low, high) for each in several]),
            high - low,
        )
        starts[low + 1 : high + 1] = starts[low] + part.starts[1:]
        entries.append(part.docs)
        low = high
    return Lists(starts, np.concatenate(entries))


def _owners(starts: Integers) -> NDArray[np.uint32]:
    return np.repeat(np.arange(len(starts) - 1, dtype=np.uint32), np.diff(starts))


_HALF = np.uint64(32)


def postings_in(parts: Parts, name: str, size: int) -> Postings:
    """Read back what `Postings.parts` gave."""
    packed = parts[f"{name}/bitmaps"]
    ends = np.cumsum(numbers_in(parts, f"{name}/bitmap_lengths", "<u4"), dtype=np.int64).tolist()
    ordinals = numbers_in(parts, f"{name}/bitmap_ordinals", "<u4").tolist()
    bitmaps = {
        ordinal: FrozenBitMap.deserialize(packed[start:end])
        for ordinal, start, end in zip(ordinals, [0, *ends], ends, strict=False)
    }
    if f"{name}/lists" not in parts:
        return Postings(size, bitmaps, None)
    starts = numbers_in(parts, f"{name}/list_starts", "<u4")
    docs = np.frombuffer(parts[f"{name}/lists"], np.uint32)
    return Postings(size, bitmaps, Lists(starts, docs))

"""Bitmaps of documents to and from arrays.

A document is a number below `size`. Arrays of documents are `uint32`, masks are `bool` of length `size`.
"""

from array import array
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from pyroaring import AbstractBitMap, BitMap, FrozenBitMap

Bits = AbstractBitMap
Docs = NDArray[np.uint32]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


def bitmap_of_docs(docs: Docs) -> BitMap:
    """Make a bitmap of ascending documents."""
    # Four times faster than handing over the array itself, which is read number by number.
    return BitMap(array("I", docs.astype(np.uint32, copy=False).tobytes()), optimize=False)


def bitmap_of_any(docs: Docs, size: int) -> BitMap:
    """Make a bitmap of documents in any order, some perhaps more than once."""
    if len(docs) * 64 < size:
        return bitmap_of_docs(np.unique(docs))
    mask = np.zeros(size, np.bool_)
    mask[docs] = True
    return bitmap_of_mask(mask)


def bitmap_of_mask(mask: Mask) -> BitMap:
    """Make a bitmap of the documents that are set in a mask.

    Written in the portable Roaring format, as its containers are what packing bits gives anyway: ten times
    faster than going through numbers (https://github.com/RoaringBitmap/RoaringFormatSpec).
    """
    packed = np.packbits(mask, bitorder="little")
    packed.resize(-(-len(mask) // _CHUNK) * _CHUNK // 8, refcheck=False)
    chunks = packed.reshape(-1, _CHUNK // 8)
    counts = np.bitwise_count(chunks.view("<u8")).sum(axis=1, dtype=np.int64)
    return BitMap.deserialize(_serialized(chunks, counts.tolist()))


def kept(bitmap: BitMap) -> FrozenBitMap:
    """Freeze a bitmap that will be met often: with its runs written as such only where they are few.

    Meeting a dense bitmap takes several times as long where it is written as thousands of runs.
    """
    packed = FrozenBitMap(bitmap)
    held = packed.get_statistics()
    if held["n_bytes_run_containers"] <= held["n_run_containers"] * _FEW_RUNS:
        return packed
    return FrozenBitMap(bitmap, optimize=False)


_FEW_RUNS = 512
"""Bytes of the runs of a container, four for each."""


def docs_of(bitmap: Bits) -> Docs:
    """Give the documents of a bitmap, ascending."""
    return np.frombuffer(bitmap.to_array(), np.uint32)


_CHUNK = 1 << 16
"""Documents of a container."""
_SPARSE = 4096
"""A container of at most so many documents lists them; a larger one has a bit for each."""
_COOKIE = 12346


def _serialized(chunks: NDArray[np.uint8], counts: list[int]) -> bytes:
    filled = [(key, count) for key, count in enumerate(counts) if count]
    containers = [chunks[key].tobytes() if count > _SPARSE else _listed(chunks[key]) for key, count in filled]
    head = np.array([_COOKIE, len(filled)], "<u4").tobytes()
    keys = np.array(list(chain.from_iterable((key, count - 1) for key, count in filled)), "<u2").tobytes()
    start = len(head) + len(keys) + 4 * len(filled)
    sizes = np.array([start, *map(len, containers)], np.int64)
    offsets = np.cumsum(sizes)[:-1].astype("<u4").tobytes()
    return b"".join((head, keys, offsets, *containers))


def _listed(chunk: NDArray[np.uint8]) -> bytes:
    return np.flatnonzero(np.unpackbits(chunk, bitorder="little")).astype("<u2").tobytes()

"""`Groups`: one code for the values that a document has of several fields, so that one look counts all."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.embedded.bitmap import Indices, Mask, docs_of
from engines.embedded.counter import Counter

Codes = NDArray[np.uint16]
Numbers = NDArray[np.int64]
Named = Sequence[tuple[str, Counter]]


class Groups:
    """Fields that are counted together, in groups of such as depend on one another: these have few codes.

    They grow by one small step for each question that could use them, as a step takes milliseconds where
    there are a million documents. At most eight bytes for each document are held.
    """

    __slots__ = ("_codes", "_counters", "_growing", "_held", "_starts", "_states", "fields", "width")

    def __init__(self, counters: Named, size: int) -> None:
        self.fields: frozenset[str] = frozenset()
        """Those that are counted together; none as long as they grow."""
        self.width = 1
        """Codes that are looked at for each document."""
        self._counters = counters
        self._growing: Iterator[None] | None = self._grow(size)

    def grow(self) -> None:
        """Take a step."""
        if self._growing is not None and next(self._growing, _READY) is _READY:
            self._growing = None

    def count(self, docs: Indices) -> Numbers:
        """Give the numbers of all counters within some documents, 0 for fields that stand alone; then a 0."""
        held = self._held.take(docs).view(np.uint16)
        by_code = np.bincount(held, minlength=self._states + 1)
        numbers: Numbers = np.add.reduceat(by_code.take(self._codes), self._starts)
        return numbers

    def _grow(self, size: int) -> Iterator[None]:
        groups = yield from _planned(self._counters, size)
        for place, planned in enumerate(groups):
            groups[place] = yield from _grown(planned.names, dict(self._counters), size)
        self._put(groups, size)

    def _put(self, groups: Sequence["_Group"], size: int) -> None:
        """Write the codes of all groups side by side, so that one step reads those of a document."""
        self.width = next(width for width in _WIDTHS if width >= len(groups))
        offsets = np.cumsum([0, *(group.states for group in groups)]).tolist()
        self._states = offsets[-1] + 1
        side_by_side = np.full((size, self.width), self._states - 1, np.uint16)
        of_sets: dict[str, list[Indices]] = {}
        for place, (group, offset) in enumerate(zip(groups, offsets, strict=False)):
            side_by_side[:, place] = group.codes + np.uint16(offset)
            for name, has in group.sets:
                of_sets.setdefault(name, []).append(np.flatnonzero(has) + offset)
        self._held = side_by_side.view(f"<u{2 * self.width}").reshape(size)
        # What no code stands for gets the one behind the last, which no document has.
        none = np.array([self._states])
        codes = [
            each if len(each) else none
            for name, counter in self._counters
            for each in of_sets.get(name, [none] * len(counter.sets))
        ]
        codes.append(none)
        self._codes = np.concatenate(codes)
        self._starts = np.cumsum([0, *map(len, codes)])[:-1]
        self.fields = frozenset(of_sets)


_READY = object()
_WIDTHS = (1, 2, 4)

STATES = 2048
"""Codes of a group at most: to sum up so many takes as long as to look at as many documents."""

_PLANNED = 512
"""Codes of a group at most among the documents by which it is planned: all documents have more."""

_SAMPLE = 8192
"""Documents by which it is planned which fields to group."""

_DEPEND = 0.5
"""Fields that have less than this part of all pairs of their codes depend on one another."""


@dataclass(frozen=True, slots=True)
class _Group:
    """`codes` below `states` for each document. For each set that is counted: the field, and its codes."""

    codes: Codes
    states: int
    sets: tuple[tuple[str, Mask], ...]

    @property
    def names(self) -> Sequence[str]:
        """The fields, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.sets))

    def split(self, name: str, mask: Mask) -> "_Group":
        """Tell the documents of one more set from others."""
        both = self.codes * np.uint16(2) + mask
        occurs = np.bincount(both, minlength=self.states * 2) > 0
        codes = (np.cumsum(occurs) - 1).astype(np.uint16).take(both)
        found = np.flatnonzero(occurs)
        sets = [(each, has[found >> 1]) for each, has in self.sets]
        return _Group(codes, len(found), (*sets, (name, (found & 1).astype(np.bool_))))

    def beside(self, other: "_Group") -> "_Group":
        """Give the codes of both; for names and numbers of codes only."""
        both = self.codes.astype(np.int64) * other.states + other.codes
        found, codes = np.unique(both, return_inverse=True)
        return _Group(codes.astype(np.uint16), len(found), (*self.sets, *other.sets))


def _planned(counters: Named, size: int) -> Generator[None, None, list[_Group]]:
    """Find out which fields to group, by some of the documents; those of many sets first."""
    groups: list[_Group] = []
    for name, counter in sorted(counters, key=lambda named: -len(named[1].sets)):
        alone = yield from _with(_none(size), name, counter, max(size // _SAMPLE, 1))
        if alone is not None:
            _place(alone, groups)
        yield
    groups.sort(key=lambda group: group.states)
    while len(groups) > 1 and (both := groups[1].beside(groups[0])).states <= _PLANNED:
        groups[:2] = [both]
        groups.sort(key=lambda group: group.states)
    return groups[-_WIDTHS[-1] :]


def _place(alone: _Group, groups: list[_Group]) -> None:
    """Put a field beside those that it depends on most, or apart."""
    best, least, found = len(groups), _DEPEND, alone
    for place, group in enumerate(groups):
        both = group.beside(alone)
        part = both.states / (alone.states * group.states)
        if part < least and both.states <= _PLANNED:
            best, least, found = place, part, both
    groups[best : best + 1] = [found]


def _grown(names: Sequence[str], counters: dict[str, Counter], size: int) -> Generator[None, None, _Group]:
    """Group fields; those that make too many codes are left out."""
    group = _none(size)
    for name in names:
        joined = yield from _with(group, name, counters[name])
        group = group if joined is None else joined
    return group


def _none(size: int) -> _Group:
    return _Group(np.zeros(size, np.uint16), 1, ())


def _with(group: _Group, name: str, counter: Counter, step: int = 1) -> Generator[None, None, _Group | None]:
    """Put a field into a group, of every so many documents; None where that makes too many codes."""
    size = len(group.codes)
    group = replace(group, codes=group.codes[::step])
    for bits in counter.sets:
        mask = np.zeros(size, np.bool_)
        mask[docs_of(bits)] = True
        group = group.split(name, mask[::step])
        if group.states > STATES:
            return None
        yield
    return group

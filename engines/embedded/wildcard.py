"""Finding the terms that a wildcard matches, and what that costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.costs import patterns_too_costly
from engines.embedded.terms import Ordinals, Terms, encoded
from mappings.match import wildcard_pattern

BUDGET = 50_000
"""What the wildcards of one query may cost together: some 0.1 s."""

_BYTES = 4096
"""So many bytes that are searched for a literal cost one."""

_PLACES = 8
"""So many places of a literal cost one; a term that is compared character by character does too."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The ordinals of the terms that match, ascending, and what it cost to find them, at least 1."""

    ordinals: Ordinals
    cost: int


def matching(terms: Terms, wildcard: str, prefix: bytes = b"") -> Matches:
    """Find the terms that begin with the prefix and match a wildcard behind it.

    Raises TooCostly for one that costs more than a whole query may.
    """
    literals = [encoded(piece) for piece in wildcard.replace("?", "*").split("*")]
    bounds = terms.beginning(prefix + literals[0])
    search = _Search(terms, bounds)
    longest = max(literals[1:], key=len, default=b"")
    ordinals = search.holding(longest) if longest else np.arange(bounds.start, bounds.stop)
    # What stands between the literals is settled by their places, unless it is a number of characters.
    if "?" not in wildcard and len(literals) > 1:
        return Matches(search.in_turn(ordinals, len(prefix + literals[0]), literals[1:]), search.cost)
    search.charge(len(ordinals))
    pattern, cut = wildcard_pattern(wildcard), len(prefix)
    found = [
        ordinal
        for ordinal in ordinals.tolist()
        if pattern.fullmatch(terms[ordinal][cut:].decode()) is not None
    ]
    return Matches(np.array(found, np.int64), search.cost)


class _Search:
    """Looks for literals in a range of terms, whose texts stand one after the other."""

    def __init__(self, terms: Terms, bounds: range) -> None:
        self.cost = 1
        self._text = terms.text
        self._starts = np.asarray(terms.starts)
        self._begin, self._end = terms.starts[bounds.start], terms.starts[bounds.stop]
        self._known: dict[bytes, NDArray[np.int64]] = {}

    def charge(self, cost: int) -> None:
        """Add to the cost. Raises TooCostly."""
        self.cost += cost
        if self.cost > BUDGET:
            raise patterns_too_costly()

    def holding(self, literal: bytes) -> Ordinals:
        """Give the terms that hold a literal."""
        places = self._places(literal)
        ordinals = np.searchsorted(self._starts, places, side="right") - 1
        ordinals = ordinals[places + len(literal) <= self._starts[ordinals + 1]]
        return ordinals[np.flatnonzero(np.diff(ordinals, prepend=-1))]

    def in_turn(self, ordinals: Ordinals, begun: int, literals: Sequence[bytes]) -> Ordinals:
        """Give those terms that hold the literals one behind the other, the last one at their end.

        The first `begun` bytes are taken. Each literal takes its first place: that leaves most to the others.
        """
        *middle, last = literals
        behind = self._starts[ordinals] + begun
        for literal in filter(None, middle):
            places = np.append(self._places(literal), self._end)
            behind = places[np.searchsorted(places, behind)] + len(literal)
            fits = behind <= self._starts[ordinals + 1]
            ordinals, behind = ordinals[fits], behind[fits]
        ends = self._starts[ordinals + 1] - len(last)
        fits = ends >= behind
        if last:
            fits &= np.isin(ends, self._places(last))
        return ordinals[fits]

    def _places(self, literal: bytes) -> NDArray[np.int64]:
        """Give every place where a literal begins, those too that reach into the next term."""
        known = self._known.get(literal)
        if known is None:
            self.charge((self._end - self._begin) // _BYTES)
            most, find = (BUDGET - self.cost) * _PLACES, self._text.find
            found: list[int] = []
            place = find(literal, self._begin, self._end)
            while place >= 0 and len(found) <= most:
                found.append(place)
                place = find(literal, place + 1, self._end)
            self.charge(-(-len(found) // _PLACES))
            known = self._known[literal] = np.array(found, np.int64)
        return known

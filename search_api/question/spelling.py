"""`corrected`: a word one or two letters off a known one."""

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

Nearby = dict[str, tuple[str, ...]]
"""Words by first letter."""

SHORTEST = 4
"""Shorter words are never corrected."""
LONG = 8
"""From here on two letters may be wrong, before that one. Two neighbours in the wrong order count as one."""


def nearby(words: Iterable[str]) -> Nearby:
    """Sort words for `corrected`: those of letters only, long enough."""
    found: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        if len(word) >= SHORTEST and word.isalpha():
            found.setdefault(word[0], []).append(word)
    return {first: tuple(words) for first, words in found.items()}


def corrected(word: str, known: Nearby) -> str | None:
    """Give the one known word that is nearest; None if there is none, or several are as near.

    People hardly ever miss the first letter; that it agrees keeps look-alikes apart.
    """
    if len(word) < SHORTEST or not word.isalpha():
        return None
    allowed = 2 if len(word) >= LONG else 1
    hits = process.extract(word, known.get(word[0], ()), scorer=OSA.distance, score_cutoff=allowed, limit=2)
    if not hits or (len(hits) > 1 and hits[0][1] == hits[1][1]):
        return None
    return hits[0][0]


def near_misses(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Give up to three known values that may have been meant; none for a text with digits in it."""
    if len(text) < SHORTEST or any(map(str.isdigit, text)):
        return ()
    keys = {value.casefold(): value for value in known}
    hits = process.extract(text.casefold(), list(keys), scorer=OSA.distance, score_cutoff=2, limit=3)
    return tuple(keys[hit[0]] for hit in hits)

"""Wildcards as OpenSearch writes them, and what they may cost."""

import re
from functools import lru_cache

from engines.costs import patterns_too_costly

_RUN = 3
"""Characters of a run that is long enough to pass most values over quickly."""

_STEPS = 50_000
"""A node gives up building the automaton of a pattern that takes some 70,000 of them."""


def wildcard(pattern: str, behind: str = "") -> str:
    """Write a pattern for values that begin with `behind`, taken literally. Raises TooCostly."""
    shortest = _STARS.sub("*", pattern)
    if _steps(shortest) > _STEPS:
        raise patterns_too_costly()
    return _SPECIAL.sub(r"\\\g<0>", behind) + shortest.replace("\\", "\\\\")


def least_length(pattern: str) -> int:
    """Give the characters that a value must have to match."""
    return len(pattern) - pattern.count("*")


def is_vague(pattern: str) -> bool:
    """Tell whether a pattern has no run of characters that most values could be passed over by."""
    return max(map(len, _MARKS.split(pattern))) < _RUN


_STARS = re.compile(r"\*{2,}")
_SPECIAL = re.compile(r"[\\*?]")
_MARKS = re.compile(r"[*?]+")


@lru_cache(maxsize=1024)
def _steps(pattern: str) -> int:
    """Count the states, each as often as it stands for places in the pattern, of the automaton.

    It is the subset construction that a node does as well; it stops where too much has been counted.
    """
    first = _closed(pattern, {0})
    known, waiting, steps = {first}, [first], 0
    while waiting and steps <= _STEPS:
        places = waiting.pop()
        steps += len(places)
        # Only letters that stand at one of the places lead elsewhere than any other letter.
        for letter in {*(pattern[place] for place in places if place < len(pattern)), *_ANY_OTHER} - _JOKERS:
            following = _closed(pattern, _step(pattern, places, letter))
            if following and following not in known:
                known.add(following)
                waiting.append(following)
    return steps


_ANY_OTHER = (None,)
_JOKERS = frozenset("*?")


def _step(pattern: str, places: frozenset[int], letter: str | None) -> set[int]:
    found = set()
    for place in places:
        mark = pattern[place] if place < len(pattern) else ""
        if mark == "*":
            found.add(place)
        elif mark == "?" or (letter is not None and mark == letter):
            found.add(place + 1)
    return found


def _closed(pattern: str, places: set[int]) -> frozenset[int]:
    """Add the places behind a star, which may stand for nothing."""
    return frozenset(places | {place + 1 for place in places if pattern[place : place + 1] == "*"})

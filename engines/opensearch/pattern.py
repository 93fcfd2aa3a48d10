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
    if steps(pattern) > _STEPS:
        raise patterns_too_costly()
    shortest = _STARS.sub("*", pattern)
    return _SPECIAL.sub(r"\\\g<0>", behind) + shortest.replace("\\", "\\\\")


def steps(pattern: str) -> int:
    """Count what it takes a node to make the automaton of a pattern, up to what it may take."""
    return _steps(_STARS.sub("*", pattern))


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

    It is the subset construction that a node does as well; it stops where too much has been counted. The
    places of a state are the bits of a number, so that all of them step at once.
    """
    marks: dict[str, int] = {}
    for place, mark in enumerate(pattern):
        marks[mark] = marks.get(mark, 0) | 1 << place
    stars, anything = marks.get("*", 0), marks.get("?", 0)
    first = 1 | (stars & 1) << 1
    known, waiting, taken = {first}, [first], 0
    while waiting and taken <= _STEPS:
        state = waiting.pop()
        taken += state.bit_count()
        # Every letter leads here; only those that stand at one of the places lead elsewhere as well.
        always = state & stars | (state & anything) << 1
        left, met = state & ~(stars | anything | 1 << len(pattern)), 0
        while True:
            reached = always | met << 1
            # A star may stand for nothing: the place behind it is reached with it.
            following = reached | (reached & stars) << 1
            if following and following not in known:
                known.add(following)
                waiting.append(following)
            if not left:
                break
            met = left & marks[pattern[left.bit_length() - 1]]
            left ^= met
    return taken

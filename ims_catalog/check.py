"""`Check`: one thing that the doctor looked at, and what it found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out. What could not be looked at (`unseen`) is neither right nor wrong."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Check:
    """`found` is a sentence without its full stop; `todo` says what to do about it, None if nothing."""

    name: str
    verdict: Verdict
    found: str
    todo: str | None = None


def fine(name: str, found: str) -> Check:
    """Say that something is as it should be."""
    return Check(name, Verdict.FINE, found)


def doubtful(name: str, found: str, todo: str) -> Check:
    """Say that something works, but may not be what is wanted."""
    return Check(name, Verdict.DOUBTFUL, found, todo)


def wrong(name: str, found: str, todo: str | None = None) -> Check:
    """Say that something does not work."""
    return Check(name, Verdict.WRONG, found, todo)


def unseen(name: str, found: str) -> Check:
    """Say why something could not be looked at."""
    return Check(name, Verdict.UNSEEN, found)

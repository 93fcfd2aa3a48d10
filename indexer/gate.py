"""`gate`: doubts a listing that lost too much, before anything is removed for it. Pure.

Doubt is per scope: one that shrank or emptied is carried as it was, the others are published. What is shared
is never doubted: a withdrawn grant always ends.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from engines.ledger import Memory, Smaller
from indexer.survey import Survey
from mappings.scope import shared


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """What a listing may lose without being doubted.

    A scope is held if it shrank by more than the share `shrink` and by more than `shrink_least` images, or
    emptied; the same loss in `repeats` whole listings over at least `repeat_after` is believed. The whole
    generation is held if more than the share `doubt` of the scopes is held, or if more than the share
    `refused` of all records and more than `refused_least` could not be read. `ask`: images of a scope that
    are asked for by id in one run.
    """

    shrink: float = 0.2
    shrink_least: int = 20
    repeats: int = 3
    repeat_after: timedelta = timedelta(hours=24)
    doubt: float = 0.5
    refused: float = 0.05
    refused_least: int = 20
    ask: int = 200


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate came to: reasons by held scope, what to remember of them, notes, why all is held."""

    held: Mapping[str, str]
    smaller: Mapping[str, Smaller]
    notes: tuple[str, ...]
    stopped: str | None


NOT_GATED = Gated({}, {}, (), None)
"""Of a run that lists nothing, or came to nothing before."""


def gate(
    survey: Survey,
    complete: AbstractSet[str],
    *,
    accepted: AbstractSet[str],
    memories: Mapping[str, Memory],
    refused: int,
    now: datetime,
    limits: GateLimits,
) -> Gated:
    """Judge the scopes that were listed whole.

    `accepted` are those whose loss a person believes, `memories` what earlier runs remember, `refused` the
    number of records that could not be read.
    """
    held: dict[str, str] = {}
    smaller: dict[str, Smaller] = {}
    notes: list[str] = []
    doubted = sorted(scope for scope in complete if not shared(scope))
    for scope in doubted:
        before, seen = survey.before[scope], survey.tally.seen[scope]
        if not _lost_too_much(before, seen, limits):
            continue
        loss = f"{scope} went from {before:,} to {seen:,} images"
        if scope in accepted:
            notes.append(f"{loss}: accepted as asked for")
            continue
        again = _again(survey.tally.missing[scope].digest, memories.get(scope), now)
        if again.runs >= limits.repeats and now - again.since >= limits.repeat_after:
            notes.append(
                f"{loss}: accepted, as the same images were missing in {again.runs} whole listings since"
                f" {again.since:%Y-%m-%dT%H:%M:%SZ}"
            )
            continue
        smaller[scope] = again
        held[scope] = (
            f"held: the listing went from {before:,} to {seen:,} images; if that is right:"
            f" ims-catalog reindex --accept {scope}"
        )
    return Gated(held, smaller, tuple(notes), _stopped(survey, held, len(doubted), refused, limits))


def _lost_too_much(before: int, seen: int, limits: GateLimits) -> bool:
    lost = before - seen
    emptied = before > 0 and seen == 0
    return emptied or (lost > limits.shrink_least and lost > limits.shrink * before)


def _again(digest: str, memory: Memory | None, now: datetime) -> Smaller:
    last = None if memory is None else memory.smaller
    if last is None or last.digest != digest:
        return Smaller(digest, now, 1)
    return Smaller(digest, last.since, last.runs + 1)


def _stopped(
    survey: Survey, held: Mapping[str, str], scopes: int, refused: int, limits: GateLimits
) -> str | None:
    if len(held) > limits.doubt * scopes:
        return (
            f"{len(held)} of {scopes} listings lost so much that they are doubted: {_named(held)}; if that is"
            " right, accept each: ims-catalog reindex --accept SCOPE"
        )
    records = survey.tally.seen.total() + refused
    if refused > limits.refused_least and refused > limits.refused * records:
        return f"{refused:,} of {records:,} records could not be read, which is more than is believed"
    return None


_SHOWN = 3


def _named(scopes: Iterable[str]) -> str:
    names = list(scopes)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

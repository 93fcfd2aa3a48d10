"""Which generations are deleted at a publish, and which before a build."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from engines.generation import term_of
from engines.opensearch.meta import Meta

GRACE = timedelta(minutes=10)
"""A generation is kept for so long after another took its place: searches and cursors began on it."""


def retired(ours: Iterable[Meta], served: str, previous: str | None, now: datetime) -> list[str]:
    """Give those that are not served any more: neither served nor the one before, and another took their
    place at least `GRACE` ago. One that was never served although it should have been is among them.

    `ours` are all generations of the installation. Of several with one term at most one was ever served, and
    which it was is not written: what has the next higher term is taken to have come when its last one did.
    """
    times: dict[int, datetime] = {}
    published: list[Meta] = []
    for meta in ours:
        if meta.published is not None and _term(meta) <= term_of(served):
            published.append(meta)
            times[_term(meta)] = max(meta.published, times.get(_term(meta), meta.published))
    terms = sorted(times)
    followed = dict(zip(terms, [times[term] for term in (*terms[1:], *terms[-1:])], strict=True))
    return [
        meta.generation
        for meta in sorted(published, key=_term, reverse=True)
        if meta.generation not in {served, previous} and now - followed[_term(meta)] >= GRACE
    ]


def unfinished(ours: Iterable[Meta], building: Iterable[str], below: int) -> list[str]:
    """Give what builds of terms under `below` have left that broke off, those in `building` aside."""
    kept = set(building)
    return [
        meta.generation
        for meta in ours
        if meta.published is None and meta.generation not in kept and _term(meta) < below
    ]


def never_served(ours: Iterable[Meta], served: str | None, building: Iterable[str], below: int) -> list[str]:
    """Give what was about to be served when its writer ended, though it is not: of terms over that of what
    is served, and under `below`. The cluster may have been asked to serve it, and may still come to do so.
    """
    kept, above = set(building), 0 if served is None else term_of(served)
    return [
        meta.generation
        for meta in ours
        if meta.published is not None and meta.generation not in kept and above < _term(meta) < below
    ]


def _term(meta: Meta) -> int:
    return term_of(meta.generation)

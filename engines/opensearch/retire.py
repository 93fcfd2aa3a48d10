"""Which generations are deleted at a publish, and which before a build."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from engines.generation import parse_generation
from engines.opensearch.meta import Meta

GRACE = timedelta(minutes=10)
"""A generation is kept for so long after another took its place: searches and cursors began on it."""


def retired(ours: Iterable[Meta], served: str, previous: str | None, now: datetime) -> list[str]:
    """Give those that are not served any more: neither served nor the one before, and another took their
    place at least `GRACE` ago. One that was never served although it should have been is among them.

    `ours` are all generations of the installation.
    """
    term = parse_generation(served).term
    published = sorted(
        (meta for meta in ours if meta.published is not None and _term(meta) <= term),
        key=lambda meta: (_term(meta), meta.generation == served),
    )
    gone: list[str] = []
    followed: datetime | None = None
    for meta in reversed(published):
        old = followed is not None and now - followed >= GRACE
        if old and meta.generation not in {served, previous}:
            gone.append(meta.generation)
        followed = meta.published
    return gone


def unfinished(ours: Iterable[Meta], building: Iterable[str]) -> list[str]:
    """Give what builds that broke off have left, those in `building` aside."""
    kept = set(building)
    return [meta.generation for meta in ours if meta.published is None and meta.generation not in kept]


def _term(meta: Meta) -> int:
    return parse_generation(meta.generation).term

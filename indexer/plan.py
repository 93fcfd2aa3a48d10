"""`plan`: from what was seen and what is served, the documents of the next generation. Pure.

Two streams in the order of keys are merged, image by image; all views of an image stand side by side. An
image stays as long as one of its scopes lists it or was not listed whole in this run: it disappears from
complete scopes only, and its grants with them.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import orjson

from indexer.spool import Entry
from mappings.document import Stored, key_parts, stamp
from mappings.scope import View, granted_by

BATCH = 500


class Change(StrEnum):
    """What a run does to a document."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan goes by.

    `complete` holds the ids of the scopes that were listed whole; any other scope keeps its images, whether
    it failed, was not due or has left the configuration. `started` is the start of the run in ISO 8601,
    the `first_seen` of new documents.
    """

    complete: AbstractSet[str]
    started: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one key.

    `stored` is None if it is removed. `listed` are the scopes that list it now, `carried` those that were
    not listed whole and keep it. `disputed`: two sources or projects tell different things of it.
    """

    key: str
    change: Change
    stored: Stored | None
    listed: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    disputed: bool = False


async def plan(
    seen: Iterable[Entry], served: AsyncIterator[Sequence[Stored]], terms: Terms
) -> AsyncGenerator[tuple[Decision, ...], None]:
    """Decide for every key of the two streams, in batches by ascending key.

    `served` ascends by image; its views may stand in any order.
    """
    fresh = _Images(seen)
    waiting: list[Stored] = []
    async for batch in served:
        waiting += batch
        whole = _whole_images(waiting)
        for decisions in _decide(fresh, waiting[:whole], terms, final=False):
            yield decisions
        del waiting[:whole]
    for decisions in _decide(fresh, waiting, terms, final=True):
        yield decisions


def decide(entries: Sequence[Entry], served: Sequence[Stored], terms: Terms) -> Iterator[Decision]:
    """Decide for the keys of one image, in their order: the owner's view comes before that of members.

    Of two served documents that have come to have one key the first counts.
    """
    before = {stored.key: stored for stored in reversed(served)}
    by_key = {key: tuple(group) for key, group in groupby(entries, key=lambda entry: entry.stored.key)}
    holders: tuple[str, ...] = ()
    for key in sorted(before.keys() | by_key.keys()):
        *_, view = key_parts(key)
        shadowed_by = holders if view is View.SHARED else ()
        decision = _decide_key(key, by_key.get(key, ()), before.get(key), terms, shadowed_by)
        if view is View.OWN and decision.stored is not None:
            holders = _internal(decision.stored, "visible_to")
        yield decision


def _decide_key(
    key: str,
    entries: Sequence[Entry],
    before: Stored | None,
    terms: Terms,
    shadowed_by: tuple[str, ...],
) -> Decision:
    listed = tuple(sorted(entry.scope for entry in entries))
    known = () if before is None else _internal(before, "scopes")
    carried = tuple(scope for scope in known if scope not in terms.complete and scope not in listed)
    if not listed and not carried:
        return Decision(key, Change.REMOVED, None)
    scopes = sorted({*listed, *carried})
    stored = stamp(
        _record(entries, before),
        {"first_seen": _first_seen(before, terms), "listed": True},
        {
            "scopes": scopes,
            "visible_to": sorted({project for scope in scopes for project in granted_by(scope)}),
            "shadowed_by": shadowed_by,
        },
    )
    change = Change.ADDED if before is None else Change.SAME if stored == before else Change.CHANGED
    disputed = len({entry.stored.body for entry in entries}) > 1
    return Decision(key, change, stored, listed, carried, disputed)


def _internal(stored: Stored, name: str) -> tuple[str, ...]:
    return tuple(orjson.loads(stored.internal).get(name, ()))


def _record(entries: Sequence[Entry], before: Stored | None) -> Stored:
    if entries:
        return min(entries, key=lambda entry: (entry.order, entry.scope)).stored
    if before is None:
        raise ValueError("a key that is neither seen nor served")
    return before


def _first_seen(before: Stored | None, terms: Terms) -> object:
    if before is None:
        return terms.started
    return orjson.loads(before.body).get("first_seen", terms.started)


class _Images:
    """The seen entries, image by image, with a look at the next one."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        groups = groupby(entries, key=lambda entry: image_of(entry.stored.key))
        self._images = ((image, list(group)) for image, group in groups)
        self._next = next(self._images, None)

    def up_to(self, last: str | None) -> Iterator[tuple[str, list[Entry]]]:
        """Take the images up to and with `last`; all of them if it is None."""
        while self._next is not None and (last is None or self._next[0] <= last):
            yield self._next
            self._next = next(self._images, None)


def image_of(key: str) -> str:
    """Give the part of a key that the views of one image share; such parts sort as the keys do."""
    return key[: key.rindex("/") + 1]


def _whole_images(waiting: list[Stored]) -> int:
    last = image_of(waiting[-1].key) if waiting else ""
    whole = len(waiting)
    while whole and image_of(waiting[whole - 1].key) == last:
        whole -= 1
    return whole


def _decide(
    fresh: _Images, served: list[Stored], terms: Terms, *, final: bool
) -> Iterator[tuple[Decision, ...]]:
    ready: list[Decision] = []
    for entries, stored in _merge(fresh, served, final=final):
        ready += decide(entries, stored, terms)
        if len(ready) >= BATCH:
            yield tuple(ready)
            ready = []
    if ready:
        yield tuple(ready)


def _merge(
    fresh: _Images, served: list[Stored], *, final: bool
) -> Iterator[tuple[list[Entry], list[Stored]]]:
    for image, group in groupby(served, key=lambda stored: image_of(stored.key)):
        stored = list(group)
        entries: list[Entry] = []
        for seen, found in fresh.up_to(image):
            if seen == image:
                entries = found
            else:
                yield found, []
        yield entries, stored
    if final:
        for _, found in fresh.up_to(None):
            yield found, []

"""`plan`: from what was seen and what is served, the documents of the next generation. Pure.

Two streams in the order of keys are merged, image by image; all views of an image stand side by side. For
each scope that knew an image it is decided what the image is to it now (`indexer.fate`); it goes when no
scope keeps it any more.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, groupby
from typing import Protocol, TypeVar

import orjson

from indexer.fate import BEHIND_ALL, Fate, Terms
from indexer.spool import Entry
from mappings.document import Stored, key_parts, rewritten
from mappings.scope import View, granted_by

BATCH = 500

FORMER_NAMES = 10
"""So many names that an image had before are kept."""


class Change(StrEnum):
    """What a run does to a document."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one key.

    `before` is the document that is served, None for a new one; `stored` the one to serve next, None if it is
    removed. `fates` tells by scope what the image is to it now. `disputed`: two sources or projects tell
    different things of it. `seen` are the entries that list it.
    """

    key: str
    change: Change
    before: Stored | None
    stored: Stored | None
    fates: Mapping[str, Fate]
    disputed: bool = False
    seen: Sequence[Entry] = ()


async def plan(
    seen: Iterable[Entry], served: AsyncIterator[Sequence[Stored]], terms: Terms
) -> AsyncGenerator[tuple[Decision, ...], None]:
    """Decide for every key of the two streams, in batches by ascending key.

    `served` ascends by image; its views may stand in any order.
    """
    fresh = Images(seen)
    waiting: list[Stored] = []
    async for batch in served:
        waiting += batch
        whole = whole_images(waiting)
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
            holders = tuple(orjson.loads(decision.stored.internal).get("visible_to", ()))
        yield decision


def _decide_key(
    key: str,
    entries: Sequence[Entry],
    before: Stored | None,
    terms: Terms,
    shadowed_by: tuple[str, ...],
) -> Decision:
    internal: Mapping[str, Sequence[str]] = {} if before is None else orjson.loads(before.internal)
    unlisted_by = internal.get("unlisted_by", ())
    fates = dict.fromkeys((entry.scope for entry in entries), Fate.LISTED)
    for scope in internal.get("scopes", ()):
        if scope not in fates:
            fates[scope] = terms.fate(scope, key, unlisted=scope in unlisted_by)
    keeping = sorted(scope for scope, fate in fates.items() if fate is not Fate.ENDED)
    if not keeping:
        return Decision(key, Change.REMOVED, before, None, fates, seen=entries)
    record = _record(entries, before, terms.found.get(key, ()), fates, terms)
    away = [scope for scope in keeping if fates[scope] is Fate.UNLISTED]
    stored = rewritten(
        record,
        _body(record, before, terms, listed=len(away) < len(keeping)),
        {
            **orjson.loads(record.internal),
            "scopes": keeping,
            "unlisted_by": away,
            "visible_to": sorted(_grants(fates, keeping, internal.get("visible_to", ()), terms)),
            "shadowed_by": shadowed_by,
        },
    )
    change = Change.ADDED if before is None else Change.SAME if stored == before else Change.CHANGED
    disputed = len(entries) > 1 and len({entry.stored.body for entry in entries}) > 1
    return Decision(key, change, before, stored, fates, disputed, entries)


def _record(
    entries: Sequence[Entry],
    before: Stored | None,
    found: Sequence[Entry],
    fates: Mapping[str, Fate],
    terms: Terms,
) -> Stored:
    """Take what the first source that lists it says, else what the cloud answered, else what is served.

    A source that was not listed whole now says what it said before: were it left out, the image would change
    with whatever other source is looked at alone, and back again.
    """
    carried = (terms.order(scope) for scope, fate in fates.items() if fate is Fate.CARRIED)
    listing = (entry.order for entry in entries)
    if before is not None and min(carried, default=BEHIND_ALL) < min(listing, default=BEHIND_ALL):
        return before
    for told in (entries, found):
        if told:
            return first_of(told)
    if before is None:
        raise ValueError("a key that is neither seen nor served")
    return before


def first_of(entries: Sequence[Entry]) -> Stored:
    """Give what counts where several list an image: the record of the first source in the configuration."""
    return min(entries, key=lambda entry: (entry.order, entry.scope)).stored


def _body(record: Stored, before: Stored | None, terms: Terms, *, listed: bool) -> dict[str, object]:
    body: dict[str, object] = orjson.loads(record.body)
    body["listed"] = listed
    if before is None:
        body["first_seen"] = terms.started
        return body
    last = body if record is before else orjson.loads(before.body)
    body["first_seen"] = last.get("first_seen", terms.started)
    names = _former_names(last, body.get("name"))
    if names:
        body["former_names"] = names
    return body


def _former_names(last: Mapping[str, object], name: object) -> list[object]:
    """Give the names it had before, newest first: the last one too if it has another now."""
    kept = last.get("former_names", ())
    known = list(kept) if isinstance(kept, list) else []
    present = last.get("name")
    if present != name and present:
        known = [present, *known]
    return [one for one in dict.fromkeys(known) if one != name][:FORMER_NAMES]


def _grants(
    fates: Mapping[str, Fate], keeping: Sequence[str], before: Sequence[str], terms: Terms
) -> set[str]:
    """Give who may see it: whom a listing shows it to, and of those that saw it `before` who still may."""
    listed = chain.from_iterable(granted_by(scope) for scope in keeping if fates[scope] is Fate.LISTED)
    kept = chain.from_iterable(
        granted_by(scope) for scope in keeping if fates[scope] is not Fate.LISTED and terms.grants(scope)
    )
    return {*listed, *(set(kept) & set(before))}


class Images:
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


class Keyed(Protocol):
    """What bears the key of a document."""

    @property
    def key(self) -> str:
        """The key."""
        ...


Served = TypeVar("Served", bound=Keyed)


def whole_images(waiting: Sequence[Served]) -> int:
    """Tell how many of those that came make whole images: of the last one more may come."""
    last = image_of(waiting[-1].key) if waiting else ""
    whole = len(waiting)
    while whole and image_of(waiting[whole - 1].key) == last:
        whole -= 1
    return whole


def _decide(
    fresh: Images, served: list[Stored], terms: Terms, *, final: bool
) -> Iterator[tuple[Decision, ...]]:
    ready: list[Decision] = []
    for entries, stored in merged(fresh, served, final=final):
        ready += decide(entries, stored, terms)
        if len(ready) >= BATCH:
            yield tuple(ready)
            ready = []
    if ready:
        yield tuple(ready)


def merged(
    fresh: Images, served: Sequence[Served], *, final: bool
) -> Iterator[tuple[list[Entry], list[Served]]]:
    """Give, image by image, what is seen and what is served of it, up to the last that is served.

    `final`: and whatever is seen behind it.
    """
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

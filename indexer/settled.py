"""`Settled`: which images stay as they are, told from outlines of what is served. Pure.

The rules are those of the plan and stand there alone: it is asked once for each shape of an image, which is
what lists it and what its internal fields say, with images that have no other content. What an image says is
compared by digest.
"""

from collections.abc import Mapping, Sequence

import orjson

from indexer.fate import Fate, Terms
from indexer.plan import Change, Decision, decide, first_of, image_of
from indexer.spool import Entry
from mappings.document import Outline, Stored, told_digest

_Entries = tuple[tuple[str, int, str, bytes], ...]
_Shape = tuple[_Entries, tuple[tuple[str, bytes], ...]]
_Fates = Mapping[str, Mapping[str, Fate]]

_MOST = 65_536
"""Shapes that are remembered. A table that is full begins anew."""


class Settled:
    """Decides for images of one survey, in which nobody has been asked yet."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._fates: dict[_Shape, _Fates | None] = {}

    def decide(self, entries: Sequence[Entry], outlines: Sequence[Outline]) -> tuple[Decision, ...] | None:
        """Give the decisions for an image all of whose documents stay as they are; None for any other.

        In them `before` has neither body nor raw record, and `stored` is None. An image that somebody may be
        asked for is none of those.
        """
        fates = self._shape_fates(entries, outlines)
        if fates is None:
            return None
        decisions: list[Decision] = []
        for outline in outlines:
            key = outline.key
            listing = [entry for entry in entries if entry.stored.key == key]
            if listing:
                # Most images are listed once.
                first = listing[0].stored if len(listing) == 1 else first_of(listing)
                if told_digest(first.body, first.raw) != outline.told:
                    return None
            disputed = len(listing) > 1 and len({entry.stored.body for entry in listing}) > 1
            before = Stored(key, b"", outline.internal or b"", b"")
            decisions.append(Decision(key, Change.SAME, before, None, fates[_view(key)], disputed=disputed))
        return tuple(decisions)

    def _shape_fates(self, entries: Sequence[Entry], outlines: Sequence[Outline]) -> _Fates | None:
        served: list[tuple[str, bytes]] = []
        for outline in outlines:
            if outline.internal is None:
                return None
            served.append((_view(outline.key), outline.internal))
        listing = tuple(
            [(_view(entry.stored.key), entry.order, entry.scope, entry.stored.internal) for entry in entries]
        )
        shape = (listing, tuple(served))
        try:
            return self._fates[shape]
        except KeyError:
            if len(self._fates) >= _MOST:
                self._fates.clear()
            image = image_of(outlines[0].key if outlines else entries[0].stored.key)
            return self._fates.setdefault(shape, _fates(image, listing, served, self._terms))


def _fates(image: str, listing: _Entries, served: Sequence[tuple[str, bytes]], terms: Terms) -> _Fates | None:
    """Give by view what an image of this shape is to the scopes, None if it does not stay as it is."""
    entries = [
        Entry(order, scope, Stored(image + view, b"{}", internal, b""))
        for view, order, scope, internal in listing
    ]
    before = [Stored(image + view, _empty_body(internal), internal, b"") for view, internal in served]
    decisions = tuple(decide(entries, before, terms))
    if all(one.change is Change.SAME and not is_open(one) for one in decisions):
        return {_view(one.key): one.fates for one in decisions}
    return None


def is_open(decision: Decision) -> bool:
    """Tell whether somebody may be asked for it, or what was missing before decides."""
    return any(fate in _ASKED_FOR for fate in decision.fates.values())


_ASKED_FOR = {Fate.MISSING, Fate.UNLISTED}


def _empty_body(internal: bytes) -> bytes:
    """Write what the catalogue says of a document with these internal fields, and nothing else."""
    read = orjson.loads(internal)
    listed = len(read.get("unlisted_by", ())) < len(read.get("scopes", ()))
    return orjson.dumps({"first_seen": "", "listed": listed})


def _view(key: str) -> str:
    return key.rpartition("/")[2]

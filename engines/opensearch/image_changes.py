"""`ImageChanges`: the index of the changes of images.

The position of a change is the place of its run in the upper bits and its number in the run in the lower
ones. A run draws its place before it notes anything, so that a request that is sent again writes the same
document. Which places count is told by the caller: those of runs that were recorded.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from engines.base import EngineError
from engines.ledger import ChangeKind, ImageChange, Keep, at_once
from engines.ledger_entry import fields_entry, read_fields, read_seen, seen_entry
from engines.opensearch.client import Client
from engines.opensearch.hits import count, delete, hits, write
from engines.opensearch.reply import part, text, whole
from mappings.document import Stored, key_parts

PLACE_BITS: Final = 24
"""Bits of a position that number the changes of one run."""

AT_ONCE = 500

RECENT = 20
"""So many runs back it is looked for changes that were never recorded."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """The changes in one index; reading makes nothing."""

    client: Client
    index: str

    async def note(self, place: int, begin: int, changes: Sequence[ImageChange]) -> None:
        """Write changes at the place of a run, numbered from `begin`.

        Raises EngineError for more than have room there: the next place is another run's.
        """
        if begin + len(changes) > 1 << PLACE_BITS:
            raise EngineError(f"there is no room for {begin + len(changes):,} changes of one run")
        documents = [
            (str(position), _document(position, change))
            for position, change in enumerate(changes, start=(place << PLACE_BITS) + begin)
        ]
        for start in range(0, len(documents), AT_ONCE):
            await write(self.client, self.index, documents[start : start + AT_ONCE])

    async def read(
        self, after: int, limit: int, since: datetime | None, places: Collection[int]
    ) -> Sequence[ImageChange]:
        """Give changes of these places in their order, behind a position and not before a moment.

        Raises ValueError for a `limit` that no page has.
        """
        wanted: dict[str, object] = {} if since is None else {"range": {"micros": {"gte": _micros(since)}}}
        found: list[ImageChange] = []
        async for change in self._walk(after, min(at_once(limit), AT_ONCE), wanted):
            if change.position >> PLACE_BITS in places:
                found.append(change)
                if len(found) == limit:
                    break
        return tuple(found)

    async def last(self, places: Collection[int]) -> int:
        """Give the position of the newest change of these places, 0 where there is none."""
        below: int | None = None
        while True:
            query: dict[str, object] = {"match_all": {}}
            if below is not None:
                query = {"range": {"position": {"lt": below}}}
            page = await self._page(query, [{"position": "desc"}], AT_ONCE, ("position",))
            for hit in page:
                position = whole(hit, "_source", "position")
                if position >> PLACE_BITS in places:
                    return position
            if len(page) < AT_ONCE:
                return 0
            below = whole(page[-1], "_source", "position")

    async def removals(self, image: str, places: Collection[int]) -> Sequence[ImageChange]:
        """Give the last removal of each document of an image, newest first."""
        query = {"bool": {"filter": [_REMOVED, {"term": {"image": image}}]}}
        newest: dict[str, ImageChange] = {}
        for hit in await self._page(query, [{"position": "desc"}], AT_ONCE, _KEPT):
            change = _change(hit)
            if change.position >> PLACE_BITS in places:
                newest.setdefault(change.stored.key, change)
        return tuple(newest.values())

    async def keep_only(self, places: Collection[int]) -> None:
        """Delete what runs noted that were never recorded; what is older never counts and goes by age."""
        recent = sorted(places)[-RECENT:]
        after = (recent[0] << PLACE_BITS) - 1 if recent else -1
        while True:
            query = {"range": {"position": {"gt": after}}}
            page = await self._page(query, [{"position": "asc"}], 1, ("position",))
            if not page:
                return
            place = whole(page[0], "_source", "position") >> PLACE_BITS
            if place not in places:
                await self._delete({"range": {"position": _of(place)}})
            after = _of(place)["lt"] - 1

    async def empty_before(self, place: int) -> None:
        """Delete what was noted before a place."""
        await self._delete({"range": {"position": {"lt": place << PLACE_BITS}}})

    async def trim(self, keep: Keep, now: datetime, dropped: int) -> int:
        """Delete what is beyond what is to be kept; give up to which position all but removals are gone."""
        behind = {"range": {"position": {"gt": dropped}}}
        too_many = await count(self.client, self.index, behind) - keep.changes
        gone = dropped
        async for change in self._walk(dropped, AT_ONCE, {}):
            if too_many <= 0 and change.at >= now - keep.age:
                break
            gone = change.position
            too_many -= 1
        if gone > dropped:
            passed = {"range": {"position": {"lte": gone}}}
            await self._delete({"bool": {"filter": [passed], "must_not": [_REMOVED]}})
        old = {"range": {"micros": {"lt": _micros(now - keep.removed)}}}
        await self._delete({"bool": {"filter": [_REMOVED, old]}})
        return gone

    async def _walk(self, after: int, size: int, wanted: dict[str, object]) -> AsyncIterator[ImageChange]:
        while True:
            behind: list[object] = [{"range": {"position": {"gt": after}}}]
            query = {"bool": {"filter": [*behind, wanted] if wanted else behind}}
            page = await self._page(query, [{"position": "asc"}], size, _KEPT)
            for hit in page:
                yield _change(hit)
            if len(page) < size:
                return
            after = whole(page[-1], "_source", "position")

    async def _delete(self, query: object) -> None:
        while names := [
            str(whole(hit, "_source", "position"))
            for hit in await self._page(query, [{"position": "asc"}], AT_ONCE, ("position",))
        ]:
            await delete(self.client, self.index, names)

    async def _page(self, query: object, sort: object, size: int, source: Sequence[str]) -> Sequence[object]:
        body = {"query": query, "sort": sort, "size": size, "_source": source}
        return await hits(self.client, self.index, body)


_KEPT = ("position", "run", "micros", "kind", "key", "fields", "body", "internal", "seen")
_REMOVED = {"term": {"kind": ChangeKind.REMOVED.value}}


def _of(place: int) -> dict[str, int]:
    return {"gte": place << PLACE_BITS, "lt": (place + 1) << PLACE_BITS}


def _document(position: int, change: ImageChange) -> dict[str, object]:
    stored = change.stored
    _, _, image, _ = key_parts(stored.key)
    return {
        "position": position,
        "run": change.run,
        "at": change.at,
        "micros": _micros(change.at),
        "kind": change.kind.value,
        "image": image,
        "key": stored.key,
        "fields": fields_entry(change.fields).decode(),
        "body": stored.body.decode(),
        "internal": stored.internal.decode(),
        "seen": seen_entry(change.seen).decode(),
    }


def _change(hit: object) -> ImageChange:
    kind, seen = part(hit, "_source", "kind"), part(hit, "_source", "seen")
    return ImageChange(
        at=_EPOCH + whole(hit, "_source", "micros") * _MICROSECOND,
        run=text(hit, "_source", "run"),
        kind=ChangeKind(str(kind)),
        stored=Stored(
            text(hit, "_source", "key"),
            text(hit, "_source", "body").encode(),
            text(hit, "_source", "internal").encode(),
            b"",
        ),
        fields=read_fields(text(hit, "_source", "fields")),
        seen={} if seen is None else read_seen(str(seen)),
        position=whole(hit, "_source", "position"),
    )


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND

"""`Cloud`: an estate that changes while it is served: images come, go, change, and are shared."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge

from ims_catalog.sandbox.draw import Record
from ims_catalog.sandbox.estate import Estate, Listing

Key = tuple[int, str]
"""The order of listings: created (seconds), id."""

Listed = tuple[Key, Record]


class UnknownImage(KeyError):
    """No image of that id in that region."""


class Cloud:
    """The images of an account as they are now. Ids are unique in a region."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._deleted: set[tuple[str, str]] = set()
        self._patches: dict[tuple[str, str], Record] = {}
        self._added: dict[tuple[str, str], Record] = {}
        self._members: dict[tuple[str, str], dict[str, str | None]] = {}
        self._unlisted: set[tuple[str, str]] = set()

    def add(self, region: str, record: Record) -> str:
        """Add an image and give its id; what a listing needs and `record` does not say is filled in.

        `__imagetype` decides the listing (private if not said), `owner` the project of a private image.
        """
        kind = str(record.get("__imagetype", "private"))
        number = len(self._added) + len(self._deleted)
        identifier = str(record.get("id") or uuid.uuid5(uuid.NAMESPACE_URL, f"{region}/{number}"))
        whole: Record = {
            "id": identifier,
            "name": identifier,
            "status": "active",
            "visibility": "private" if kind == "private" else "public",
            "protected": kind != "private",
            "created_at": _date(self.estate.latest + number),
            "updated_at": _date(self.estate.latest + number),
            "tags": [],
            "__imagetype": kind,
            **record,
        }
        _seconds(whole)
        self._added[region, identifier] = whole
        self._deleted.discard((region, identifier))
        return identifier

    def delete(self, region: str, identifier: str) -> None:
        """Delete an image; raises `UnknownImage`."""
        self.image(region, identifier)
        self._added.pop((region, identifier), None)
        self._deleted.add((region, identifier))

    def patch(self, region: str, identifier: str, **changes: object) -> None:
        """Change attributes of an image; None takes one off. `id` and `created_at` cannot change."""
        if {"id", "created_at"} & changes.keys():
            raise ValueError("id and created_at decide the order of listings and cannot change")
        self.image(region, identifier)
        self._patches.setdefault((region, identifier), {}).update(changes)

    def hide(self, region: str, identifier: str) -> None:
        """Leave an image out of all listings; who asks for its id still gets it. Raises `UnknownImage`.

        Open Telekom Cloud does so with public images that newer ones replace.
        """
        self.image(region, identifier)
        self._unlisted.add((region, identifier))

    def unhide(self, region: str, identifier: str) -> None:
        """List an image again."""
        self._unlisted.discard((region, identifier))

    def share(self, region: str, identifier: str, project: str, status: str = "accepted") -> None:
        """Share a private image to a project, or change the status of that."""
        self.image(region, identifier)
        self._members.setdefault((region, identifier), {})[project] = status

    def unshare(self, region: str, identifier: str, project: str) -> None:
        """Take back what was shared."""
        self.image(region, identifier)
        self._members.setdefault((region, identifier), {})[project] = None

    def image(self, region: str, identifier: str) -> Record:
        """Give the record of an image, as its owner sees it; raises `UnknownImage`."""
        return self._find(region, identifier)[1]

    def key(self, region: str, identifier: str) -> Key:
        """Give the place of an image in the order of listings; raises `UnknownImage`."""
        return self._find(region, identifier)[0]

    def members(self, region: str, identifier: str) -> dict[str, str]:
        """Give the projects an image is shared to, each with its member status."""
        place = self.estate.find(identifier)
        drawn = self.estate.members(place) if place is not None and place[2].region == region else {}
        merged: dict[str, str | None] = {**drawn, **self._members.get((region, identifier), {})}
        return {project: status for project, status in merged.items() if status is not None}

    def listed(self, listing: Listing, after: Key | None = None) -> Iterator[Listed]:
        """Give what a listing shows, in its order; only what stands behind `after`."""
        found = self._shared(listing, after) if listing.image_type == "shared" else self._own(listing, after)
        return (one for one in found if (listing.region, one[0][1]) not in self._unlisted)

    def records(self, listing: Listing) -> Iterator[Record]:
        """Give the records of a listing, in its order."""
        return (record for _, record in self.listed(listing))

    def _own(self, listing: Listing, after: Key | None) -> Iterator[Listed]:
        return merge(self._drawn(listing, after), iter(self._extra(listing, after)), key=_first)

    def _drawn(self, listing: Listing, after: Key | None) -> Iterator[Listed]:
        for place in self.estate.places(listing, after):
            if not self._hidden(listing.region, place[1]):
                yield place[:2], self._patched(listing.region, self.estate.record(place))

    def _extra(self, listing: Listing, after: Key | None) -> list[Listed]:
        owner = listing.project if listing.image_type == "private" else None
        found = [
            ((_seconds(record), identifier), self._patched(region, record))
            for (region, identifier), record in self._added.items()
            if region == listing.region
            and record["__imagetype"] == listing.image_type
            and owner in {None, record.get("owner")}
        ]
        return sorted((one for one in found if after is None or one[0] > after), key=_first)

    def _shared(self, listing: Listing, after: Key | None) -> Iterator[Listed]:
        changed = {identifier for region, identifier in self._members if region == listing.region}
        unchanged = (
            (place[:2], self._patched(listing.region, self.estate.record(place)))
            for place in self.estate.places(listing, after)
            if place[1] not in changed and not self._hidden(listing.region, place[1])
        )
        for key, record in merge(unchanged, iter(self._reshared(listing, changed, after)), key=_first):
            yield key, {**record, "__imagetype": "shared", "visibility": "shared"}

    def _reshared(self, listing: Listing, changed: set[str], after: Key | None) -> list[Listed]:
        found = [
            self._find(listing.region, identifier)
            for identifier in changed
            if self._exists(listing.region, identifier)
            and self.members(listing.region, identifier).get(listing.project or "") == listing.member_status
        ]
        return sorted((one for one in found if after is None or one[0] > after), key=_first)

    def _find(self, region: str, identifier: str) -> Listed:
        added = self._added.get((region, identifier))
        if added is not None:
            return (_seconds(added), identifier), self._patched(region, added)
        place = self.estate.find(identifier)
        if place is None or place[2].region != region or (region, identifier) in self._deleted:
            raise UnknownImage(f"no image {identifier!r} in {region}")
        return place[:2], self._patched(region, self.estate.record(place))

    def _exists(self, region: str, identifier: str) -> bool:
        try:
            self._find(region, identifier)
        except UnknownImage:
            return False
        return True

    def _hidden(self, region: str, identifier: str) -> bool:
        return (region, identifier) in self._deleted or (region, identifier) in self._added

    def _patched(self, region: str, record: Record) -> Record:
        changes = self._patches.get((region, str(record["id"])))
        if changes is None:
            return record
        return {key: value for key, value in {**record, **changes}.items() if changes.get(key, 1) is not None}


def _first(listed: Listed) -> Key:
    return listed[0]


def _seconds(record: Record) -> int:
    return int(datetime.fromisoformat(str(record["created_at"])).timestamp())


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

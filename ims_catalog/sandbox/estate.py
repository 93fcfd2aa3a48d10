"""`draw_estate`: all images of an account, drawn from a seed; any number of them, none held in memory.

Images stand in blocks: per region the public ones, the market's, and those of each project. Within a block
the date of creation grows with the position, so a listing can be entered anywhere by arithmetic.
"""

import bisect
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter

from ims_catalog.sandbox.draw import Record, Seat, digest_of, draw, sharing
from ims_catalog.sandbox.identifier import image_id, number_of
from ims_catalog.sandbox.planted import planted_at

REGIONS = ("cn-north-4", "cn-east-3", "ap-southeast-3", "cn-south-1", "eu-west-101", "la-south-2")
UNTIL = datetime(2026, 11, 23, 12, tzinfo=UTC)
_SINCE = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp())
_PROJECT_NAMES = ("", "research", "web", "finance", "media", "ops")

Place = tuple[int, str, "Block", int]
"""An image in a listing: created (seconds), id, block, position; created and id are the order of listings."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project of the account; its name begins with that of its region."""

    id: str
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed as one. `project` is the id of the project asking, None for public and market images."""

    region: str
    image_type: str
    project: str | None = None
    member_status: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A run of images: numbers `first` to `first + length - 1`, owned by `project` if it is one's own.

    `parents` are the numbers of the region's public images.
    """

    first: int
    length: int
    region: str
    image_type: str
    project: str | None
    parents: range


def draw_estate(
    images: int = 3000, seed: int = 1, regions: int = 3, projects: int = 6, until: datetime = UNTIL
) -> "Estate":
    """Draw an estate: the same for the same arguments, on every machine.

    `images` counts distinct (region, id); one that is shared is listed by its members too. Projects are dealt
    out to the regions in turn. No image is newer than `until`.
    """
    if not 1 <= regions <= len(REGIONS):
        raise ValueError(f"regions: {regions} is not between 1 and {len(REGIONS)}")
    if projects < regions:
        raise ValueError(f"projects: {projects} are too few; each of the {regions} regions needs one")
    if images < 0:
        raise ValueError(f"images: {images} is negative")
    names = REGIONS[:regions]
    drawn = tuple(
        _project(number, names[number % regions], number // regions, seed) for number in range(projects)
    )
    return Estate(
        images=images,
        seed=seed,
        regions=names,
        projects=drawn,
        blocks=tuple(_blocks(images, names, drawn)),
        latest=int(until.timestamp()),
    )


@dataclass(frozen=True, slots=True)
class Estate:
    """The images of an account. `latest` is the newest date of creation, in seconds since 1970."""

    images: int
    seed: int
    regions: tuple[str, ...]
    projects: tuple[Project, ...]
    blocks: tuple[Block, ...]
    latest: int

    def listings(self, member_status: str = "accepted") -> tuple[Listing, ...]:
        """Give the listings that together show everything the account sees."""
        public = [Listing(region, kind) for region in self.regions for kind in ("gold", "market")]
        private = [Listing(project.region, "private", project.id) for project in self.projects]
        shared = [Listing(project.region, "shared", project.id, member_status) for project in self.projects]
        return (*public, *private, *shared)

    def records(self, listing: Listing) -> Iterator[Record]:
        """Give the records of a listing as it sends them, oldest first."""
        shared = listing.image_type == "shared"
        for place in self.places(listing):
            yield self.record(place, shared=shared)

    def pages(self, listing: Listing, size: int = 500) -> Iterator[list[Record]]:
        """Give the records of a listing in pages."""
        records = self.records(listing)
        while page := list(islice(records, size)):
            yield page

    def walk(self) -> Iterator[tuple[Listing, Record]]:
        """Give everything the account sees, listing by listing."""
        for listing in self.listings():
            for record in self.records(listing):
                yield listing, record

    def places(self, listing: Listing, after: tuple[int, str] | None = None) -> Iterator[Place]:
        """Give the images of a listing in order of creation, then of id; only those behind `after`."""
        if listing.image_type != "shared":
            blocks = [block for block in self.blocks if _lists(block, listing)]
            runs = [self._run(block, after) for block in blocks]
            return runs[0] if len(runs) == 1 else merge(*runs, key=itemgetter(0, 1))
        others = [
            block
            for block in self.blocks
            if block.region == listing.region and block.project not in {None, listing.project}
        ]
        return merge(*(self._run(block, after, listing) for block in others), key=itemgetter(0, 1))

    def find(self, identifier: str) -> Place | None:
        """Say where the image with this id stands; None if there is none."""
        number = number_of(identifier, self.seed)
        if number is None or number >= self.images:
            return None
        block = self.blocks[bisect.bisect_right(self.blocks, number, key=lambda block: block.first) - 1]
        position = number - block.first
        return self.created(block, position), identifier, block, position

    def record(self, place: Place, *, shared: bool = False) -> Record:
        """Draw one image, as its owner's listing or, with `shared`, a member's listing sends it."""
        created, identifier, block, position = place
        seat = Seat(
            id=identifier,
            image_type=block.image_type,
            region=block.region,
            owner=block.project or _PUBLISHERS[block.image_type],
            created=created,
            latest=self.latest,
            parent=self._parent(block, position),
        )
        record = draw(seat, self._digest(block, position))
        planted = planted_at(block.image_type, position, block.length)
        if planted is not None:
            record |= planted.changes
            record = {key: value for key, value in record.items() if value is not None or key in _NULLABLE}
        if shared:
            record |= {"__imagetype": "shared", "visibility": "shared"}
        return record

    def members(self, place: Place) -> dict[str, str]:
        """Give the projects that an image is shared to, each with its member status."""
        _, _, block, position = place
        return self._members(block, position)

    def created(self, block: Block, position: int) -> int:
        """Give the date of creation: denser towards today, and here and there four at one second."""
        tied = position - position % 4 if position // 4 % 5 == 0 else position
        left = block.length - tied
        span = self.latest - _SINCE
        return self.latest - span * left * left // (block.length * block.length)

    def _digest(self, block: Block, position: int) -> bytes:
        # Public images are the same in every region but for their ids.
        number = position if block.image_type == "gold" else block.first + position
        return digest_of(self.seed, block.image_type, number)

    def _run(
        self, block: Block, after: tuple[int, str] | None, shared: Listing | None = None
    ) -> Iterator[Place]:
        start = 0
        if after is not None:
            start = bisect.bisect_left(range(block.length), after[0], key=lambda at: self.created(block, at))
        positions: Iterable[int] = range(start, block.length)
        if shared is not None:
            positions = (at for at in positions if self._is_shared(block, at, shared))
        for created, tied_positions in groupby(positions, key=partial(self.created, block)):
            tied = [(created, image_id(block.first + at, self.seed), block, at) for at in tied_positions]
            tied.sort(key=itemgetter(1))
            if after is not None and created == after[0]:
                tied = [place for place in tied if place[1] > after[1]]
            yield from tied

    def _is_shared(self, block: Block, position: int, listing: Listing) -> bool:
        return self._members(block, position).get(listing.project or "") == listing.member_status

    def _members(self, block: Block, position: int) -> dict[str, str]:
        chosen = sharing(self._digest(block, position)) if block.project else None
        if chosen is None:
            return {}
        others = [
            project.id
            for project in self.projects
            if project.region == block.region and project.id != block.project
        ]
        return {others[chosen[0] % len(others)]: chosen[1]} if others else {}

    def _parent(self, block: Block, position: int) -> str:
        if block.image_type == "gold" or not block.parents:
            return ""
        return image_id(block.parents[position % len(block.parents)], self.seed)


def _project(number: int, region: str, turn: int, seed: int) -> Project:
    suffix = _PROJECT_NAMES[turn] if turn < len(_PROJECT_NAMES) else f"team{turn}"
    identifier = hashlib.blake2b(f"{seed}/project/{number}".encode(), digest_size=16).hexdigest()
    return Project(identifier, f"{region}_{suffix}" if suffix else region, region)


def _blocks(images: int, regions: tuple[str, ...], projects: tuple[Project, ...]) -> Iterator[Block]:
    first = 0
    parents = range(0)
    for region, count in zip(regions, _shares(images, len(regions)), strict=True):
        own = [project.id for project in projects if project.region == region]
        gold, market = count * 30 // 100, count * 20 // 100
        lengths = (gold, market, *_shares(count - gold - market, len(own)))
        kinds = (("gold", None), ("market", None), *(("private", project) for project in own))
        for (kind, project), length in zip(kinds, lengths, strict=True):
            if kind == "gold":
                parents = range(first, first + length)
            yield Block(first, length, region, kind, project, parents)
            first += length


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (part < total % parts) for part in range(parts)]


def _lists(block: Block, listing: Listing) -> bool:
    return (block.region, block.image_type, block.project) == (
        listing.region,
        listing.image_type,
        listing.project if listing.image_type == "private" else None,
    )


_PUBLISHERS = {"gold": "5a0b1c2d3e4f45678901a2b3c4d5e6f7", "market": "055ae22e000025062fe1c00d2c57a287"}
_NULLABLE = frozenset({"virtual_size", "deleted_at", "__data_origin"})

"""`GlanceMemory`: what the listings of one region on Glance know of each other during a run."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from clouds.payload import Record

Offer = tuple[str, str]
"""The id of a project, and what it did with an offer: a member status."""


@dataclass(slots=True)
class Offers:
    """Images that were offered to projects, as their owners tell: by project and member status.

    `hindrances` say why some owners' offers are not known, or not all.
    """

    images: defaultdict[Offer, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    hindrances: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Walked:
    """How far a scope was listed that takes several lists: the place of the present one, and its ids."""

    place: int = 0
    ids: set[str] = field(default_factory=set)


@dataclass(slots=True)
class GlanceMemory:
    """The offers, once they were asked for; the way through each scope by its id.

    `administrator` is the id of the project through which a listing of all projects is made.
    """

    offers: Offers = field(default_factory=Offers)
    administrator: str = ""
    walked: defaultdict[str, Walked] = field(default_factory=lambda: defaultdict(Walked))


def in_pages(images: dict[str, Record], size: int) -> Iterator[tuple[Record, ...]]:
    """Give records as pages of a list."""
    records = tuple(images.values())
    for begin in range(0, len(records), size):
        yield records[begin : begin + size]

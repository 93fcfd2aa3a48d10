"""Recorded pages: the listings of a sandbox cloud as a crawler receives them, kept on disk.

One file per listing, one page of 500 records per line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from clouds.ims import PAGE_LIMIT
from ims_catalog.sandbox.estate import Listing, draw_estate
from mappings.scope import CloudKind, ImageType, Scope

FOLDER = "pages"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A page as it came, and the scope that it was listed for."""

    scope: Scope
    body: bytes


def record_pages(folder: Path, images: int) -> None:
    """Draw a cloud of so many images and keep what its listings send."""
    (folder / FOLDER).mkdir()
    estate = draw_estate(images)
    for number, listing in enumerate(estate.listings()):
        with _file(folder, number).open("wb") as file:
            for page in estate.pages(listing, PAGE_LIMIT):
                file.write(orjson.dumps({"images": page}) + b"\n")


def recorded_pages(folder: Path, images: int) -> Iterator[Recorded]:
    """Give all pages that were recorded of a cloud of so many images, listing by listing."""
    for number, listing in enumerate(draw_estate(images).listings()):
        scope = scope_of(listing)
        with _file(folder, number).open("rb") as file:
            for body in file:
                yield Recorded(scope, body)


def scopes_of(images: int) -> tuple[Scope, ...]:
    """Give the scopes of a cloud of so many images."""
    return tuple(map(scope_of, draw_estate(images).listings()))


def scope_of(listing: Listing) -> Scope:
    """Give the scope that a crawler lists as this listing."""
    return Scope(
        source="sandbox",
        cloud="sandbox",
        kind=CloudKind.IMS,
        region=listing.region,
        image_type=ImageType(listing.image_type),
        project=listing.project,
        member_status=listing.member_status,
    )


def _file(folder: Path, number: int) -> Path:
    return folder / FOLDER / f"{number:02}.jsonl"

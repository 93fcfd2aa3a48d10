"""What fault tests ask of a cloud that they spoil."""

from ims_catalog.sandbox.answer import Answer
from ims_catalog.sandbox.estate import Listing
from tests.faults.installation import Installation

BROKEN = Answer(500, b'{"error":{"code":"IMG.0061","message":"unknown"}}')
"""A server error that does not pass."""


def gold(installation: Installation, region: int = 0) -> Listing:
    return Listing(installation.sandbox.regions[region], "gold")


def ids(installation: Installation, listing: Listing) -> list[str]:
    return [str(record["id"]) for record in installation.sandbox.cloud.records(listing)]

"""What a cloud answers when it is asked for one image by its id."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """The image still exists: its record as the cloud sent it, with the id that was asked for."""

    record: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such image any more, or none that may be seen."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody can say: the reason is for the user."""

    reason: str


Asked = Found | Gone | Unanswered


def answer(record: Mapping[str, object] | None) -> Asked:
    """Read an answer: no record is no image, and neither is one that is said to be deleted.

    `deleted` is the documented `status` of an image that was deleted, and `deleted` the flag that says so.
    Any other status, `killed` too, is of an image that exists.
    """
    if record is None or _said_to_be_deleted(record):
        return Gone()
    return Found(record)


def _said_to_be_deleted(record: Mapping[str, object]) -> bool:
    return any(str(record.get(key)).lower() == value for key, value in _DELETED.items())


_DELETED = {"status": "deleted", "deleted": "true"}

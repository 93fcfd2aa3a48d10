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

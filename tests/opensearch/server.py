"""What is started: a server made ready on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.opensearch.place import Place


@dataclass(frozen=True, slots=True)
class Launch:
    """A command and its working folder."""

    command: tuple[str, ...]
    folder: Path


class Server(Protocol):
    """A release that is fetched, with the Java that runs it."""

    def launch(self, place: Place, heap: str) -> Launch:
        """How to start the node in `place` with a heap of the given size ("512m")."""

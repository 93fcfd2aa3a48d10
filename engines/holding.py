"""`Holding`: who has the right to write, since when, and which run is going on there."""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has the right to write, or had it when it died.

    `since` is None where that is not known, `run` before a run has begun. `renewed` is when it was last
    written, None where the system itself frees it: then who is named here is alive.
    """

    who: str
    since: datetime | None
    run: str | None
    renewed: datetime | None = None

    def __str__(self) -> str:
        """Say it in words, for messages."""
        since = "an unknown time" if self.since is None else said_moment(self.since)
        run = "" if self.run is None else f", run {self.run}"
        return f"{self.who} (since {since}{run})"


def this_process() -> str:
    """Name this process as others find it."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def said_moment(moment: datetime) -> str:
    """Write a moment as it stands in messages."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

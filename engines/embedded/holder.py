"""Who writes in a folder, and the last term that was given there: a small file beside the lock.

The lock alone says whether somebody writes, as the system frees it when that process dies. The file says who
that is, and keeps the terms growing.
"""

import fcntl
import logging
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import orjson

from engines.base import EngineUnavailable
from engines.embedded.durable import sync_folder
from engines.embedded.private import written
from engines.holding import Holding

LOCK_FILE = "writer.lock"
HOLDER_FILE = "writer.json"
_NEW = f".{HOLDER_FILE}.new"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """`who` is None while nobody has the right to write; `token` is another each time it is taken."""

    term: int = 0
    who: str | None = None
    token: str | None = None
    since: datetime | None = None
    run: str | None = None

    def given_back(self) -> "Holder":
        """What stands there when nobody writes."""
        return Holder(self.term)

    def running(self, run: str, above: int) -> "Holder":
        """Begin a run, with a term above all that are known."""
        return replace(self, run=run, term=max(self.term, above) + 1)


def holding(folder: Path) -> Holding | None:
    """Tell who writes in a folder, None if nobody does. Raises EngineUnavailable."""
    try:
        return named(folder) if _locked(folder / LOCK_FILE) else None
    except OSError as error:
        raise EngineUnavailable(f"cannot read who writes in {folder}: {error}") from error


def named(folder: Path) -> Holding:
    """Name the holder of a lock that is held. Raises OSError."""
    found = read_holder(folder)
    return Holding(found.who or "another process", found.since, found.run)


def read_holder(folder: Path) -> Holder:
    """Read what stands there; what is no such file counts as none. Raises OSError."""
    try:
        found = orjson.loads((folder / HOLDER_FILE).read_bytes())
        since = found["since"]
        return Holder(
            term=_whole(found["term"]),
            who=_text(found["who"]),
            token=_text(found["token"]),
            since=None if since is None else datetime.fromisoformat(since),
            run=_text(found["run"]),
        )
    except FileNotFoundError:
        return Holder()
    except (ValueError, TypeError, KeyError) as error:
        _LOG.info("%s is not read: %s", folder / HOLDER_FILE, error)
        return Holder()


def write_holder(folder: Path, holder: Holder) -> None:
    """Write it so that it outlives a crash. Raises OSError."""
    with written(folder / _NEW) as file:
        file.write(orjson.dumps(asdict(holder), option=orjson.OPT_INDENT_2))
    (folder / _NEW).replace(folder / HOLDER_FILE)
    sync_folder(folder)


def _locked(path: Path) -> bool:
    """Ask with a lock that readers share: it keeps a writer from beginning for a moment only."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("term must be a number")
    return value


def _text(value: object) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError("text is wanted")
    return value

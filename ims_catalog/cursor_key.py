"""The key that authenticates cursors: kept beside the catalogue, so that a restart breaks no paging."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from engines.base import EngineUnavailable

_BYTES = 32


def cursor_key(folder: Path) -> bytes:
    """Read the key of a catalogue; the first caller makes it, readable by its owner only.

    Raises EngineUnavailable where it can be neither read nor made.
    """
    path = folder / "cursor.key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise EngineUnavailable(f"cannot keep the key of cursors in {path}: {error.strerror}") from error
    if len(key) != _BYTES:
        raise EngineUnavailable(f"{path} is no key of {_BYTES} bytes; remove it, and a new one is made")
    return key


def _make(path: Path) -> None:
    """Write whole, then link: of several makers the first wins, and nobody reads half a key."""
    number, draft = tempfile.mkstemp(dir=path.parent, prefix="cursor-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()

"""The key that authenticates cursors: kept beside the catalogue, so that a restart breaks no paging."""

import os
import secrets
from pathlib import Path

_BYTES = 32


def cursor_key(folder: Path) -> bytes:
    """Read the key of a catalogue; the first caller makes it, readable by its owner only."""
    path = folder / "cursor.key"
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            _make(path)
            continue
        if len(key) == _BYTES:
            return key
        path.unlink(missing_ok=True)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Write whole, then link: of several makers the first wins, and nobody reads half a key."""
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_BYTES))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

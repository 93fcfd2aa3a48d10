"""The key that authenticates cursors: a restart breaks no paging, and several hosts may share one."""

import os
import secrets
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from pydantic import SecretStr

from engines.base import EngineUnavailable
from ims_catalog.configuration import ConfigurationError

SHORTEST_SECRET = 32
"""Characters of a secret that hosts share, at least: some 16 random bytes as hex digits."""

_BYTES = 32
_FILE = "cursor.key"


def cursor_key(folder: Path) -> bytes:
    """Read the key of a catalogue; the first caller makes it, readable by its owner only.

    Raises EngineUnavailable where it can be neither read nor made.
    """
    kept = kept_cursor_key(folder)
    if kept is None:
        try:
            _make(folder / _FILE)
        except OSError as error:
            raise _unkept(folder, error) from error
        kept = kept_cursor_key(folder)
    if kept is None:
        raise EngineUnavailable(f"{folder / _FILE} was removed while it was being made")
    return kept


def kept_cursor_key(folder: Path) -> bytes | None:
    """Read the key of a catalogue, None where none was made yet. Raises EngineUnavailable."""
    path = folder / _FILE
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unkept(folder, error) from error
    if len(key) != _BYTES:
        raise EngineUnavailable(f"{path} is no key of {_BYTES} bytes; remove it, and a new one is made")
    return key


def _unkept(folder: Path, error: OSError) -> EngineUnavailable:
    return EngineUnavailable(f"cannot keep the key of cursors in {folder / _FILE}: {error.strerror}")


def shared_cursor_key(secret: SecretStr) -> bytes:
    """Make the key of a secret that several hosts share. Raises ConfigurationError for a short one."""
    value = secret.get_secret_value()
    if len(value) < SHORTEST_SECRET:
        raise ConfigurationError(f"the key of cursors has fewer than {SHORTEST_SECRET} characters")
    return blake2b(value.encode(), digest_size=_BYTES, person=b"ims-cat-cursors").digest()


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

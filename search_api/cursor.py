"""`Cursor`: where the next page begins, as opaque text that only we can write and only we can read."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from engines.query import Position, SortValue

_FORM = 2
"""Goes up when the content changes: a cursor of another form is none of ours."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the answer to one question.

    `asked_at` is the time (milliseconds) by which the first page read words like "last 7 days", so that all
    pages mean the same; `fingerprint` is that of question and caller. It grants nothing: access is asked for
    again.
    """

    generation: str
    asked_at: int
    position: Position
    fingerprint: bytes


class CursorError(ValueError):
    """A text that we did not write."""


def write_cursor(cursor: Cursor, key: bytes) -> str:
    """Seal a cursor with the key (RFC 5297): a text shows its length, and whether it is another, no more."""
    content = orjson.dumps(
        (
            _FORM,
            cursor.generation,
            cursor.asked_at,
            cursor.position.values,
            cursor.position.key,
            cursor.fingerprint.hex(),
        )
    )
    return _written(_cipher(key).encrypt(content, None))


def read_cursor(text: str, key: bytes) -> Cursor:
    """Open a sealed cursor. Raises CursorError for whatever was not sealed with this key."""
    try:
        sealed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise CursorError(text) from None
    # The decoder skips what is no base64: only the one spelling that we wrote is ours.
    if _written(sealed) != text:
        raise CursorError(text)
    try:
        content = _cipher(key).decrypt(sealed, None)
    except InvalidTag:
        raise CursorError(text) from None
    form, *parts = orjson.loads(content)
    if form != _FORM:
        raise CursorError(text)
    generation, asked_at, values, last, fingerprint = parts
    return Cursor(generation, asked_at, Position(_values(values), last), bytes.fromhex(fingerprint))


def _written(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> AESSIV:
    """Make what seals; it wants two keys, and is made once, as that costs more than the rest."""
    return AESSIV(blake2b(key, digest_size=64, person=b"cursors").digest())


def _values(values: list[SortValue]) -> tuple[SortValue, ...]:
    return tuple(values)

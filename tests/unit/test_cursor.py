"""Cursors: what is written is read back, and nothing else is read."""

from base64 import urlsafe_b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.query import Position
from search_api.cursor import Cursor, CursorError, read_cursor, write_cursor

KEY = b"k" * 32
CURSOR = Cursor("ims-catalog-0", 1_764_000_000_000, Position(("ä", 3, None), "huawei/r/1/public"), b"m" * 12)


@settings(derandomize=True, max_examples=50)
@given(
    values=st.lists(st.none() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"))),
    asked_at=st.integers(0, 2**53),
    mark=st.binary(min_size=1, max_size=16),
)
def test_a_cursor_is_read_as_it_was_written(
    values: list[str | int | None], asked_at: int, mark: bytes
) -> None:
    cursor = Cursor("generation", asked_at, Position(tuple(values), "key"), mark)
    assert read_cursor(write_cursor(cursor, KEY), KEY) == cursor


def test_a_flipped_bit_is_seen_anywhere() -> None:
    text = write_cursor(CURSOR, KEY)
    for place in range(len(text)):
        for letter in ("A", "B", "-"):
            touched = text[:place] + letter + text[place + 1 :]
            if touched != text:
                with pytest.raises(CursorError):
                    read_cursor(touched, KEY)


@pytest.mark.parametrize("text", ["", "A", "AAAA", "=", "ä", "\ud800", "a b", "." * 100_000, "A" * 64])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        read_cursor(text, KEY)


@pytest.mark.parametrize("added", [" ", "=", "\n", "."])
def test_a_cursor_has_one_spelling(added: str) -> None:
    with pytest.raises(CursorError):
        read_cursor(write_cursor(CURSOR, KEY) + added, KEY)


def test_a_cursor_shows_nothing_of_what_it_says() -> None:
    text = write_cursor(CURSOR, KEY)
    sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for told in (b"ims-catalog", b"huawei", b"1764000000000", CURSOR.fingerprint.hex().encode()):
        assert told not in sealed


def test_a_cursor_of_another_installation_is_refused() -> None:
    with pytest.raises(CursorError):
        read_cursor(write_cursor(CURSOR, KEY), b"o" * 32)

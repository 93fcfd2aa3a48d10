"""The key of cursors: made once, kept, its owner's only."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines.base import EngineUnavailable
from ims_catalog.cursor_key import cursor_key


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    key = cursor_key(tmp_path)
    assert len(key) == 32
    assert cursor_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["cursor.key"]
    assert (tmp_path / "cursor.key").stat().st_mode & 0o077 == 0


def test_makers_at_once_agree(tmp_path: Path) -> None:
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        with ThreadPoolExecutor(4) as pool:
            keys = set(pool.map(cursor_key, [folder] * 4))
        assert keys == {cursor_key(folder)}


def test_what_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "cursor.key").write_bytes(b"short")
    with pytest.raises(EngineUnavailable, match="no key of 32 bytes"):
        cursor_key(tmp_path)
    with pytest.raises(EngineUnavailable, match="cannot keep the key"):
        cursor_key(tmp_path / "cursor.key")

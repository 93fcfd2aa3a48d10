"""The key of cursors: made once, kept, its owner's only."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines.base import EngineUnavailable
from ims_catalog.compose import cursor_key_of
from ims_catalog.configuration import ConfigurationError
from ims_catalog.cursor_key import cursor_key
from ims_catalog.settings import Settings


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


class TestAKeyThatHostsShare:
    SECRET = "0123456789abcdef" * 2

    def settings(self, folder: Path, **api: object) -> Settings:
        return Settings.model_validate({"engine": {"path": folder / "catalog"}, "api": api})

    def test_it_is_the_same_on_every_host(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("A_KEY", self.SECRET)
        file = tmp_path / "key"
        file.write_text(f"{self.SECRET}\n")
        by_variable = cursor_key_of(self.settings(tmp_path / "one", cursor_key_env="A_KEY"))
        by_file = cursor_key_of(self.settings(tmp_path / "two", cursor_key_file=file))
        assert by_variable == by_file
        assert len(by_variable) == 32
        assert self.SECRET.encode() not in by_variable
        assert not (tmp_path / "one").exists()

    def test_another_secret_is_another_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        keys = set()
        for secret in (self.SECRET, self.SECRET + "0"):
            monkeypatch.setenv("A_KEY", secret)
            keys.add(cursor_key_of(self.settings(tmp_path, cursor_key_env="A_KEY")))
        assert len(keys) == 2

    def test_a_short_one_is_refused_and_not_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("A_KEY", "hush" * 7)
        with pytest.raises(ConfigurationError, match="fewer than 32 characters") as raised:
            cursor_key_of(self.settings(tmp_path, cursor_key_env="A_KEY"))
        assert "hush" not in str(raised.value)

    def test_without_one_a_key_is_kept_in_the_folder(self, tmp_path: Path) -> None:
        settings = self.settings(tmp_path)
        assert cursor_key_of(settings) == cursor_key_of(settings)
        assert (tmp_path / "catalog/cursor.key").exists()

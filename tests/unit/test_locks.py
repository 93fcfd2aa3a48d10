"""The lock files: hashes for everything, and no host or folder of whoever made them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_names_no_host_and_hashes_everything(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"://|--find-links|--index-url|--trusted-host|file:", text)
    pins = re.findall(r"^\S+==\S+.*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]\S*==", text, re.MULTILINE)) > 20

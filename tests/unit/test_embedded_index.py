"""An index whose checksums hold and whose parts do not fit together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.base import DamagedGeneration
from engines.embedded.pointer import prepare_pointer, read_pointer, replace_pointer
from tests.contract.another_version import told_of
from tests.contract.catalogue import image
from tests.contract.engine import embedded, publish_once, reading
from tests.unit.test_embedded_files import change_meta, change_part, generation_file

IMAGES = [image(f"i{number:03}", min_disk=number) for number in range(300)]
ORDER = np.arange(300, dtype="<u4")


@pytest.mark.parametrize(
    ("part", "data"),
    [
        pytest.param("ranks", ORDER[:-1].tobytes(), id="a document without a row"),
        pytest.param("ranks", (ORDER + 1).tobytes(), id="a row behind the last"),
        pytest.param("ranks", (ORDER // 2).tobytes(), id="two documents of one row"),
        pytest.param("ranks", b"abc", id="no numbers"),
        pytest.param("min_disk/forward", ORDER[:9].astype("<u2").tobytes(), id="a short column"),
        pytest.param("min_disk/numbers", b"", id="no values"),
    ],
)
async def test_parts_that_do_not_fit_are_refused(tmp_path: Path, part: str, data: bytes) -> None:
    engine = embedded(tmp_path)
    path = generation_file(tmp_path, await publish_once(engine, IMAGES))
    change_part(path, part, data)
    publish_again(tmp_path, path)
    async with reading(engine) as readers:
        with pytest.raises(DamagedGeneration, match="fit"):
            await readers.served()


@pytest.mark.parametrize("number", [b"299", b"301", b"-1", b"1000000000000000000000"])
async def test_a_number_of_documents_that_is_wrong_is_refused(tmp_path: Path, number: bytes) -> None:
    engine = embedded(tmp_path)
    path = generation_file(tmp_path, await publish_once(engine, IMAGES))
    change_meta(path, "documents", number)
    publish_again(tmp_path, path)
    async with reading(engine) as readers:
        with pytest.raises(DamagedGeneration):
            await readers.served()


def publish_again(folder: Path, path: Path) -> None:
    """Point to a file as it is now."""
    pointer = read_pointer(folder)
    assert pointer is not None
    prepare_pointer(folder, replace(pointer, served=told_of(path)))
    replace_pointer(folder)

import numpy as np
import pytest
from pyroaring import BitMap

from engines.embedded.bitmap import bitmap_of_any, bitmap_of_docs, bitmap_of_mask, docs_of

SIZES = (1, 7, 65_535, 65_536, 65_537, 200_000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("share", [0.0, 0.001, 0.0625, 0.5, 1.0])
def test_a_bitmap_holds_what_the_mask_sets(size: int, share: float) -> None:
    mask = np.random.default_rng(size).random(size) < share
    wanted = BitMap(np.flatnonzero(mask).tolist())
    made = bitmap_of_mask(mask)
    assert made == wanted
    assert BitMap.deserialize(made.serialize()) == wanted
    assert docs_of(made).tolist() == np.flatnonzero(mask).tolist()
    assert bitmap_of_docs(np.flatnonzero(mask).astype(np.uint32)) == wanted


@pytest.mark.parametrize("count", [4095, 4096, 4097])
def test_a_container_changes_its_form_where_the_format_says(count: int) -> None:
    mask = np.zeros(70_000, np.bool_)
    mask[:count] = True
    assert bitmap_of_mask(mask) == BitMap(range(count))


@pytest.mark.parametrize("count", [0, 10, 5000])
def test_documents_may_come_in_any_order_and_repeat(count: int) -> None:
    docs = np.random.default_rng(1).integers(0, 10_000, count).astype(np.uint32)
    assert bitmap_of_any(docs, 10_000) == BitMap(docs.tolist())

"""What the embedded engine remembers of filters is small, whatever somebody asks for."""

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.base import Reader
from engines.query import Query
from mappings.filter import Condition, Filter, Operator, Or
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import embedded, publish_once, reading

TIMES = 20
SOME_IDS = Condition("id", Operator.IN, ("a", "b"))


def list_of_ids(number: int) -> Filter:
    return Condition("id", Operator.IN, ("a", *(f"{number}-{place}" for place in range(2000))))


def wide_words(number: int) -> Filter:
    return Or((SOME_IDS, Condition("name", Operator.MATCH, (f"{number}" * 20_000 + "\N{ROCKET}",))))


async def grown(reader: Reader, given: Callable[[int], Filter]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(10, 10 + TIMES):
            assert ids(await ask(reader, Query(filter=given(number)))) == ["a"]
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("given", [list_of_ids, wide_words], ids=["long lists", "long words"])
async def test_little_is_left_of_large_filters(tmp_path: Path, given: Callable[[int], Filter]) -> None:
    engine = embedded(tmp_path)
    await publish_once(engine, [image("a"), image("c")])
    async with reading(engine) as readers:
        reader = await readers.served()
        assert await grown(reader, given) < 512 * 1024

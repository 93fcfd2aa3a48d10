"""An answer has one time for all the requests that it takes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from engines.base import EngineTimeout, Reader
from engines.narrowed import Narrowed
from engines.opensearch.client import Cluster
from engines.opensearch.readers import OpenSearchReaders
from engines.query import Pivot, Query
from mappings.filter import EVERY
from tests.cluster.passing import passing
from tests.contract.catalogue import image
from tests.contract.engine import engine_in, publish_once

THREE = Narrowed(Query(pivot=Pivot("platform", "firmware"), histograms=("min_disk",), limit=0), EVERY)
"""Takes three requests, one after the other."""


@asynccontextmanager
async def slow_reader(
    folder: Path, url: str, pause: float, seconds: float, given: list[int]
) -> AsyncIterator[Reader]:
    """A reader whose searches take so long, and which have `seconds`; `given` are the milliseconds that a
    node was told to take at most.
    """

    async def slowly(request: web.Request) -> None:
        found = re.search(rb'"timeout":"(\d+)ms"', await request.read())
        if found is not None:
            given.append(int(found[1]))
            await asyncio.sleep(pause)

    with engine_in("opensearch", folder) as engine:
        await publish_once(engine, [image("a", platform="Ubuntu", min_disk=10)])
        async with passing(url, slowly) as slow:
            cluster = Cluster((slow,), timeout=seconds)
            readers = OpenSearchReaders(cluster, prefix=engine.prefix, clock=engine.hand.clock)
            try:
                yield await readers.served()
            finally:
                await readers.close()


async def test_what_is_left_of_the_time_shrinks_with_every_request(
    tmp_path: Path, opensearch_url: str
) -> None:
    given: list[int] = []
    async with slow_reader(tmp_path, opensearch_url, 0.1, 30.0, given) as reader:
        assert (await reader.search(THREE)).total == 1
    assert len(given) == 3
    assert all(following <= before - 90 for before, following in pairwise(given))


async def test_requests_that_are_each_in_time_are_late_together(tmp_path: Path, opensearch_url: str) -> None:
    given: list[int] = []
    async with slow_reader(tmp_path, opensearch_url, 3.0, 5.0, given) as reader:
        with pytest.raises(EngineTimeout, match=r"no answer within [012](\.\d+)? s"):
            await reader.search(THREE)
    assert len(given) == 2

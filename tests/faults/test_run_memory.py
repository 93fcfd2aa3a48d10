"""Memory of a crawl and its plan does not grow with the catalogue."""

import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from pydantic import SecretStr

from engines.clock import system_clock
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from indexer.crawl import crawling
from indexer.fate import Terms
from indexer.plan import plan
from indexer.sources.credential import AccessKey
from indexer.sources.source import Source
from indexer.spool import open_spool
from mappings.document import Stored
from tests.faults.installation import LIMITS, Silent


async def nothing() -> AsyncIterator[Sequence[Stored]]:
    none: tuple[Sequence[Stored], ...] = ()
    for batch in none:
        yield batch


async def peak(folder: Path, images: int) -> int:
    tracemalloc.start()
    try:
        await crawled_and_planned(folder, images)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def crawled_and_planned(folder: Path, images: int) -> None:
    estate = draw_estate(images=images, seed=3, regions=1, projects=1)
    async with await start_sandbox(estate) as sandbox:
        source = Source(
            name="prod",
            cloud="huawei",
            regions=estate.regions,
            endpoint=sandbox.ims_endpoint,
            identity_endpoint=sandbox.identity_endpoint,
            credential=AccessKey(SecretStr(sandbox.access_key), SecretStr(sandbox.secret_key)),
        )
        with open_spool(folder, run_size=400_000) as spool:
            async with crawling(
                [source], spool, limits=LIMITS, progress=Silent(), clock=system_clock(), expected={}
            ) as crawl:
                crawled = await crawl.listed()
            terms, planned = Terms(started="2026-11-24T00:00:00Z", whole=crawled.complete), 0
            async for decisions in plan(spool.entries(), nothing(), terms):
                planned += len(decisions)
            assert planned == images


async def test_five_times_the_images_take_the_same_memory(tmp_path: Path) -> None:
    await crawled_and_planned(tmp_path, 5000)  # fills what is cached for good, outside the measurement
    small, large = await peak(tmp_path, 1000), await peak(tmp_path, 5000)
    assert large < 1.5 * small

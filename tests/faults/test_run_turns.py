"""While a page is read, everything else on the event loop has its turn."""

import asyncio
from itertools import pairwise
from pathlib import Path

from engines.clock import system_clock
from indexer.crawl import crawling
from indexer.spool import Spool, open_spool
from tests.faults.installation import LIMITS, Installation, Silent


async def positions(spool: Spool) -> list[int]:
    """Look at the spool at every turn, until cancelled."""
    seen: list[int] = []
    try:
        while True:
            seen.append(spool.position)
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        return seen


async def test_a_page_is_read_in_short_turns(long: Installation, tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        watching = asyncio.create_task(positions(spool))
        async with crawling(
            [long.source], spool, limits=LIMITS, progress=Silent(), clock=system_clock(), expected={}
        ) as crawl:
            await crawl.listed()
        watching.cancel()
        seen = [*await watching, spool.position]
    assert seen[-1] > 3500
    assert max(after - before for before, after in pairwise(seen)) <= 200

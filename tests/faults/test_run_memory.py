"""Line 20: memory of a crawl and of a run does not grow with the catalogue, and not from run to run."""

import asyncio
import json
import multiprocessing
import os
import shutil
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engines.clock import system_clock
from engines.ledger import Outcome
from engines.opensearch.names import Names
from ims_catalog.cli.sandbox import settings_for
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.crawl import crawling
from indexer.fate import Terms
from indexer.plan import plan
from indexer.spool import open_spool
from mappings.document import Stored
from tests.contract.engine import prefix_of, remove_from_cluster
from tests.faults.crawling import account
from tests.faults.dying_process import Catalogue
from tests.faults.installation import LIMITS, Silent
from tests.faults.repeating_process import Had, run_when_told
from tests.opensearch.direct import ask
from tests.opensearch.shared import required_url
from tests.soak import PATIENCE, SOAKING
from tests.virtual_time import START

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Record = Callable[[str, object], None]

IMAGES = 1_000_000 if SOAKING else 20_000
"""Images that one run crawls."""

MOST = 1_500_000_000
"""Bytes of memory that a run of 1,000,000 images may take."""

ALONE = 160_000_000
"""Bytes of them that it may take without any images."""

RUNS = 20
REPEATED = {"embedded": 1_000_000, "opensearch": 20_000} if SOAKING else {"embedded": 150, "opensearch": 150}
"""Images that are crawled by each of several runs."""

SETTLED = 6
"""After so many runs, more than the ledger keeps, nothing may come that was not there."""

NOISE = 64_000
"""Bytes that the interpreter may keep of several runs: less than a document for each."""

SPAWNED = multiprocessing.get_context("spawn")
COMMAND = str(Path(sys.executable).with_name("ims-catalog"))
LATELY = "00000000-0000-4000-8000-0000000000ad"


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
        with open_spool(folder, run_size=400_000) as spool:
            async with crawling(
                [account(sandbox)],
                spool,
                limits=LIMITS,
                progress=Silent(),
                clock=system_clock(),
                expected={},
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


@pytest.mark.timeout(5 * PATIENCE)
async def test_a_run_takes_little_memory(tmp_path: Path, record_property: Record) -> None:
    """The whole command. The index, which readers hold too, is put together in memory: that alone grows, and
    so slowly that 1,000,000 images stay under the bound.
    """
    estate = draw_estate(images=IMAGES, seed=3, regions=3, projects=6)
    async with await start_sandbox(estate) as sandbox:
        (tmp_path / "ims-catalog.toml").write_text(settings_for(sandbox), "utf-8")
        with emptied(tmp_path):
            told = await measured(tmp_path, sandbox, COMMAND, "reindex")
    record_property(f"memory at most of a run of {IMAGES:,} images", f"{told.peak / 1e6:,.0f} MB")
    assert told.peak < ALONE + (MOST - ALONE) / 1_000_000 * IMAGES


@dataclass(frozen=True, slots=True)
class Measured:
    """How a command ended, and the most bytes that it held."""

    exit: int
    peak: int


async def measured(folder: Path, sandbox: Sandbox, *command: str) -> Measured:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IMS_CATALOG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.measured_process", *command),
        cwd=folder,
        env={
            **kept,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HUAWEICLOUD_SDK_AK": sandbox.access_key,
            "HUAWEICLOUD_SDK_SK": sandbox.secret_key,
            "IMS_CATALOG_CRAWL__REQUESTS_PER_SECOND": "1000",
            "IMS_CATALOG_CRAWL__SCOPE_DEADLINE": "4h",
            "IMS_CATALOG_CRAWL__RUN_DEADLINE": "4h",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    ended = Measured(**json.loads(out))
    assert ended.exit == 0, err.decode()
    return ended


@contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """Remove what stands in a folder at the end: pytest keeps folders, and this may be gigabytes."""
    try:
        yield
    finally:
        shutil.rmtree(folder)


@pytest.mark.timeout(5 * PATIENCE)
@pytest.mark.parametrize("engine", ["embedded", "opensearch"])
async def test_runs_leave_nothing_behind(tmp_path: Path, engine: str, record_property: Record) -> None:
    async with repeating(engine, tmp_path) as one:
        after = [await one.run() for _ in range(RUNS)]
    runs = f"{RUNS} runs of {REPEATED[engine]:,} images on {engine}"
    for name, of in (("first", after[0]), ("settled", after[SETTLED]), ("last", after[-1])):
        record_property(f"{runs}, {name}", of.told)
    assert {(each.had.run.exit, each.had.run.outcome) for each in after} == {(0, Outcome.PUBLISHED)}
    settled, later = after[SETTLED], after[SETTLED + 1 :]
    for each in later:
        assert (each.had.files, each.had.threads, each.had.tasks) == (
            settled.had.files,
            settled.had.threads,
            settled.had.tasks,
        )
        assert each.kept == settled.kept
    if SOAKING:
        assert max(each.had.peak for each in after) < MOST
        assert max(each.had.peak for each in later[-5:]) < 1.05 * max(each.had.peak for each in later[:5])
    else:
        assert later[-1].had.traced - settled.had.traced < NOISE


@dataclass(frozen=True, slots=True)
class After:
    """What the process has after a run, and how much the catalogue keeps."""

    had: Had
    kept: int

    @property
    def told(self) -> str:
        had = self.had
        return (
            f"at most {had.peak / 1e6:,.0f} MB, then {had.resident / 1e6:,.0f} MB, traced {had.traced:,};"
            f" {had.files} open files, {had.threads} threads, {had.tasks} tasks, {self.kept} kept"
        )


@dataclass
class Repeating:
    """An account, and a process that reindexes it."""

    sandbox: Sandbox
    catalogue: Catalogue
    process: "Connection[int, Had]"
    hours: int = 0

    async def run(self) -> After:
        """Change a little and, now and then, much; let the process run once."""
        self.hours += 1
        self.change()
        self.process.send(self.hours)
        had = await asyncio.to_thread(self.process.recv)
        return After(had, self.kept())

    def change(self) -> None:
        """Rename some images, let one come, or go."""
        cloud = self.sandbox.cloud
        region, *_ = self.sandbox.regions
        listed = cloud.records(Listing(region, "gold"))
        renamed = 20 if self.hours % 4 == 0 else 3
        for record in [record for _, record in zip(range(renamed), listed, strict=False)]:
            cloud.patch(region, str(record["id"]), name=f"renamed {self.hours}")
        if self.hours % 2:
            cloud.add(region, {"id": LATELY, "__imagetype": "market"})
        else:
            cloud.delete(region, LATELY)

    def kept(self) -> int:
        """Count the files of the catalogue, or its indices."""
        if self.catalogue.url is None:
            return len(list(self.catalogue.folder.iterdir()))
        pattern = Names(self.catalogue.prefix).all
        return len(ask(f"{self.catalogue.url}/{pattern}/_alias?expand_wildcards=all"))


@asynccontextmanager
async def repeating(engine: str, folder: Path) -> AsyncIterator[Repeating]:
    place = folder / "catalog"
    place.mkdir()
    catalogue = Catalogue(place, "ims-catalog", None)
    if engine == "opensearch":
        catalogue = Catalogue(place, prefix_of(place), required_url())
    estate = draw_estate(images=REPEATED[engine], seed=4, regions=1, projects=2)
    async with await start_sandbox(estate, now=lambda: START + timedelta(hours=one.hours)) as sandbox:
        ours, others = SPAWNED.Pipe()
        process = SPAWNED.Process(
            target=run_when_told,
            args=(catalogue, account(sandbox), others),
            kwargs={"trace": not SOAKING},
        )
        one = Repeating(sandbox, catalogue, ours)
        process.start()
        others.close()
        try:
            yield one
            ours.send(0)
            await asyncio.to_thread(process.join)
            assert process.exitcode == 0
        finally:
            process.kill()
            process.join()
            process.close()
            if engine == "opensearch":
                remove_from_cluster(catalogue.prefix)
            shutil.rmtree(place)

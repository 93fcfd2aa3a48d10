"""A process that reindexes a catalogue each time it is told to, and tells what it has when the run is over.

Each run opens the catalogue and closes it, as those of `schedule` do.
"""

import asyncio
import gc
import threading
import tracemalloc
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engines.ledger import Keep, Run
from indexer.limits import Limits
from indexer.run import reindex
from indexer.sources.source import Source
from tests.faults.dying_process import Catalogue

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

KEEP = Keep(runs=4, changes=100)
"""So little that the ledger soon keeps no more from run to run."""

PATIENT = Limits(
    request_timeout=120.0, scope_deadline=7200.0, run_deadline=7200.0, requests_per_second=1000.0
)


@dataclass(frozen=True, slots=True)
class Had:
    """What the process has after a run, memory in bytes.

    `traced` is what Python tells of, 0 if it is not asked; `resident` what the system has given; `peak` the
    most of that while the run went on.
    """

    run: Run
    traced: int
    resident: int
    peak: int
    files: int
    threads: int
    tasks: int


def run_when_told(catalogue: Catalogue, source: Source, told: "Connection[Had, int]", *, trace: bool) -> None:
    """Run once for each number that comes: the hours that went by since the beginning; 0 ends it."""
    if trace:
        tracemalloc.start()
    asyncio.run(_runs(catalogue, source, told))


async def _runs(catalogue: Catalogue, source: Source, told: "Connection[Had, int]") -> None:
    while hours := told.recv():
        _forget_peak()
        run = await _run(catalogue, source, hours)
        gc.collect()
        told.send(_had(run))


async def _run(catalogue: Catalogue, source: Source, hours: int) -> Run:
    setup = await catalogue.opened(hours)
    try:
        return await reindex(replace(setup, keep=KEEP), (source,), PATIENT)
    finally:
        await setup.ledger.close()
        await setup.writer.close()


def _had(run: Run) -> Had:
    return Had(
        run=run,
        traced=tracemalloc.get_traced_memory()[0],
        resident=_bytes("VmRSS"),
        peak=_bytes("VmHWM"),
        files=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
    )


def _forget_peak() -> None:
    """See proc(5)."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text("ascii")
    (line,) = [line for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024

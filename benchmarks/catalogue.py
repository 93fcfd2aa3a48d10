"""A catalogue to measure on: pages recorded from a sandbox cloud, then a generation built from them."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson

from benchmarks.memory import peak_bytes
from benchmarks.pages import record_pages, recorded_pages, scopes_of
from clouds.ims import parse_page
from engines.base import Companions
from engines.clock import system_clock
from engines.embedded.ledger import open_ledger
from engines.embedded.writer import open_writer
from engines.generation import Generation
from engines.ledger import Outcome, Run, ScopeState, State
from indexer.fate import Terms
from indexer.plan import Change, plan
from indexer.spool import Spool, open_spool
from indexer.tally import Tally
from mappings.date import date_text, from_datetime
from mappings.document import Stored, store
from mappings.normalise import normalise
from mappings.schema import SCHEMA

_MADE = "made.json"
_ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Where a catalogue of `images` images stands, and what building it took.

    `folder` holds the recorded pages, `engine` the published generation. `spool_seconds` is reading the pages
    into the spool, `build_seconds` all that follows, from the plan to the publish; `peak_bytes` the most that
    the process which did both held in memory.
    """

    folder: Path
    images: int
    documents: int
    size: int
    spool_seconds: float
    build_seconds: float
    peak_bytes: int

    @property
    def engine(self) -> Path:
        """The folder that readers open."""
        return self.folder / _ENGINE


@dataclass(frozen=True, slots=True)
class _Built:
    documents: int
    spool_seconds: float
    build_seconds: float
    peak_bytes: int


def make_catalogue(workspace: Path, images: int) -> Catalogue:
    """Give the catalogue of so many images; it is made once in a workspace.

    To measure the memory it takes, make it in a process of its own.
    """
    folder = workspace / str(images)
    made = folder / _MADE
    if not made.exists():
        folder.mkdir()
        record_pages(folder, images)
        built = asyncio.run(_build(folder, images))
        made.write_bytes(orjson.dumps(asdict(built)))
    found = _Built(**orjson.loads(made.read_bytes()))
    size = sum(path.stat().st_size for path in (folder / _ENGINE).glob("ims-catalog-*"))
    return Catalogue(folder=folder, images=images, size=size, **asdict(found))


async def _build(folder: Path, images: int) -> _Built:
    clock = system_clock()
    started = clock.now()
    writer, ledger = open_writer(folder / _ENGINE, clock=clock), open_ledger(folder / _ENGINE)
    try:
        with open_spool(folder) as spool:
            beginning = time.perf_counter()
            fill(spool, folder, images)
            filled = time.perf_counter()
            name = Generation("ims-catalog", SCHEMA, 1, started, "000001").name
            complete = frozenset(scope.id for scope in scopes_of(images))
            terms = Terms(started=date_text(from_datetime(started)), whole=complete)
            tally = Tally()
            build = await writer.begin(name, await writer.served())
            async with aclosing(plan(spool.entries(), _nothing(), terms)) as batches:
                async for decisions in batches:
                    tally.count(decisions)
                    await build.add([one.stored for one in decisions if one.stored is not None])
            await build.seal(Companions())
            await build.verify(tally.expected)
            await build.publish()
            published = time.perf_counter()
        await ledger.record(_run(name, started, clock.now(), tally))
    finally:
        await ledger.close()
        await writer.close()
    return _Built(tally.documents, filled - beginning, published - filled, peak_bytes())


def fill(spool: Spool, folder: Path, images: int) -> None:
    """Read the recorded pages into a spool, as a crawl would."""
    for page in recorded_pages(folder, images):
        for record in parse_page(page.body).images:
            document = normalise(record, page.scope).document
            assert document is not None, "every record of the sandbox has an id"
            spool.add(0, page.scope.id, store(document))


async def _nothing() -> AsyncIterator[Sequence[Stored]]:
    no_batches: tuple[Sequence[Stored], ...] = ()
    for batch in no_batches:
        yield batch


def _run(generation: str, started: datetime, finished: datetime, tally: Tally) -> Run:
    return Run(
        run="benchmark",
        started=started,
        finished=finished,
        outcome=Outcome.PUBLISHED,
        exit=0,
        reason=None,
        generation=generation,
        documents=tally.documents,
        added=tally.changes[Change.ADDED],
        changed=0,
        removed=0,
        unlisted=0,
        refused=0,
        problems={},
        scopes=tuple(
            ScopeState(
                scope=scope,
                state=State.COMPLETE,
                reason=None,
                last_attempt=started,
                last_complete=started,
                seen=count,
                carried=0,
            )
            for scope, count in sorted(tally.in_scope.items())
        ),
    )

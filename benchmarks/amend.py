"""A run with few changes on OpenSearch, from its spool on: the difference against everything, by turns."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median

import orjson
import uvloop

from benchmarks.catalogue import Catalogue, fill
from benchmarks.figure import Figure
from benchmarks.opensearch import HEAP
from benchmarks.opensearch_load import load_catalogue, remove
from benchmarks.pages import scopes_of
from benchmarks.scale import Scale
from engines.base import Companions
from engines.clock import system_clock
from engines.generation import Generation
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.writer import OpenSearchWriter, open_writer
from indexer.building import Building
from indexer.comparison import compare
from indexer.difference import open_difference
from indexer.fate import Terms
from indexer.plan import plan
from indexer.spool import Entry, Spool, open_spool
from indexer.survey import Survey
from mappings.date import date_text, from_datetime
from mappings.document import Stored, rewritten
from mappings.schema import SCHEMA
from tests.opensearch.available import available

CHANGED = 1000
"""One image of so many is another."""

SMALLER_SHARE, LARGER_SHARE = 1.0, 1 / 5
"""What a run that writes the difference may take at most of the time of one that writes everything."""

_CHANGES = 100_000


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Load a node, then change one image in a thousand again and again, and publish that either way."""
    larger, prefix = catalogue.images > scale.smaller, f"bench-{os.getpid()}"
    with (
        available(heap=HEAP) as url,
        open_spool(catalogue.folder) as spool,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        fill(spool, catalogue.folder, catalogue.images)
        try:
            runner.run(load_catalogue(url, prefix, catalogue))
            rounds = 1 if larger else scale.rounds
            whole, few = runner.run(_measured(url, prefix, catalogue, spool, rounds))
        finally:
            runner.run(remove(url, prefix))
    ratio = median(one.seconds / other.seconds for one, other in zip(few, whole, strict=True))
    share = LARGER_SHARE if larger else SMALLER_SHARE
    yield Figure(
        f"a run that writes all {whole[0].documents:,} documents, from the spool until they are served",
        f"{median(one.seconds for one in whole):,.1f} s, of which the survey"
        f" {median(one.survey for one in whole):,.1f} s",
    )
    yield Figure(
        f"a run that writes the difference, {few[0].written:,} documents",
        f"{median(one.seconds for one in few):,.1f} s, of which the survey"
        f" {median(one.survey for one in few):,.1f} s: {ratio:.2f} of it",
        f"<= {share:g}",
        ratio <= share,
    )


@dataclass(frozen=True, slots=True)
class _Took:
    """What a run took, in seconds, and how many documents it wrote, and published."""

    seconds: float
    survey: float
    written: int
    documents: int


@dataclass(frozen=True, slots=True)
class _Altered:
    """A spool in which one image of so many more is renamed each time."""

    spool: Spool
    time: int

    def entries(self) -> Iterator[Entry]:
        """Give it by ascending key."""
        for place, entry in enumerate(self.spool.entries()):
            altered = place % CHANGED < self.time
            yield replace(entry, stored=_renamed(entry.stored)) if altered else entry


def _renamed(stored: Stored) -> Stored:
    name = {"name": "renamed"}
    body, internal = orjson.loads(stored.body), orjson.loads(stored.internal)
    raw = orjson.dumps(orjson.loads(stored.raw) | name)
    return replace(rewritten(stored, body | name, internal), raw=raw)


async def _measured(
    url: str, prefix: str, catalogue: Catalogue, spool: Spool, rounds: int
) -> tuple[list[_Took], list[_Took]]:
    cluster = Cluster((url,), timeout=60.0)
    writer = await open_writer(cluster, prefix=prefix, clock=system_clock(), replicas=0)
    ledger = OpenSearchLedger(Client(cluster), Names(prefix))
    complete = frozenset(scope.id for scope in scopes_of(catalogue.images))
    took: tuple[list[_Took], list[_Took]] = ([], [])
    try:
        # The first round warms the node up.
        for number in range(2 * rounds + 2):
            run = _Run(writer, ledger, catalogue, _Altered(spool, number + 1), complete)
            done = await run.published(prefix, amending=bool(number % 2))
            if number >= 2:
                took[number % 2].append(done)
    finally:
        await ledger.close()
        await writer.close()
    return took


@dataclass(frozen=True, slots=True)
class _Run:
    """What `indexer.run` does after its crawl, where nobody has to be asked."""

    writer: OpenSearchWriter
    ledger: OpenSearchLedger
    catalogue: Catalogue
    seen: _Altered
    complete: frozenset[str]

    async def published(self, prefix: str, *, amending: bool) -> _Took:
        """Publish either way."""
        begun = time.perf_counter()
        now = datetime.now(UTC)
        run = f"{now:%Y%m%dt%H%M%Sz}-{self.seen.time:06x}"
        name = Generation(prefix, SCHEMA, await self.writer.term(run), now, f"{self.seen.time:06x}").name
        served = await self.writer.served()
        assert served is not None, "a catalogue has been loaded"
        terms = Terms(started=date_text(from_datetime(now)), whole=self.complete)
        outlined, survey = await self.writer.outlined(served), Survey({})
        assert outlined is not None, "this version loaded it"
        with open_difference(self.catalogue.folder) as difference:
            async with aclosing(compare(self.seen.entries(), outlined, terms)) as compared:
                async for decisions in compared:
                    survey.count(decisions)
                    difference.take(decisions)
            surveyed = time.perf_counter()
            assert not (await difference.tally(terms)).nothing_changed
            building = Building(self.ledger, _Silent(), run, _CHANGES, {})
            if amending:
                amendment = await self.writer.amend(name, served)
                assert amendment is not None, "it is fit to be cloned"
                build = amendment
                async with aclosing(difference.planned(terms)) as planned:
                    await building.amend(amendment, planned, difference.rest, at=now)
            else:
                build = await self.writer.begin(name, served)
                documents = self.writer.documents(served)
                async with aclosing(plan(self.seen.entries(), documents, terms)) as planned:
                    await building.fill(build, planned, at=now)
            await build.seal(Companions())
            await build.verify(building.tally.expected)
            await build.publish()
        written = difference.kept if amending else building.tally.documents
        ended = time.perf_counter()
        return _Took(ended - begun, surveyed - begun, written, building.tally.documents)


class _Silent:
    """Progress that nobody looks at."""

    def begun(self, scope: str, expected: int | None) -> None: ...
    def listed(self, scope: str, images: int) -> None: ...
    def ended(self, scope: str, reason: str | None) -> None: ...
    def compared(self, documents: int) -> None: ...
    def asked(self, answered: int, images: int) -> None: ...
    def built(self, documents: int) -> None: ...
    def close(self) -> None: ...

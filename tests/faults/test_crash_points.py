"""Case 25: a run is killed before or after any of its steps, and the next one finds everything in order.

What was served goes on, or what was about to be served is, whole. The next run comes to what the cloud shows,
each change of an image is told exactly once, and nothing is left behind.
"""

import asyncio
import multiprocessing
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from engines.embedded.file import SUFFIX
from engines.embedded.holder import HOLDER_FILE, LOCK_FILE
from engines.embedded.ledger_file import LEDGER_FILE
from engines.embedded.pointer import POINTER_FILE, read_pointer
from engines.generation import term_of
from engines.ledger import Ledger, Outcome, Run
from engines.opensearch.names import Names
from engines.opensearch.reply import entries, part, whole
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.run import reindex
from indexer.sources.credential import AccessKey
from indexer.sources.source import Source
from mappings.document import key_of
from tests.contract.engine import prefix_of, remove_from_cluster
from tests.faults.dying_process import Catalogue, Death, run_to_death
from tests.faults.installation import LIMITS, VIEWS
from tests.faults.seams import Moment
from tests.opensearch.direct import ask
from tests.opensearch.shared import required_url
from tests.soak import SOAKING
from tests.virtual_time import START

ESTATE = draw_estate(images=100, seed=25, regions=1, projects=2)
(REGION,) = ESTATE.regions
GOLD = Listing(REGION, "gold")
PRIVATE = Listing(REGION, "private", ESTATE.projects[0].id)

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.dying_process"])

BEFORE_PUBLISHING = (
    "writer.term",
    "writer.served",
    "ledger.intended",
    "ledger.forget",
    "ledger.intend",
    "writer.companions",
    "ledger.scope_states",
    "ledger.memories",
    "progress.begun",
    "progress.listed",
    "progress.ended",
    "writer.outlined",
    "writer.documents",
    "progress.compared",
    "progress.asked",
    "writer.amend",
    "writer.begin",
    "build.remove",
    "build.add",
    "progress.built",
    "ledger.note",
    "build.seal",
    "build.verify",
    "writer.check",
)
SINCE_PUBLISHING = (
    "build.publish",
    "progress.close",
    "ledger.record",
    "ledger.trim",
    "ledger.close",
    "writer.close",
)
AGAIN = ("progress.listed", "build.add", "ledger.intend")
"""What comes a second time with another part of the work done. The second intention is of the publish."""

NOT_MET = {"embedded": {"build.remove"}, "opensearch": {"writer.documents", "writer.begin"}}
"""Steps that a run with few changes does not take: one engine builds anew, the other amends a copy."""

WRITING = (
    "writer.term",
    "ledger.forget",
    "ledger.intend",
    "writer.amend",
    "build.remove",
    "build.add",
    "ledger.note",
    "build.seal",
    "build.verify",
    "build.publish",
    "ledger.record",
    "ledger.trim",
    "writer.close",
)
"""Steps after which something else than before stands on the cluster; between them nothing changes there."""

FIRST = (
    *(
        Moment(f"after {step}")
        for step in ("ledger.intend", "writer.begin", "build.add", "ledger.note", "build.seal")
    ),
    Moment("after ledger.intend", 2),
    Moment("after build.publish"),
    Moment("after ledger.record"),
)
"""Moments of the very first run."""

FILES = (*(Moment("before rename", nth) for nth in range(1, 6)), Moment("before remove"))
"""A writer of files renames five: who holds it, twice; the generation; the pointer to it; who held it."""


@dataclass(frozen=True, slots=True)
class Case:
    """Where, with a catalogue before it or not, and when a run dies."""

    engine: str
    first: bool
    moment: Moment

    @property
    def published(self) -> bool:
        """Whether the generation of the run that dies is served."""
        side, step = self.moment.step.split(" ")
        if step == "rename":
            return self.moment.nth == 5
        if step == "remove":
            return not self.first
        return step in SINCE_PUBLISHING and (side, step) != ("before", "build.publish")

    @property
    def told(self) -> bool:
        """Whether the ledger knows by then that the run has begun."""
        side, step = self.moment.step.split(" ")
        if step in {"rename", "remove"}:
            return self.published or (step == "rename" and self.moment.nth > 2)
        known = (*BEFORE_PUBLISHING, *SINCE_PUBLISHING).index
        at, open_entry = known(step), known("ledger.intend")
        return at > open_entry or (at == open_entry and (side == "after" or self.moment.nth > 1))

    def __str__(self) -> str:
        """Read as the name of a case."""
        return f"{self.engine}, {'first run, ' if self.first else ''}{self.moment}"


def moments(engine: str) -> Iterator[Moment]:
    """Give all moments of a run with few changes."""
    for step in (*BEFORE_PUBLISHING, *SINCE_PUBLISHING):
        for side in ("before", "after") if step not in NOT_MET[engine] else ():
            yield Moment(f"{side} {step}")
            if step in AGAIN:
                yield Moment(f"{side} {step}", 2)


def cases() -> Iterator[Case]:
    for moment in (*moments("embedded"), *FILES):
        yield Case("embedded", False, moment)
    for moment in (*FIRST, *FILES[:-1]):
        yield Case("embedded", True, moment)
    for moment in moments("opensearch"):
        side, step = moment.step.split(" ")
        if SOAKING or (side == "after" and step in WRITING):
            yield Case("opensearch", False, moment)
    for moment in FIRST if SOAKING else FIRST[-3:-1]:
        yield Case("opensearch", True, moment)


@dataclass
class Account:
    """A cloud and the catalogue of it, some hours after the beginning."""

    sandbox: Sandbox
    catalogue: Catalogue
    hours: int = 0
    hidden: str | None = None

    @property
    def source(self) -> Source:
        sandbox = self.sandbox
        return Source(
            name="prod",
            cloud="huawei",
            regions=sandbox.regions,
            endpoint=sandbox.ims_endpoint,
            identity_endpoint=sandbox.identity_endpoint,
            credential=AccessKey(SecretStr(sandbox.access_key), SecretStr(sandbox.secret_key)),
        )

    def names(self) -> dict[str, object]:
        """The names of all images that the catalogue must know, by key."""
        cloud = self.sandbox.cloud
        found = {
            key(listing, str(record["id"])): record["name"]
            for listing in ESTATE.listings()
            for record in cloud.records(listing)
        }
        if self.hidden is not None:
            found[key(GOLD, self.hidden)] = cloud.image(REGION, self.hidden)["name"]
        return found

    def change(self) -> Counter[tuple[str, str]]:
        """Change a few images of each kind; give what has to be told of that."""
        cloud, before = self.sandbox.cloud, self.names()
        renamed, self.hidden = self._images(GOLD)[:2]
        cloud.patch(REGION, renamed, name="renamed")
        cloud.hide(REGION, self.hidden)
        cloud.delete(REGION, self._images(PRIVATE)[0])
        cloud.add(REGION, {"id": "00000000-0000-4000-8000-0000000000ad", "owner": PRIVATE.project})
        after = self.names()
        return Counter(
            [
                *(("added", one) for one in after.keys() - before.keys()),
                *(("removed", one) for one in before.keys() - after.keys()),
                ("changed", key(GOLD, renamed)),
                ("unlisted", key(GOLD, self.hidden)),
            ]
        )

    def describe(self) -> Counter[tuple[str, str]]:
        """Change one image that nothing else is done to."""
        image = self._images(GOLD)[-1]
        self.sandbox.cloud.patch(REGION, image, __description="another")
        return Counter([("changed", key(GOLD, image))])

    async def run(self) -> Run:
        """Run to the end."""
        self.hours += 1
        setup = await self.catalogue.opened(self.hours)
        try:
            return await reindex(setup, (self.source,), LIMITS)
        finally:
            await setup.ledger.close()
            await setup.writer.close()

    async def run_elsewhere(self, moment: Moment, told: Path | None = None) -> int | None:
        """Run in a process of its own, which dies at the moment; give how it ended."""
        self.hours += 1
        death = Death(self.catalogue, self.source, self.hours, moment, told)
        process = FORKS.Process(target=run_to_death, args=(death,))
        process.start()
        try:
            await asyncio.to_thread(process.join)
            return process.exitcode
        finally:
            process.kill()
            process.join()
            process.close()

    def _images(self, listing: Listing) -> list[str]:
        return [str(record["id"]) for record in self.sandbox.cloud.records(listing)]


def key(listing: Listing, image: str) -> str:
    return key_of("huawei", REGION, image, VIEWS[listing.image_type])


@asynccontextmanager
async def account(engine: str, folder: Path) -> AsyncIterator[Account]:
    """Give an account without a catalogue yet; what is not in the folder is removed at the end."""
    place = folder / "catalog"
    place.mkdir()
    catalogue = Catalogue(place, "ims-catalog", None)
    if engine == "opensearch":
        catalogue = Catalogue(place, prefix_of(place), required_url())
    async with await start_sandbox(ESTATE, now=lambda: START + timedelta(hours=one.hours)) as sandbox:
        one = Account(sandbox, catalogue)
        try:
            yield one
        finally:
            if engine == "opensearch":
                remove_from_cluster(catalogue.prefix)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test keeps a copy of a folder with two generations, for those that come after it."""
    return tmp_path_factory.mktemp("begun") / "catalog"


def added(one: Account) -> Counter[tuple[str, str]]:
    return Counter(("added", image) for image in one.names())


async def begin(one: Account, begun: Path) -> Counter[tuple[str, str]]:
    """Run before the run that dies, in files twice, for a generation to be retired; give what is told."""
    told = added(one)
    if one.catalogue.url is not None:
        assert (await one.run()).exit == 0
        return told
    if copied(begun, one.catalogue.folder):
        told += one.describe()
        one.hours = 2
        return told
    assert (await one.run()).exit == 0
    told += one.describe()
    assert (await one.run()).exit == 0
    copied(one.catalogue.folder, begun)
    return told


def copied(source: Path, folder: Path) -> bool:
    """Copy a folder if it is there."""
    there = source.exists()
    if there:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return there


@pytest.mark.parametrize("case", tuple(cases()), ids=str)
async def test_case_25_a_run_is_killed(tmp_path: Path, begun: Path, case: Case) -> None:
    async with account(case.engine, tmp_path) as one:
        told = added(one) if case.first else await begin(one, begun)
        generation, before = await one.catalogue.served()
        runs = set() if case.first else await journal(one)
        if not case.first:
            told += one.change()
        assert await one.run_elsewhere(case.moment) == -signal.SIGKILL, "the moment has come"

        found, names = await one.catalogue.served()
        assert (found != generation, names) == (case.published, one.names() if case.published else before)

        run = await one.run()
        assert (run.exit, run.outcome) == (0, Outcome.UNCHANGED if case.published else Outcome.PUBLISHED)
        assert (await one.catalogue.served()) == (run.generation, one.names())
        assert await changes(one) == told, "each change is told once"
        settled = await journal(one) - runs - {run.run}
        assert len(settled) == case.told
        assert not left_behind(one, str(run.generation))
        if not (case.first and case.engine == "opensearch"):
            # There, what was noted before any run was recorded goes by age.
            assert noted(one) == told.total(), "nothing is noted that is not told"


async def journal(one: Account) -> set[str]:
    """The runs that the ledger knows."""
    async with reading(one) as ledger:
        assert await ledger.intended() is None
        runs = [run.run for run in await ledger.runs(100)]
    assert len(set(runs)) == len(runs)
    return set(runs)


async def changes(one: Account) -> Counter[tuple[str, str]]:
    """The changes that the ledger tells, by kind and key."""
    async with reading(one) as ledger:
        found = await ledger.changes(0, 10_000)
        assert all([await ledger.run(run) for run in {change.run for change in found}])
    return Counter((change.kind.value, change.stored.key) for change in found)


@asynccontextmanager
async def reading(one: Account) -> AsyncIterator[Ledger]:
    ledger = one.catalogue.ledger()
    try:
        yield ledger
    finally:
        await ledger.close()


def left_behind(one: Account, served: str) -> set[str]:
    """Names of what is neither served, nor served before, nor needed by those who read and write."""
    if one.catalogue.url is None:
        found = {path.name for path in one.catalogue.folder.iterdir()}
        needed = {
            LOCK_FILE,
            HOLDER_FILE,
            POINTER_FILE,
            LEDGER_FILE,
            f"{LEDGER_FILE}-wal",
            f"{LEDGER_FILE}-shm",
        }
        pointer = read_pointer(one.catalogue.folder)
        assert pointer is not None
        kept = {f"{each.name}{SUFFIX}" for each in (pointer.served, pointer.previous) if each is not None}
        return found - needed - kept
    names = Names(one.catalogue.prefix)
    indices = ask(f"{one.catalogue.url}/{names.all}/_alias?expand_wildcards=all")
    aliases = {index: list(entries(part(value, "aliases"))) for index, value in indices.items()}
    assert {index: each for index, each in aliases.items() if each} == {served: [names.served]}
    generations = sorted(filter(names.is_generation, indices), key=term_of)
    assert generations[-1] == served
    needed = {names.lease, names.runs, names.scopes, names.changes, *generations[-2:]}
    return indices.keys() - needed


def noted(one: Account) -> int:
    """How many changes the ledger keeps, told or not."""
    if one.catalogue.url is not None:
        changes = Names(one.catalogue.prefix).changes
        return whole(ask(f"{one.catalogue.url}/{changes}/_count"), "count")
    with closing(sqlite3.connect(one.catalogue.folder / LEDGER_FILE)) as ledger:
        rows = ledger.execute("SELECT (SELECT count(*) FROM changes) + (SELECT count(*) FROM noted)")
        return int(rows.fetchone()[0])


@pytest.mark.parametrize("engine", ["embedded", "opensearch"])
async def test_every_step_of_a_run_is_a_case(tmp_path: Path, begun: Path, engine: str) -> None:
    async with account(engine, tmp_path) as one:
        await begin(one, begun)
        one.change()
        told = tmp_path / "told"
        assert await one.run_elsewhere(Moment("never"), told) == 0
        steps = set(told.read_text("utf-8").split("\n"))
        files = {moment.step for moment in FILES} if engine == "embedded" else set()
        assert steps == {moment.step for moment in moments(engine)} | files
        if files:
            assert told.read_text("utf-8").split("\n").count("before rename") == 5

"""Runs whose cluster refuses documents or whole requests, or whose answers are lost on the way."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import web
from yarl import URL

from engines.ledger import Outcome
from engines.opensearch.bulk import Loading
from engines.opensearch.names import Names
from engines.opensearch.reply import entries, items, part
from engines.opensearch.retry import Patience
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from mappings.document import key_of
from mappings.schema import SCHEMA
from mappings.scope import View
from tests.cluster.passing import passing
from tests.faults.installation import Installation, cluster_place, installed_on
from tests.faults.spoilt import gold, ids
from tests.opensearch.direct import ask

ESTATE = draw_estate(images=600, seed=26, regions=1, projects=2)
SMALL = Loading(body=60_000, patience=Patience(attempts=40, first=0.005, longest=0.05))

Item = Mapping[str, object]
Fate = Callable[[str], Item | None]
"""Gives what a document is refused with, None for one that is passed on."""

Spoil = Callable[[str, bytes], bytes]
"""Gives the source of a document as it is passed on."""


def share(image: str, of: int) -> bool:
    """Choose one in so many, always the same ones."""
    return hashlib.blake2b(image.encode(), digest_size=4).digest()[0] % of == 0


def refused(status: int, kind: str) -> Item:
    return {"status": status, "error": {"type": kind, "reason": "a reason"}}


def taken(_: str) -> Item | None:
    return None


def as_it_is(_: str, source: bytes) -> bytes:
    return source


def passed_on(_: int) -> str:
    return "pass"


def of_a_generation(path: str) -> bool:
    """Tell whether a request loads a generation, and not the ledger."""
    index, _, what = path.strip("/").partition("/")
    return what == "_bulk" and Names(index.rpartition(f"-{SCHEMA}-")[0]).is_generation(index)


@dataclass
class Unruly:
    """Stands before a node: documents have a fate, requests too, by the number of each."""

    url: str
    fate: Fate = taken
    whole: Callable[[int], str] = passed_on
    spoil: Spoil = as_it_is
    requests: int = 0
    met: Counter[str] = field(default_factory=Counter)
    statuses: list[Sequence[object]] = field(default_factory=list)
    """What the node said of each document of a request, where it refused some."""

    async def before(self, request: web.Request) -> None:
        if not of_a_generation(request.path):
            return
        self.requests += 1
        whole = self.whole(self.requests)
        self.met[whole] += 1
        if whole == "turn away":
            raise web.HTTPTooManyRequests(
                text='{"error":{"type":"rejected_execution_exception"},"status":429}',
                content_type="application/json",
            )
        answer = await self.answered(request)
        if whole == "lose the answer":
            assert request.transport is not None
            request.transport.abort()
        raise web.HTTPOk(text=orjson.dumps(answer).decode(), content_type="application/json")

    async def answered(self, request: web.Request) -> dict[str, object]:
        """Send on what is to be taken, and give what the node says of it between what is refused."""
        lines = (await request.read()).split(b"\n")[:-1]
        images = [str(orjson.loads(action)["index"]["_id"]) for action in lines[::2]]
        fates = list(map(self.fate, images))
        sent = [
            b"%b\n%b\n" % (action, self.spoil(image, source))
            for action, source, image, fate in zip(lines[::2], lines[1::2], images, fates, strict=True)
            if fate is None
        ]
        told = await self.passed(request, b"".join(sent)) if sent else []
        if any(part(item, "index", "error") is not None for item in told):
            self.statuses.append([part(item, "index", "status") for item in told])
        self.met["refused"] += len(images) - len(sent)
        following = iter(told)
        together = [next(following) if fate is None else {"index": fate} for fate in fates]
        return {"errors": True, "items": together}

    async def passed(self, request: web.Request, body: bytes) -> Sequence[object]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                URL(self.url).join(request.rel_url),
                data=body,
                headers={"Content-Type": "application/x-ndjson"},
            ) as answer,
        ):
            return items(orjson.loads(await answer.read()), "items")


@asynccontextmanager
async def unruly(folder: Path) -> AsyncIterator[tuple[Unruly, Installation]]:
    """Give a catalogue on a cluster, and what stands between."""
    async with cluster_place(folder) as url, await start_sandbox(ESTATE) as sandbox:
        between = Unruly(url)
        async with passing(url, between.before) as by, installed_on(by, sandbox, folder, SMALL) as one:
            yield between, one


def at_times(number: int) -> str:
    """Turn every seventh request away, lose the answer to every fifth."""
    return "turn away" if number % 7 == 2 else "lose the answer" if number % 5 == 3 else "pass"


async def test_case_26_each_document_is_taken_once_whatever_became_of_its_requests(tmp_path: Path) -> None:
    seen: set[str] = set()

    def at_first(image: str) -> Item | None:
        """Refuse one in twenty, for lack of room, the first time that it comes."""
        new = image not in seen
        seen.add(image)
        return refused(429, "rejected_execution_exception") if new and share(image, 20) else None

    async with unruly(tmp_path) as (between, one):
        between.fate, between.whole = at_first, at_times
        run = await one.run()
        assert (run.exit, run.outcome) == (0, Outcome.PUBLISHED)
        assert run.documents == run.added == len(one.model())
        assert await one.held() == one.model()
        assert min(between.met[each] for each in ("refused", "turn away", "lose the answer")) > 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "mapper_parsing_exception"), (409, "version_conflict_engine_exception")],
    ids=["cannot be read", "a conflict"],
)
async def test_case_26_a_document_that_is_never_taken_holds_the_generation_and_is_named(
    tmp_path: Path, status: int, kind: str
) -> None:
    async with unruly(tmp_path) as (between, one):
        first = await one.run()
        before = await one.held()
        for image in ids(one, gold(one)):
            one.sandbox.cloud.patch(gold(one).region, image, name="renamed")
        between.fate = lambda image: refused(status, kind) if share(image, 100) else None
        run = await one.run()
        assert (run.exit, run.outcome, run.generation) == (4, Outcome.HELD, first.generation)
        named = f"was refused by the index: HTTP {status} {kind}"
        assert named in str(run.reason)
        assert share(str(run.reason).split(" ")[0], 100)
        assert await one.held() == before

        between.fate = taken
        again = await one.run()
        assert (again.exit, again.outcome) == (0, Outcome.PUBLISHED)
        assert await one.held() == one.model()


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        pytest.param({"min_disk": "plenty"}, "mapper_parsing_exception", id="a text for a number"),
        pytest.param({"new": 1}, "strict_dynamic_mapping_exception", id="a field that is not mapped"),
        pytest.param(
            {f"new_{number}": 1 for number in range(1_100)},
            "strict_dynamic_mapping_exception",
            id="more fields than an index may have",
        ),
        pytest.param({"name": "x" * 40_000}, "illegal_argument_exception", id="a value that is too long"),
    ],
)
async def test_case_32_a_document_that_the_mapping_refuses_is_named_and_changes_no_mapping(
    tmp_path: Path, spoilt: Mapping[str, object], kind: str
) -> None:
    async with unruly(tmp_path) as (between, one):
        first = await one.run()
        before, mapped = await one.held(), mapping_of(between.url, str(first.generation))
        images = ids(one, gold(one))
        for image in images:
            one.sandbox.cloud.patch(gold(one).region, image, name="renamed")
        bad = key_of("huawei", gold(one).region, images[7], View.PUBLIC)
        met: list[object] = []

        def spoil(key: str, source: bytes) -> bytes:
            if key != bad:
                return source
            met.append(key)
            return orjson.dumps({**orjson.loads(source), **spoilt})

        between.spoil = spoil
        run = await one.run()
        assert met
        assert (run.exit, run.outcome, run.generation) == (4, Outcome.HELD, first.generation)
        assert run.reason == f"{bad} was refused by the index: HTTP 400 {kind}"
        for statuses in between.statuses:
            assert Counter(statuses)[400] == 1, "it alone"
            assert set(statuses) <= {400, 200, 201}, "the others of its request were taken"
        assert await one.held() == before
        assert mapping_of(between.url, str(first.generation)) == mapped

        between.spoil = as_it_is
        again = await one.run()
        assert (again.exit, again.outcome) == (0, Outcome.PUBLISHED)
        assert await one.held() == one.model()
        assert mapping_of(between.url, str(again.generation)) == mapped


def mapping_of(url: str, generation: str) -> Mapping[str, object]:
    """What an index maps, without what it says of itself."""
    told = entries(ask(f"{url}/{generation}/_mapping"), generation, "mappings")
    return {name: value for name, value in told.items() if name != "_meta"}

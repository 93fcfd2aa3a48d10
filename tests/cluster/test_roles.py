"""The two roles: everything works with them, nothing in them is too much, and search writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest

from engines.base import Companions, EngineError, EngineUnavailable
from engines.clock import Clock
from engines.generation import Generation
from engines.ledger import Keep
from engines.narrowed import Narrowed
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.lease import holding
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.ledger_indices import RUNS, SCOPES, index_body
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.reply import entries, part
from engines.opensearch.retire import GRACE
from engines.opensearch.roles import Role, roles
from engines.opensearch.writer import OpenSearchWriter, open_writer
from engines.query import FieldFacet, Query
from ims_catalog.check import Verdict
from ims_catalog.doctor import examine
from ims_catalog.sections.engine import Engine
from ims_catalog.settings import Settings
from mappings.document import store
from mappings.filter import EVERY, Condition, Operator
from mappings.schema import SCHEMA
from tests.cluster.authorising import Guard, guarded
from tests.cluster.conftest import Place
from tests.cluster.permission import Grant, Need, grants
from tests.contract.catalogue import ask, image
from tests.contract.engine import START, HandClock, expected
from tests.contract.test_ledger_changes import MEMORY, RUN, change

DOCUMENTS = [image(f"i{number}", platform="Ubuntu") for number in range(5)]
COMPANIONS = Companions(flavors=({"id": "s6.small", "cloud": "huawei", "region": "cn-north-4"},))


@dataclass(frozen=True, slots=True)
class Guarded:
    """A place behind the two roles, each with an address of its own."""

    prefix: str
    hand: HandClock
    indexer: str
    indexer_guard: Guard
    search: str
    search_guard: Guard

    @property
    def clock(self) -> Clock:
        """Moved by hand, while who waits for copies waits in earnest."""
        return replace(self.hand.clock, sleep=asyncio.sleep)


@asynccontextmanager
async def behind(place: Place, indexer: Role, search: Role) -> AsyncIterator[Guarded]:
    async with guarded(place.url, indexer) as (at, guard), guarded(place.url, search) as (search_at, other):
        yield Guarded(place.names.prefix, HandClock(), at, guard, search_at, other)


def both(place: Place) -> tuple[Role, Role]:
    given = roles(place.names.prefix)
    return given[f"{place.names.prefix}-indexer"], given[f"{place.names.prefix}-search"]


@asynccontextmanager
async def writing(there: Guarded) -> AsyncIterator[OpenSearchWriter]:
    writer = await open_writer(
        Cluster((there.indexer,)), prefix=there.prefix, clock=there.clock, holder="a test"
    )
    try:
        yield writer
    finally:
        await writer.close()


async def publish(there: Guarded, writer: OpenSearchWriter, term: int) -> str:
    name = Generation(there.prefix, SCHEMA, term, START, "5f2c9a").name
    build = await writer.begin(name, await writer.served())
    await build.add([store(document) for document in sorted(DOCUMENTS, key=lambda one: one.key)])
    await build.seal(COMPANIONS)
    await build.verify(expected(DOCUMENTS))
    await build.publish()
    return name


async def amend(there: Guarded, writer: OpenSearchWriter, term: int) -> str:
    """Publish a clone without one of the documents."""
    name = Generation(there.prefix, SCHEMA, term, START, "5f2c9a").name
    build = await writer.amend(name, str(await writer.served()))
    assert build is not None
    await build.remove([DOCUMENTS[-1].key])
    await build.add([store(DOCUMENTS[0])])
    await build.seal(COMPANIONS)
    await build.verify(expected(DOCUMENTS[:-1]))
    await build.publish()
    return name


async def everything_of_reindex(there: Guarded) -> list[str]:
    """Generations, one a clone, so many that the first is retired; one given up; documents; the ledger."""
    async with writing(there) as writer:
        names = []
        for term in (1, 2, 3):
            names.append(await publish(there, writer, term))
            there.hand.seconds += GRACE.total_seconds() + 1
        names.append(await amend(there, writer, 4))
        names += [await publish(there, writer, term) for term in (5, 6)]
        build = await writer.begin(Generation(there.prefix, SCHEMA, 9, START, "5f2c9b").name, names[-1])
        await build.discard()
        assert sum([len(batch) async for batch in writer.documents(names[-1])]) == len(DOCUMENTS)
        assert await writer.companions(names[-1]) == COMPANIONS
    await everything_of_the_ledger(there)
    return names


async def everything_of_the_ledger(there: Guarded) -> None:
    """Three runs with changes and memories, after one that died; the first of them is not kept."""
    ledger = OpenSearchLedger(Client(Cluster((there.indexer,))), Names(there.prefix))
    died = replace(RUN, run="dead00")
    await ledger.note(died.run, [change("ghost", died)])
    await ledger.intend(died, (MEMORY,))
    assert await ledger.intended() is not None
    await ledger.forget()
    for run in (RUN, replace(RUN, run="aaaaaa"), replace(RUN, run="bbbbbb")):
        await ledger.note(run.run, [change("a", run)])
        await ledger.record(run, (MEMORY,))
    await ledger.trim(Keep(runs=2, changes=2), START)
    await ledger.close()


async def a_ledger_of_an_earlier_version(place: Place) -> None:
    """Put its indices as a version made them that knew neither changes nor memories."""
    for index, properties, later in (
        (place.names.runs, RUNS, "memories"),
        (place.names.scopes, SCOPES, "remembered"),
    ):
        body = index_body({name: kind for name, kind in properties.items() if name != later})
        body["mappings"] = {**entries(body, "mappings"), "_meta": {"format": 1}}
        await place.client.request("PUT", quoted(index), body=orjson.dumps(body))


async def as_an_earlier_version_made_it(place: Place) -> None:
    """Put a lease index in the place of another that knows neither runs nor terms."""
    path = quoted(place.names.lease)
    made = part(await place.client.request("GET", path), place.names.lease, "mappings")
    assert isinstance(made, dict)
    fields = {name: made["properties"][name] for name in ("holder", "token", "since", "renewed", "beat")}
    await place.client.request("DELETE", path)
    body = {"mappings": {**made, "properties": fields}, "settings": {"index": {"hidden": True}}}
    await place.client.request("PUT", path, body=orjson.dumps(body))


async def everything_of_serve(there: Guarded, served: str, before: str) -> None:
    """Questions, records, companions and the ledger, of what is served and of what was."""
    readers = OpenSearchReaders(Cluster((there.search,)), prefix=there.prefix, clock=there.clock)
    try:
        reader = await readers.served()
        assert reader.generation == served
        # What the facet lifts makes it a search beside that of the hits.
        platform = Condition("platform", Operator.EXISTS)
        answer = await ask(reader, Query(filter=platform, facets=(FieldFacet("platform"),)))
        assert (answer.total, answer.facets["platform"].buckets[0].count) == (len(DOCUMENTS), len(DOCUMENTS))
        assert await reader.companions() == COMPANIONS
        assert (await ask(await readers.named(before), Query())).total == len(DOCUMENTS)
        raw = await reader.raw(Narrowed(Query(limit=1), EVERY))
        assert raw[0][1] == DOCUMENTS[0].raw
        assert readers.problem is None
    finally:
        await readers.close()
    client = Client(Cluster((there.search,)))
    found = await holding(client, Names(there.prefix))
    assert found is not None
    assert str(found).startswith("a test (since ")
    await client.close()
    ledger = OpenSearchLedger(Client(Cluster((there.search,))), Names(there.prefix))
    assert [run.run for run in await ledger.runs(5)] == ["bbbbbb", "aaaaaa"]
    assert await ledger.run("aaaaaa") is not None
    assert len(await ledger.scope_states()) == 2
    assert [one.run for one in await ledger.changes(0, 5)] == ["aaaaaa", "bbbbbb"]
    assert await ledger.removals("a") == ()
    await ledger.close()


async def test_everything_works_and_each_right_is_needed(place: Place) -> None:
    indexer, search = both(place)
    await a_ledger_of_an_earlier_version(place)
    async with behind(place, indexer, search) as there:
        names = await everything_of_reindex(there)
        await as_an_earlier_version_made_it(place)
        async with writing(there) as writer:
            assert await writer.term("20261124t061700z-5f2c9a") == 7
            await everything_of_serve(there, names[-1], names[-2])
        assert there.indexer_guard.refused == there.search_guard.refused == []
        assert set(all_grants(indexer)) - there.indexer_guard.needed == set()
        assert set(all_grants(search)) - there.search_guard.needed == set()
        assert {method for method, _ in there.search_guard.passed} == {"GET", "POST"}
        assert all(
            path.endswith(("/_search", "/_msearch"))
            for method, path in there.search_guard.passed
            if method == "POST"
        )


def all_grants(role: Role) -> Iterator[Grant]:
    yield from (Grant(-1, action) for action in role.cluster_permissions)
    for place, permission in enumerate(role.index_permissions):
        yield from (Grant(place, action) for action in permission.allowed_actions)


@pytest.mark.parametrize(
    "action",
    [
        "cluster:monitor/main",
        "cluster:monitor/health",
        "indices:data/write/bulk",
        "indices:admin/create",
        "indices:admin/aliases",
        "indices:admin/mappings/get",
        "indices:admin/block/add",
    ],
)
async def test_a_right_that_is_missing_is_named_and_nothing_is_published(place: Place, action: str) -> None:
    indexer, search = both(place)
    async with behind(place, without(indexer, action), search) as there:
        with pytest.raises(EngineError, match=r"has no right to .*doctor --roles") as raised:
            await everything_of_reindex(there)
        assert f"to {action} (HTTP 403)" in str(raised.value)
        readers = OpenSearchReaders(Cluster((there.search,)), prefix=there.prefix, clock=there.clock)
        with pytest.raises(EngineError):
            await readers.served()
        await readers.close()


@pytest.mark.parametrize("action", ["indices:admin/resize", "indices:monitor/stats"])
async def test_without_the_right_to_clone_generations_are_built_whole(place: Place, action: str) -> None:
    """Security plugins before 2.12 refuse a clone to everybody whose rights end at a pattern."""
    indexer, search = both(place)
    async with behind(place, without(indexer, action), search) as there, writing(there) as writer:
        name = await publish(there, writer, 1)
        next_name = Generation(there.prefix, SCHEMA, 2, START, "5f2c9a").name
        assert await writer.amend(next_name, name) is None
        assert await publish(there, writer, 2) == next_name


async def test_the_search_role_cannot_write(place: Place) -> None:
    _, search = both(place)
    async with behind(place, search, search) as there:
        with pytest.raises(EngineUnavailable, match="no right"):
            async with writing(there):
                pass
        ledger = OpenSearchLedger(Client(Cluster((there.search,))), Names(there.prefix))
        with pytest.raises(EngineUnavailable, match="no right"):
            await ledger.record(RUN)
        await ledger.close()
        assert {method for method, _ in there.search_guard.passed} <= {"GET"}


async def test_the_doctor_sees_what_the_rights_allow(place: Place, tmp_path: Path) -> None:
    async with behind(place, *both(place)) as there:
        await everything_of_reindex(there)
        for url in (there.indexer, there.search):
            engine = Engine(kind="opensearch", url=url, prefix=there.prefix, path=tmp_path)
            found = await examine(Settings(engine=engine), there.clock)
            verdicts = {check.name: check.verdict for check in found}
            assert [verdicts[name] for name in ("engine", "installation", "served")] == [Verdict.FINE] * 3
            assert verdicts["disk"] is verdicts["room"] is Verdict.UNSEEN
            assert Verdict.WRONG not in verdicts.values()


@pytest.mark.parametrize("role", [0, 1], ids=["indexer", "search"])
async def test_indices_of_others_are_out_of_reach(place: Place, role: int) -> None:
    await place.client.request("PUT", quoted(f"{place.names.prefix}-of-others"))
    async with guarded(place.url, both(place)[role]) as (url, guard):
        client = Client(Cluster((url,)))
        for path in ("/_all/_search", "/other/_search", "/*/_search", f"/{place.names.lease}x/_search"):
            with pytest.raises(EngineUnavailable, match="no right"):
                await client.request("POST", path, body=b"{}")
        await client.close()
        assert guard.passed == []


@pytest.mark.parametrize("role", ["indexer", "search"])
@pytest.mark.parametrize(
    ("prefix", "term", "reached"),
    [
        ("ims-catalog", 7, True),
        ("ims-catalog", 1_000_000, True),
        ("ims-catalog", 999_999_999, True),
        *((f"ims-catalog-{'platform'[:length]}", 7, False) for length in range(1, 9)),
        ("ims-catalog-platform", 999_999_999, False),
        ("ims-catalog-platform-1", 7, False),
        ("ims-catalog-plat-for", 7, False),
        ("ims-catalog-platform-000007", 7, False),
        ("ims-catalogs", 7, False),
    ],
)
def test_generations_of_longer_prefixes_are_out_of_reach(
    role: str, prefix: str, term: int, reached: bool
) -> None:
    name = Generation(prefix, SCHEMA, term, START, "5f2c9a").name
    given = roles("ims-catalog")[f"ims-catalog-{role}"]
    assert bool(grants(given, Need("indices:data/read/search", name), {})) is reached


def without(role: Role, action: str) -> Role:
    return replace(
        role,
        cluster_permissions=tuple(one for one in role.cluster_permissions if one != action),
        index_permissions=tuple(
            replace(
                permission, allowed_actions=tuple(one for one in permission.allowed_actions if one != action)
            )
            for permission in role.index_permissions
        ),
    )

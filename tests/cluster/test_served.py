"""What is served when the alias is not as publishing leaves it: readers go on and say why, writers refuse."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import pytest
from aiohttp import web

from engines.base import (
    DamagedGeneration,
    EngineError,
    EngineUnavailable,
    ForeignGeneration,
    GenerationGone,
    NothingServed,
)
from engines.opensearch.client import Cluster, quoted
from engines.opensearch.installation import installation
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.served import served
from engines.opensearch.writer import OpenSearchWriter, open_writer
from engines.query import Query
from mappings.schema import SCHEMA
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.cluster.severed import severable
from tests.cluster.test_loading_faults import named, whole, writing
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import Engine, HandClock, publish

OTHER = "00000000"


@dataclass
class Catalogue:
    """A place with a writer, and readers that live by the clock that is moved by hand."""

    place: Place
    engine: Engine
    writer: OpenSearchWriter
    readers: OpenSearchReaders

    async def publish(self, image_id: str) -> str:
        return await publish(self.engine, self.writer, [image(image_id)])

    async def aliases(self, *actions: tuple[str, str]) -> None:
        """Do with the alias what a person could do."""
        alias = self.place.names.served
        hidden = {"add": {"is_hidden": True}}
        body = {
            "actions": [
                {action: {"index": index, "alias": alias, **hidden.get(action, {})}}
                for action, index in actions
            ]
        }
        await self.place.client.request("POST", "/_aliases", body=orjson.dumps(body))

    async def looked(self) -> None:
        """Let the readers look once more, to the end."""
        self.engine.hand.move(1)
        await self.readers.served()
        taking = self.readers._taking
        assert taking is not None
        await taking

    async def meta(self, index: str, **changes: object) -> None:
        """Change what an index says of itself."""
        reply = await self.place.client.request("GET", quoted(index, "_mapping"))
        assert isinstance(reply, dict)
        meta = {**reply[index]["mappings"]["_meta"], **changes}
        await self.place.client.request("PUT", quoted(index, "_mapping"), body=orjson.dumps({"_meta": meta}))


@pytest.fixture
async def catalogue(place: Place) -> AsyncIterator[Catalogue]:
    async with opened(place, place.url) as one:
        yield one


@asynccontextmanager
async def opened(place: Place, url: str) -> AsyncIterator[Catalogue]:
    hand, cluster, prefix = HandClock(), Cluster((url,)), place.names.prefix
    writer = await open_writer(cluster, prefix=prefix, clock=hand.clock, replicas=0)
    readers = OpenSearchReaders(cluster, prefix=prefix, clock=hand.clock)

    async def this_writer() -> OpenSearchWriter:
        return writer

    engine = Engine(
        this_writer, lambda _: readers, lambda: OpenSearchLedger(place.client, place.names), hand, prefix
    )
    try:
        yield Catalogue(place, engine, writer, readers)
    finally:
        await readers.close()
        await writer.close()


Spoil = Callable[[Catalogue, str], Awaitable[None]]


async def alias_gone(one: Catalogue, served: str) -> None:
    await one.aliases(("remove", served))


async def alias_twice(one: Catalogue, served: str) -> None:
    del served
    await one.aliases(("add", one.place.names.lease))


async def alias_elsewhere(one: Catalogue, served: str) -> None:
    index = f"{one.place.names.prefix}-notes"
    await one.place.client.request("PUT", quoted(index), body=b"{}")
    await one.aliases(("remove", served), ("add", index))


async def another_installation(one: Catalogue, served: str) -> None:
    await one.meta(served, installation="0" * 32)


async def a_newer_format(one: Catalogue, served: str) -> None:
    await one.meta(served, format=2)


SPOILT = [
    pytest.param(alias_gone, DamagedGeneration, "is gone", id="the alias is gone"),
    pytest.param(alias_twice, DamagedGeneration, "on several indices", id="the alias is on two indices"),
    pytest.param(alias_elsewhere, ForeignGeneration, "not a generation of", id="on something else"),
    pytest.param(another_installation, ForeignGeneration, "another installation", id="of another"),
    pytest.param(a_newer_format, ForeignGeneration, "format 2", id="of a newer version"),
]


@pytest.mark.parametrize(("spoil", "failure", "said"), SPOILT)
async def test_what_was_read_before_goes_on_and_the_problem_is_told(
    catalogue: Catalogue, spoil: Spoil, failure: type[EngineError], said: str
) -> None:
    first = await catalogue.publish("a")
    assert (await catalogue.readers.served()).generation == first
    await spoil(catalogue, first)
    await catalogue.looked()
    assert said in str(catalogue.readers.problem)
    assert ids(await ask(await catalogue.readers.served(), Query())) == ["a"]
    with pytest.raises(failure, match=said):
        await catalogue.writer.served()


@pytest.mark.parametrize(("spoil", "failure", "said"), SPOILT)
async def test_before_anything_was_read_it_is_refused(
    catalogue: Catalogue, spoil: Spoil, failure: type[EngineError], said: str
) -> None:
    await spoil(catalogue, await catalogue.publish("a"))
    with pytest.raises(failure, match=said):
        await catalogue.readers.served()


async def test_a_problem_passes_when_all_is_well_again(catalogue: Catalogue) -> None:
    first = await catalogue.publish("a")
    await catalogue.readers.served()
    await catalogue.aliases(("remove", first))
    await catalogue.looked()
    assert catalogue.readers.problem is not None
    await catalogue.aliases(("add", first))
    await catalogue.looked()
    assert catalogue.readers.problem is None


async def test_another_schema_is_not_read_but_can_be_planned_on(catalogue: Catalogue) -> None:
    generation = await catalogue.publish("a")
    other = generation.replace(SCHEMA, OTHER)
    await catalogue.place.client.request(
        "PUT", quoted(generation, "_clone", other), body=b'{"settings":{"index.number_of_replicas":0}}'
    )
    await catalogue.meta(other, generation=other, schema=OTHER)
    await catalogue.aliases(("remove", generation), ("add", other))
    with pytest.raises(ForeignGeneration, match="reindex"):
        await catalogue.readers.served()
    assert await catalogue.writer.served() == other
    streamed = [stored.key async for page in catalogue.writer.documents(other) for stored in page]
    assert streamed == ["huawei/cn-north-4/a/public"]
    catalogue.engine.term = 1
    second = await catalogue.publish("b")
    catalogue.engine.hand.move(1)
    assert (await catalogue.readers.served()).generation == second


async def test_a_generation_that_lost_documents_is_not_streamed_as_if_it_were_whole(
    catalogue: Catalogue,
) -> None:
    generation = await catalogue.publish("a")
    sealed = {"documents": 2, "companions": 0, "distinct": {}, "derived": []}
    await catalogue.meta(generation, sealed=sealed)
    with pytest.raises(DamagedGeneration, match="1 documents instead of 2"):
        [_ async for _ in catalogue.writer.documents(generation)]


async def test_what_was_never_published_is_not_named(catalogue: Catalogue) -> None:
    generation = await catalogue.publish("a")
    await catalogue.meta(generation, published=None)
    with pytest.raises(GenerationGone):
        await catalogue.readers.named(generation)


async def test_what_reads_makes_nothing(place: Place) -> None:
    readers = OpenSearchReaders(Cluster((place.url,)), prefix=place.names.prefix, clock=HandClock().clock)
    with pytest.raises(NothingServed):
        await readers.served()
    assert readers.problem is None
    await readers.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        await readers.served()
    reply = await place.client.request(
        "GET", quoted(place.names.all, "_mapping"), params={"expand_wildcards": "all"}
    )
    assert reply == {}


@pytest.mark.parametrize("published", [False, True], ids=["made", "made and published to"])
async def test_an_installation_that_is_made_while_it_is_looked_for_is_no_damage(
    place: Place, *, published: bool
) -> None:
    """The first writer comes between the two looks of a reader."""
    looks: list[str] = []

    async def before(request: web.Request) -> None:
        looks.append(request.path)
        if len(looks) == 2:
            await installation(place.client, place.names, create=True)
            if published:
                async with writing(place) as writer:
                    await whole([image("a")], writer, named(place))

    async with passing(place.url, before) as url, place.another_client(url) as client:
        found = await served(client, place.names)
    assert (None if found is None else found.generation) == (named(place) if published else None)
    assert len(looks) >= 2


async def test_a_cluster_that_is_away_for_a_while(place: Place) -> None:
    async with severable(place.url) as line, opened(place, line.url) as catalogue:
        await line.cut()
        with pytest.raises(EngineUnavailable, match="no connection could be made"):
            await catalogue.readers.served()
        await line.mend()
        first = await catalogue.publish("a")
        catalogue.engine.hand.move(1)
        reader = await catalogue.readers.served()
        assert reader.generation == first
        await line.cut()
        with pytest.raises(EngineUnavailable):
            await ask(reader, Query())
        await catalogue.looked()
        assert "no connection" in (catalogue.readers.problem or "")
        await line.mend()
        assert ids(await ask(reader, Query())) == ["a"]
        await catalogue.looked()
        assert catalogue.readers.problem is None

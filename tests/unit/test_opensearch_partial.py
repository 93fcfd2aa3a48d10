"""Answers that are not whole, or came too late, are no answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engines.base import EngineError, EngineTimeout, EngineUnavailable
from engines.narrowed import Narrowed
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.meta import Meta, Sealed
from engines.opensearch.names import Names
from engines.opensearch.reader import OpenSearchReader
from engines.opensearch.searches import searches
from engines.query import Query
from mappings.filter import EVERY
from mappings.schema import SCHEMA


def answer(failed: int, *, late: bool) -> dict[str, object]:
    return {
        "timed_out": late,
        "_shards": {"total": 2, "failed": failed},
        "hits": {"total": {"value": 0}, "hits": []},
    }


@asynccontextmanager
async def answered(reply: dict[str, object]) -> AsyncIterator[Client]:
    async def handle(request: web.Request) -> web.Response:
        several = request.path.endswith("/_msearch")
        return web.json_response({"responses": [reply, reply]} if several else reply)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(application) as server:
        client = Client(Cluster((str(server.make_url("")),)))
        try:
            yield client
        finally:
            await client.close()


async def one(client: Client) -> object:
    return await searches(client, "g", [{}])


async def several(client: Client) -> object:
    return await searches(client, "g", [{}, {}])


async def question(client: Client) -> object:
    meta = Meta("i", "g", SCHEMA, Sealed(0, 0, {}, frozenset()))
    return await OpenSearchReader(client, meta, lambda _, error: error).search(Narrowed(Query(), EVERY))


async def ledger(client: Client) -> object:
    return await OpenSearchLedger(client, Names("p")).revision()


Asking = Callable[[Client], Awaitable[object]]


@pytest.mark.parametrize(
    ("ask", "reply", "failure"),
    [
        pytest.param(one, answer(1, late=False), EngineUnavailable, id="a shard of one search failed"),
        pytest.param(several, answer(1, late=False), EngineUnavailable, id="a shard of several failed"),
        pytest.param(question, answer(1, late=False), EngineUnavailable, id="a shard of a question failed"),
        pytest.param(question, answer(0, late=True), EngineTimeout, id="a question came to its time"),
        pytest.param(ledger, answer(1, late=False), EngineUnavailable, id="a shard of the ledger failed"),
        pytest.param(ledger, answer(0, late=True), EngineUnavailable, id="the ledger came to its time"),
    ],
)
async def test_case_33_what_is_not_whole_is_refused(
    ask: Asking, reply: dict[str, object], failure: type[EngineError]
) -> None:
    async with answered(reply) as client:
        with pytest.raises(failure):
            await ask(client)


@pytest.mark.parametrize("ask", [one, several, question, ledger])
async def test_what_is_whole_is_taken(ask: Asking) -> None:
    async with answered(answer(0, late=False)) as client:
        await ask(client)

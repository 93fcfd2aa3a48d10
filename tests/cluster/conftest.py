"""A place of its own on a real OpenSearch for each test, emptied afterwards."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.names import Names
from engines.opensearch.reply import entries


@dataclass(frozen=True, slots=True)
class Place:
    """A prefix on a cluster, and a client with all rights there."""

    url: str
    names: Names
    client: Client

    @asynccontextmanager
    async def another_client(self, url: str | None = None) -> AsyncIterator[Client]:
        client = Client(Cluster((url or self.url,)))
        try:
            yield client
        finally:
            await client.close()


@pytest.fixture
async def place(opensearch_url: str) -> AsyncIterator[Place]:
    names = Names(f"t{secrets.token_hex(5)}")
    client = Client(Cluster((opensearch_url,)))
    try:
        yield Place(opensearch_url, names, client)
    finally:
        await remove(client, names)
        await client.close()


async def remove(client: Client, names: Names) -> None:
    """Delete all indices of a prefix, each by its name: patterns may be forbidden."""
    path = quoted(names.all, "_settings", "index.uuid")
    for index in entries(await client.request("GET", path, params={"expand_wildcards": "all"})):
        await client.request("DELETE", quoted(index))

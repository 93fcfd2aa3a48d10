"""A catalogue beside the cloud: crawled as in production, asked as the API asks for its callers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from pydantic import SecretStr

from engines.clock import system_clock
from engines.embedded.ledger import open_ledger
from engines.embedded.readers import EmbeddedReaders
from engines.embedded.writer import open_writer
from engines.ledger import Run
from engines.query import Query
from indexer.limits import Limits
from indexer.run import reindex
from indexer.setup import Setup
from indexer.sources.credential import Credential, Password
from indexer.sources.source import Source
from mappings.scope import CloudKind, ImageType
from search_api.access import narrow
from search_api.caller import Caller
from tests.faults.installation import Silent
from tests.openstack.stack import Project, Stack

LIMITS = Limits(requests_per_second=1000.0, concurrency=2, first_wait=0.01, longest_wait=0.1)


def source_of(stack: Stack, *projects: Project, credential: Credential | None = None) -> Source:
    """A source that lists the projects, logged in as the user of the first."""
    first = projects[0]
    password = Password(first.user, "Default", SecretStr(first.password), unscoped=True)
    return Source(
        name="home",
        kind=CloudKind.GLANCE,
        cloud="openstack",
        regions=("home",),
        endpoint=stack.glance,
        identity_endpoint=stack.keystone,
        credential=credential or password,
        projects=tuple(project.id for project in projects),
        image_types=(ImageType.GOLD, ImageType.PRIVATE, ImageType.SHARED),
    )


def with_community(source: Source) -> Source:
    """The source as the setting `community` makes it."""
    return replace(source, community=True, image_types=(*source.image_types, ImageType.MARKET))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is published, and the way to publish more."""

    setup: Setup

    async def run(self, source: Source) -> Run:
        """Reindex."""
        return await reindex(self.setup, (source,), LIMITS)

    async def bodies(self, *projects: str) -> list[dict[str, object]]:
        """The images that a caller with these projects is shown, twice if they are shown twice."""
        readers = EmbeddedReaders(self.setup.folder, self.setup.clock)
        try:
            reader = await readers.served()
            answer = await reader.search(narrow(Query(limit=1000), Caller(frozenset(projects))))
            return [orjson.loads(hit.body) for hit in answer.hits]
        finally:
            await readers.close()

    async def raw(self, *projects: str) -> list[bytes]:
        """The records of these images, as they are kept."""
        readers = EmbeddedReaders(self.setup.folder, self.setup.clock)
        try:
            reader = await readers.served()
            found = await reader.raw(narrow(Query(limit=1000), Caller(frozenset(projects))))
            return [record for _, record in found]
        finally:
            await readers.close()

    async def names(self, *projects: str) -> list[str]:
        """The names of these images, in order."""
        return sorted(str(body["name"]) for body in await self.bodies(*projects))


@asynccontextmanager
async def catalogue_in(folder: Path) -> AsyncIterator[Catalogue]:
    """Open an empty catalogue."""
    clock = system_clock()
    writer = open_writer(folder, clock=clock)
    ledger = open_ledger(folder)
    try:
        yield Catalogue(Setup(writer=writer, ledger=ledger, progress=Silent(), clock=clock, folder=folder))
    finally:
        await ledger.close()
        await writer.close()

"""A crawl of a sandbox cloud on its own, without a catalogue behind it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from engines.clock import Clock, system_clock
from ims_catalog.sandbox.server import Sandbox
from indexer.companions import Known
from indexer.crawl import Crawl, Crawled, crawling
from indexer.limits import Limits
from indexer.listing import Listed
from indexer.sources.credential import AccessKey
from indexer.sources.source import Source
from indexer.spool import Spool, open_spool
from mappings.document import key_parts
from tests.faults.installation import LIMITS, Silent

NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Brought:
    """What a crawl brought: how scopes ended, by id, and the ids of the images in the spool, by scope."""

    crawled: Crawled
    images: Mapping[str, AbstractSet[str]]

    def ended(self, scope: str) -> Listed:
        """How listing a scope ended."""
        return next(one for one in self.crawled.scopes if one.scope.id == scope)


def account(sandbox: Sandbox) -> Source:
    """The whole account of a sandbox."""
    return Source(
        name="prod",
        cloud="huawei",
        regions=sandbox.regions,
        endpoint=sandbox.ims_endpoint,
        ecs_endpoint=sandbox.ecs_endpoint,
        identity_endpoint=sandbox.identity_endpoint,
        credential=AccessKey(SecretStr(sandbox.access_key), SecretStr(sandbox.secret_key)),
    )


@asynccontextmanager
async def open_crawl(
    sources: Sequence[Source],
    folder: Path,
    *,
    limits: Limits = LIMITS,
    only: AbstractSet[str] | None = None,
    known: Known = NOTHING_KNOWN,
    clock: Clock | None = None,
) -> AsyncIterator[tuple[Crawl, Spool]]:
    """Begin a crawl with a spool in a folder."""
    with open_spool(folder) as spool:
        async with crawling(
            sources,
            spool,
            limits=limits,
            progress=Silent(),
            clock=clock or system_clock(),
            expected={},
            only=only,
            known=known,
        ) as crawl:
            yield crawl, spool


async def brought(
    sources: Sequence[Source],
    folder: Path,
    *,
    limits: Limits = LIMITS,
    only: AbstractSet[str] | None = None,
    known: Known = NOTHING_KNOWN,
    clock: Clock | None = None,
) -> Brought:
    """Crawl, and give what that brought."""
    async with open_crawl(sources, folder, limits=limits, only=only, known=known, clock=clock) as (
        crawl,
        spool,
    ):
        crawled = await crawl.listed()
        images: defaultdict[str, set[str]] = defaultdict(set)
        for entry in spool.entries():
            images[entry.scope].add(key_parts(entry.stored.key)[2])
    return Brought(crawled, images)

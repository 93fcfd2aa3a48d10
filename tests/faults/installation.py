"""An installation under test: the sandbox cloud, a real catalogue, and the model that it must equal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from engines.base import Writer
from engines.clock import Clock, system_clock
from engines.embedded.ledger import open_ledger
from engines.embedded.writer import open_writer
from engines.ledger import Keep, Ledger, Run, ScopeState
from engines.opensearch.bulk import Loading
from engines.opensearch.client import Client, Cluster
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.writer import open_writer as open_opensearch_writer
from ims_catalog.sandbox.estate import Listing
from ims_catalog.sandbox.server import Sandbox
from indexer.choice import EVERYTHING, Choice
from indexer.gate import GateLimits
from indexer.limits import Limits
from indexer.run import reindex
from indexer.setup import Setup
from indexer.sources.credential import AccessKey
from indexer.sources.source import Source
from mappings.document import Document, key_of, restore
from mappings.scope import View
from tests.contract.engine import prefix_of, remove_from_cluster
from tests.opensearch.shared import required_url

LIMITS = Limits(
    request_timeout=5.0,
    requests_per_second=1000.0,
    first_wait=0.001,
    longest_wait=0.002,
    attempts=3,
    probe_every=0.002,
    longest_outage=0.02,
)
VIEWS = {"gold": View.PUBLIC, "market": View.PUBLIC, "private": View.OWN, "shared": View.SHARED}


class Silent:
    """Progress that nobody looks at."""

    def begun(self, scope: str, expected: int | None) -> None: ...
    def listed(self, scope: str, images: int) -> None: ...
    def ended(self, scope: str, reason: str | None) -> None: ...
    def compared(self, documents: int) -> None: ...
    def asked(self, answered: int, images: int) -> None: ...
    def built(self, documents: int) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Modelled:
    """What the catalogue must know of one key."""

    name: object
    scopes: frozenset[str]
    visible_to: frozenset[str]


@dataclass(frozen=True, slots=True)
class Installation:
    """What runs, and what is asked of it."""

    sandbox: Sandbox
    folder: Path
    writer: Writer
    ledger: Ledger
    clock: Clock
    gate: GateLimits = field(default_factory=GateLimits)
    keep: Keep = field(default_factory=Keep)
    prefix: str = "ims-catalog"

    @property
    def source(self) -> Source:
        """The whole account."""
        return Source(
            name="prod",
            cloud="huawei",
            regions=self.sandbox.regions,
            endpoint=self.sandbox.ims_endpoint,
            ecs_endpoint=self.sandbox.ecs_endpoint,
            identity_endpoint=self.sandbox.identity_endpoint,
            credential=AccessKey(SecretStr(self.sandbox.access_key), SecretStr(self.sandbox.secret_key)),
        )

    @property
    def setup(self) -> Setup:
        """What its runs work with."""
        return Setup(
            writer=self.writer,
            ledger=self.ledger,
            progress=Silent(),
            clock=self.clock,
            folder=self.folder,
            prefix=self.prefix,
            gate=self.gate,
            keep=self.keep,
        )

    async def run(self, *sources: Source, limits: Limits = LIMITS, choice: Choice = EVERYTHING) -> Run:
        """Reindex, the whole account if no source is named."""
        return await reindex(self.setup, sources or (self.source,), limits, choice)

    async def documents(self) -> dict[str, Document]:
        """All documents being served, by key."""
        served = await self.writer.served()
        if served is None:
            return {}
        return {
            stored.key: restore(stored) async for batch in self.writer.documents(served) for stored in batch
        }

    async def held(self) -> dict[str, Modelled]:
        """What the catalogue knows, in the form of the model."""
        return {
            key: Modelled(
                document.fields.get("name"),
                frozenset(document.scopes),
                frozenset(document.many("visible_to")),
            )
            for key, document in (await self.documents()).items()
        }

    def model(self, source: str = "prod") -> dict[str, Modelled]:
        """What the cloud lists at this moment."""
        found: dict[str, Modelled] = {}
        for listing in self.sandbox.cloud.estate.listings():
            scope = scope_id(listing, source)
            grants = frozenset(() if listing.project is None else (listing.project,))
            for record in self.sandbox.cloud.records(listing):
                key = key_of("huawei", listing.region, str(record["id"]), VIEWS[listing.image_type])
                before = found.get(key, Modelled(record["name"], frozenset(), frozenset()))
                found[key] = replace(
                    before, scopes=before.scopes | {scope}, visible_to=before.visible_to | grants
                )
        return found

    async def states(self) -> dict[str, ScopeState]:
        """Where the scopes stand, by id."""
        return dict(await self.ledger.scope_states())


def scope_id(listing: Listing, source: str = "prod") -> str:
    """The id of the scope that lists this listing."""
    status = listing.member_status if listing.image_type == "shared" else None
    parts = (source, listing.region, listing.project, listing.image_type, status)
    return "/".join(part for part in parts if part)


@asynccontextmanager
async def installed(sandbox: Sandbox, folder: Path) -> AsyncIterator[Installation]:
    """Open a catalogue in a folder."""
    clock = system_clock()
    writer = open_writer(folder, clock=clock)
    ledger = open_ledger(folder)
    try:
        yield Installation(sandbox, folder, writer, ledger, clock)
    finally:
        await ledger.close()
        await writer.close()


@asynccontextmanager
async def cluster_place(folder: Path) -> AsyncIterator[str]:
    """Give the address of the cluster; what is made there for a folder is removed in the end."""
    try:
        yield required_url()
    finally:
        remove_from_cluster(prefix_of(folder))


@asynccontextmanager
async def installed_on(
    url: str, sandbox: Sandbox, folder: Path, loading: Loading | None = None
) -> AsyncIterator[Installation]:
    """Open the catalogue on a cluster that belongs to a folder; `url` may lead there through a proxy."""
    clock, prefix, cluster = system_clock(), prefix_of(folder), Cluster((url,))
    writer = await open_opensearch_writer(cluster, prefix=prefix, clock=clock, replicas=0, loading=loading)
    ledger = OpenSearchLedger(Client(cluster), Names(prefix))
    try:
        yield Installation(sandbox, folder, writer, ledger, clock, prefix=prefix)
    finally:
        await ledger.close()
        await writer.close()

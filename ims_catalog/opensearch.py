"""The OpenSearch engine as the settings want it. Loaded by `compose` only where it was chosen."""

from collections.abc import Callable

from engines.base import EngineUnavailable
from engines.clock import Clock
from engines.holding import Holding, this_process
from engines.opensearch.client import Client, Cluster
from engines.opensearch.lease import holding
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.names import Names
from engines.opensearch.readers import OpenSearchReaders
from engines.opensearch.transport import trusting
from engines.opensearch.writer import OpenSearchWriter
from engines.opensearch.writer import open_writer as open_opensearch_writer
from ims_catalog.configuration import ConfigurationError
from ims_catalog.secrets import read_secret
from ims_catalog.sections.engine import Engine


async def open_writer(engine: Engine, clock: Clock, waiting: Callable[[str], None]) -> OpenSearchWriter:
    """Take the right to write. Raises ConfigurationError, WriterBusy, EngineUnavailable."""
    return await open_opensearch_writer(
        cluster(engine),
        prefix=engine.prefix,
        clock=clock,
        shards=engine.shards,
        replicas=engine.replicas,
        holder=this_process(),
        waiting=waiting,
    )


def open_readers(engine: Engine, clock: Clock) -> OpenSearchReaders:
    """Open the catalogue for answers. Raises ConfigurationError."""
    return OpenSearchReaders(cluster(engine), prefix=engine.prefix, clock=clock)


def open_ledger(engine: Engine) -> OpenSearchLedger:
    """Open the ledger. Raises ConfigurationError."""
    return OpenSearchLedger(Client(cluster(engine), connections=4), Names(engine.prefix))


async def who_writes(engine: Engine) -> Holding | None:
    """Tell who has the right to write, or had it when it died. Raises ConfigurationError, EngineError."""
    client = Client(cluster(engine), connections=1)
    try:
        return await holding(client, Names(engine.prefix))
    finally:
        await client.close()


def cluster(engine: Engine) -> Cluster:
    """Say where the cluster is and how it is asked. Raises ConfigurationError for what cannot be read."""
    if engine.ca_file is not None:
        try:
            trusting(engine.ca_file)
        except EngineUnavailable as error:
            raise ConfigurationError(f"engine.{error}") from None
    password = None
    if engine.username is not None:
        password = read_secret(
            engine.password_env, engine.password_file, "password of OpenSearch", any_script=True
        )
    return Cluster(
        urls=engine.urls,
        ca_file=engine.ca_file,
        username=engine.username,
        password=password,
        timeout=engine.timeout,
    )

"""The embedded engine as the settings want it. Loaded by `compose` only where it was chosen and is used."""

from collections.abc import Callable

from engines.base import NothingServed
from engines.clock import Clock
from engines.embedded.holder import holding
from engines.embedded.ledger import EmbeddedLedger
from engines.embedded.ledger import open_ledger as open_embedded_ledger
from engines.embedded.readers import EmbeddedReaders
from engines.embedded.writer import EmbeddedWriter
from engines.embedded.writer import open_writer as open_embedded_writer
from engines.holding import Holding
from ims_catalog.sections.engine import Engine


async def open_writer(engine: Engine, clock: Clock, waiting: Callable[[str], None]) -> EmbeddedWriter:
    """Take the right to write; who has it is not waited for. Raises WriterBusy, EngineUnavailable."""
    del waiting
    return open_embedded_writer(engine.path, prefix=engine.prefix, clock=clock)


def open_readers(engine: Engine, clock: Clock) -> EmbeddedReaders:
    """Open the catalogue for answers."""
    return EmbeddedReaders(engine.path, clock)


def open_ledger(engine: Engine) -> EmbeddedLedger:
    """Open the ledger. Raises NothingServed where there is no catalogue at all."""
    if not engine.path.is_dir():
        raise NothingServed(f"there is no catalogue in {engine.path} yet: ims-catalog reindex makes one")
    return open_embedded_ledger(engine.path)


async def who_writes(engine: Engine) -> Holding | None:
    """Tell who has the right to write, None if nobody. Raises EngineUnavailable."""
    return holding(engine.path)

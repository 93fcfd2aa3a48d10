"""`Setup`: what a run works with."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from engines.base import Writer
from engines.clock import Clock
from engines.ledger import Keep, Ledger
from indexer.gate import GateLimits
from indexer.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a run works with.

    `folder` is where the spool may grow; `prefix` begins the name of a new generation. What is shared goes on
    being seen for `max_carry` while nobody can confirm it.
    """

    writer: Writer
    ledger: Ledger
    progress: Progress
    clock: Clock
    folder: Path
    prefix: str = "ims-catalog"
    gate: GateLimits = field(default_factory=GateLimits)
    keep: Keep = field(default_factory=Keep)
    max_carry: timedelta = timedelta(hours=24)

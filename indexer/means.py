"""`Means`: what all parts of a crawl share."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import aiohttp

from engines.clock import Clock
from indexer.companions import Known
from indexer.deadline import Deadline
from indexer.limits import Limits
from indexer.progress import Progress
from indexer.sources.lane import Lanes
from indexer.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all parts of a crawl share. `turns` bounds how many scopes of an endpoint are listed at once."""

    session: aiohttp.ClientSession
    spool: Spool
    limits: Limits
    progress: Progress
    clock: Clock
    deadline: Deadline
    expected: Mapping[str, int]
    only: AbstractSet[str] | None
    known: Known
    lanes: Lanes
    turns: defaultdict[str, asyncio.Semaphore]

    def reaches(self, source: str) -> bool:
        """Tell whether anything of a source is to be listed in this run."""
        return self.only is None or any(one.split("/")[0] == source for one in self.only)

    def due(self, scope: str) -> bool:
        """Tell whether a scope is to be listed in this run."""
        if self.only is None or scope in self.only:
            return True
        return any(one.endswith("/") and scope.startswith(one) for one in self.only)

"""`OpenSearchBuild`: one generation from its first document to its publish."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from engines.base import Companions, Expected
from engines.clock import Clock
from engines.opensearch.bulk import Bulk, Loading
from engines.opensearch.client import Client
from engines.opensearch.creation import (
    block_writes,
    check_same,
    delete_index,
    refresh,
    replicate,
    write_meta,
)
from engines.opensearch.entry import entry
from engines.opensearch.meta import Meta
from engines.opensearch.sealing import COUNT_SECONDS, read_sealed
from engines.opensearch.stored import piece_id, pieces
from engines.opensearch.verify import Added, Amended, verify, verify_amended
from mappings.document import Stored

Publish = Callable[["OpenSearchBuild"], Awaitable[None]]
"""Moves the alias to the index of a build. Raises Superseded, EngineUnavailable."""

IsServed = Callable[[str], Awaitable[bool]]
"""Tells whether the alias is on an index."""

_TURN = 100
"""Documents that are written at once, before others have their turn."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Steps:
    """What the writer does for its builds."""

    publish: Publish
    is_served: IsServed


class OpenSearchBuild:
    """Implements `engines.base.Build`: add, seal, verify, publish, in this order; or discard.

    Its index must have been created; `uuid` is that of the index. One that is a clone of `source` is an
    `engines.base.Amendment`.
    """

    def __init__(
        self,
        client: Client,
        meta: Meta,
        planned_on: str | None,
        *,
        uuid: str,
        steps: Steps,
        replicas: int | None,
        loading: Loading,
        clock: Clock,
        source: Meta | None = None,
    ) -> None:
        self.planned_on = planned_on
        self.meta = meta
        self.ended = False
        self.given_up = False
        self.in_doubt = False
        """The alias was asked for, and whether it comes is not known: the index must stay."""
        self._client = client
        self._uuid = uuid
        self._steps = steps
        self._replicas = replicas
        self._clock = clock
        self._bulk = Bulk(client, meta.generation, clock, loading)
        self._added = Added()
        self._source = source
        self._amended = None if source is None else Amended(source.generation, self._added)
        self._last_key = ""
        self._verified = False
        self._publishing: asyncio.Task[None] | None = None

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self.meta.generation

    async def add(self, documents: Sequence[Stored]) -> None:
        """Add documents; waits while as many are on their way as may be.

        Raises ValueError for keys that do not ascend and for values of another kind than their field's,
        GenerationRejected for a document that the index refuses, EngineUnavailable or EngineTimeout.
        """
        for each in documents:
            if each.key <= self._last_key:
                raise ValueError(f"keys must ascend: {each.key!r} came after {self._last_key!r}")
            self._last_key = each.key
        for start in range(0, len(documents), _TURN):
            turn = documents[start : start + _TURN]
            await self._bulk.add((each.key, entry(each)) for each in turn)
            self._added.count(turn)
            if self._amended is not None:
                self._amended.written.update(each.key for each in turn)
            await asyncio.sleep(0)

    async def remove(self, keys: Sequence[str]) -> None:
        """Take documents out of what was cloned. Raises as `add` does, ValueError where nothing was."""
        if self._amended is None:
            raise ValueError(f"{self.generation} is built whole")
        self._amended.removed.update(keys)
        await self._bulk.remove(keys)

    async def seal(self, companions: Companions) -> None:
        """Finish the generation: all is in the index, which takes no more and knows what it holds.

        Raises as `add` does, and EngineUnavailable where another hand deleted the index meanwhile.
        """
        given = list(pieces(companions))
        await self._bulk.add(given)
        if self._source is not None and self._source.sealed is not None:
            before = self._source.sealed.companions
            await self._bulk.remove(piece_id(number) for number in range(len(given), before))
        await self._bulk.finish()
        await check_same(self._client, self.generation, self._uuid)
        await block_writes(self._client, self.generation)
        await refresh(self._client, self.generation, COUNT_SECONDS)
        sealed = await read_sealed(self._client, self.generation)
        meta = replace(self.meta, sealed=sealed)
        await write_meta(self._client, meta)
        self.meta = meta

    async def verify(self, expected: Expected) -> None:
        """Compare the index with the plan, and wait until it has its copies. Raises GenerationRejected."""
        sealed = self.meta.sealed
        if sealed is None:
            raise ValueError(f"{self.generation} has not been sealed")
        await check_same(self._client, self.generation, self._uuid)
        if self._amended is None:
            await verify(self._client, self.generation, sealed, self._added, expected)
        else:
            await verify_amended(self._client, self.generation, sealed, self._amended, expected)
        await replicate(self._client, self.generation, self._replicas, self._clock)
        self._verified = True

    async def publish(self) -> None:
        """Serve it, if the served generation is still the one it was planned on. Raises Superseded."""
        if self.meta.sealed is None:
            raise ValueError(f"{self.generation} has not been sealed")
        if not self._verified:
            raise ValueError(f"{self.generation} has not been verified")
        # Once begun it ends, whether or not somebody still waits: `discard` must know how it ended.
        self._publishing = asyncio.create_task(self._publish())
        await asyncio.shield(self._publishing)

    async def discard(self) -> None:
        """Remove every trace of it; does nothing once published. What cannot be removed now, the next build
        removes; what may still come to be served goes when it is retired.
        """
        self.given_up = True
        await self.close()
        if self.ended:
            return
        if await self._steps.is_served(self.generation):
            self.ended = True
            return
        if self.in_doubt:
            _LOG.warning("%s is not deleted: the cluster may still come to serve it", self.generation)
            self.ended = True
            return
        await delete_index(self._client, self.generation)
        self.ended = True

    async def close(self) -> None:
        """Let go of what is on its way; the index stays."""
        await self._bulk.abort()
        if self._publishing is not None:
            await asyncio.gather(self._publishing, return_exceptions=True)

    async def _publish(self) -> None:
        await self._steps.publish(self)
        self.ended = True

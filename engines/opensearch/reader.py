"""`OpenSearchReader`: answers from one generation, whose index it asks by name."""

import asyncio
import math
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from engines.base import Companions, EngineError, EngineTimeout, GenerationGone
from engines.narrowed import Narrowed
from engines.opensearch.asking import raw, search
from engines.opensearch.client import Client
from engines.opensearch.meta import Meta
from engines.opensearch.reply import part
from engines.opensearch.response import Bodies
from engines.opensearch.searches import searches
from engines.opensearch.stored import companions
from engines.query import Answer

MARGIN_SECONDS = 1.0
"""The cluster stops by itself; the client waits so much longer, for the answer to travel."""

_Asked = TypeVar("_Asked")


class OpenSearchReader:
    """Implements `engines.base.Reader`. `lost` is told when the index turns out to be gone or closed, and
    says what that is for who asked.
    """

    def __init__(
        self, client: Client, meta: Meta, lost: Callable[[str, GenerationGone], EngineError]
    ) -> None:
        self._client = client
        self._lost = lost
        self._known = meta.known()
        self._meta = meta

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._known.generation

    async def search(self, query: Narrowed) -> Answer:
        """Answer a query, however many requests it takes, within the time that one request has.

        Raises UnknownField, ValueError or TypeError for what cannot be asked, TooCostly for what would take
        too long, GenerationGone, EngineTimeout, EngineUnavailable.
        """
        return await self._ask(search(query, self._known))

    async def raw(self, query: Narrowed) -> Sequence[tuple[str, bytes]]:
        """Give key and raw record of the query's hits, at most `limit`, in its order."""
        return await self._ask(raw(query, self._known))

    async def companions(self) -> Companions:
        """Give flavors and OS versions of the generation."""
        sealed = self._meta.sealed
        if sealed is None:
            raise GenerationGone(f"{self.generation!r} is no longer kept")
        return await companions(self._client, self.generation, sealed)

    async def _ask(self, asking: Generator[Bodies, Sequence[object], _Asked]) -> _Asked:
        """Send what is to be searched until there is an answer, all within the time of one request."""
        now = asyncio.get_running_loop().time
        seconds = self._client.cluster.timeout
        until = now() + seconds
        try:
            async with asyncio.timeout_at(until + MARGIN_SECONDS):
                bodies = next(asking)
                while True:
                    bodies = asking.send(await self._send(bodies, until - now()))
        except StopIteration as answered:
            result: _Asked = answered.value
            return result
        except TimeoutError:
            raise self._late() from None

    async def _send(self, bodies: Bodies, seconds: float) -> Sequence[object]:
        if seconds <= 0:
            raise self._late()
        limited = [{**body, "timeout": f"{math.ceil(seconds * 1000)}ms"} for body in bodies]
        try:
            replies = await searches(self._client, self.generation, limited, seconds + MARGIN_SECONDS)
        except GenerationGone as error:
            raise self._lost(self.generation, error) from None
        if any(part(reply, "timed_out") is not False for reply in replies):
            raise self._late()
        return replies

    def _late(self) -> EngineTimeout:
        return EngineTimeout(f"OpenSearch had no whole answer after {self._client.cluster.timeout:g} s")

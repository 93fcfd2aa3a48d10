"""`OpenSearchReaders`: hands out readers, and takes over what is published while requests go on."""

import asyncio
import logging

from engines.base import EngineError, EngineUnavailable, ForeignGeneration, GenerationGone, NothingServed
from engines.clock import Clock
from engines.generation import parse_generation
from engines.opensearch.client import Client, Cluster, Refused
from engines.opensearch.meta import Meta
from engines.opensearch.names import Names
from engines.opensearch.reader import OpenSearchReader
from engines.opensearch.served import kept, served
from engines.opensearch.stored import Closed, search
from engines.opensearch.version import check_version
from mappings.schema import SCHEMA

LOOK_SECONDS = 1.0
"""Where the alias is, is looked up no more often."""

_LOG = logging.getLogger(__name__)


class OpenSearchReaders:
    """Implements `engines.base.Readers` for one process and one event loop.

    What is served is looked up in the background while the generation known before answers. If it cannot be
    read, `problem` says why, and the one before goes on.
    """

    def __init__(self, cluster: Cluster, *, prefix: str = "ims-catalog", clock: Clock) -> None:
        self.problem: str | None = None
        self._client = Client(cluster)
        self._names = Names(prefix)
        self._clock = clock
        self._served: OpenSearchReader | None = None
        self._named: OpenSearchReader | None = None
        self._named_at = 0.0
        self._nothing = f"nothing has been published under {prefix} yet"
        self._failure: type[EngineError] = NothingServed
        self._reason = self._nothing
        self._looked: float | None = None
        self._taking: asyncio.Task[None] | None = None
        self._checked = False
        self._closed = False
        self._closed_one: str | None = None

    async def served(self) -> OpenSearchReader:
        """Give a reader of the generation being served; the first call waits until it is known.

        Raises NothingServed; before anything could be read also what kept it from that.
        """
        self._look()
        if self._served is None and self._taking is not None:
            # Shielded, as the look is for all who wait and not for this caller alone.
            await asyncio.shield(self._taking)
        if self._served is None:
            # A new one each time: an exception holds on to the calls that it went through.
            raise self._failure(self._reason)
        return self._served

    async def named(self, generation: str) -> OpenSearchReader:
        """Give a reader of a generation that is served or still kept. Raises GenerationGone."""
        self._look()
        if self._served is not None and self._served.generation == generation:
            return self._served
        now, named = self._clock.monotonic(), self._named
        if named is None or named.generation != generation or now - self._named_at >= LOOK_SECONDS:
            named = self._reader(await kept(self._client, self._names, generation))
            self._named, self._named_at = named, now
        return named

    async def close(self) -> None:
        """Let go of connections."""
        self._closed = True
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)
        self._served = self._named = self._taking = None
        await self._client.close()

    def _look(self) -> None:
        """Look in the background which generation is served, at most once a second."""
        if self._closed:
            raise EngineUnavailable("the catalogue has been closed")
        now = self._clock.monotonic()
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take())

    async def _take(self) -> None:
        """Read what is served, and put it in place of what was."""
        try:
            if not self._checked:
                await check_version(self._client)
                self._checked = True
            meta = await served(self._client, self._names)
            if meta is None:
                raise NothingServed(self._nothing)
            if self._served is None or self._served.generation != meta.generation:
                self._served = self._reader(meta)
            await self._check_open(meta.generation)
        except Exception as error:
            self._report(error)
        else:
            if self.problem is not None:
                _LOG.info("what is published can be taken over again: %s", meta.generation)
            self.problem = None

    async def _check_open(self, generation: str) -> None:
        """See whether what is served and was closed is open again: alias and mapping do not tell.

        Raises EngineUnavailable.
        """
        if self._closed_one == generation:
            try:
                await search(self._client, generation, {"query": {"match_none": {}}, "size": 0})
            except Closed as error:
                raise EngineUnavailable(str(error)) from None
        self._closed_one = None

    def _report(self, error: Exception) -> None:
        """Say once what is wrong; what is served goes on."""
        if isinstance(error, EngineError):
            # Those of the client are more than their text.
            ours = not isinstance(error, EngineUnavailable | Refused)
            self._failure = type(error) if ours else EngineUnavailable
            self._reason = str(error)
        else:
            self._failure = EngineUnavailable
            self._reason = f"what is served cannot be read ({type(error).__name__})"
        if self._served is None and isinstance(error, NothingServed):
            return
        if self._reason != self.problem:
            self.problem = self._reason
            _LOG.error(
                "the published generation cannot be taken over: %s",
                self._reason,
                exc_info=None if isinstance(error, EngineError) else error,
            )

    def _reader(self, meta: Meta) -> OpenSearchReader:
        """Make a reader. Raises ForeignGeneration for a generation of another schema."""
        schema = parse_generation(meta.generation).schema
        if schema != SCHEMA:
            raise ForeignGeneration(
                f"{meta.generation} was written with schema {schema}, this version has {SCHEMA}:"
                " run `ims-catalog reindex` with this version, or serve with the one that wrote it"
            )
        return OpenSearchReader(self._client, meta, self._lost)

    def _lost(self, generation: str, error: GenerationGone) -> EngineError:
        """Look anew at once, as an index is gone that was known to be there; say what that is for who asked.

        One that is served and closed is not gone: it answers again once it is opened.
        """
        if self._named is not None and self._named.generation == generation:
            self._named = None
        if self._served is None or self._served.generation != generation:
            return error
        if isinstance(error, Closed):
            self._closed_one = generation
            self._report(EngineUnavailable(str(error)))
            return EngineUnavailable(str(error))
        self._served, self._looked = None, None
        return error

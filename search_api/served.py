"""`ServedCatalogue`: what each generation offers to questions: reader and vocabulary."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from engines.base import EngineError, GenerationGone, Reader, Readers
from engines.query import FieldFacet, Query
from mappings.field import Exposure, Kind
from mappings.fields import FIELDS
from search_api.access import narrow
from search_api.caller import PUBLIC
from search_api.limits import VOCABULARY
from search_api.terms import Terms
from search_api.vocabulary import vocabulary

_log = logging.getLogger(__name__)

_SPOKEN = tuple(
    field.name
    for field in FIELDS
    if field.facet is not None
    and field.kind in (Kind.KEYWORD, Kind.TEXT)
    and field.exposure is Exposure.PUBLIC
)
"""Fields whose served values a question may name."""


@dataclass(frozen=True, slots=True)
class Served:
    """One generation, ready for questions."""

    reader: Reader
    terms: Terms

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self.reader.generation


class CursorGone(GenerationGone):
    """The generation that a cursor pages through is no longer kept."""


class ServedCatalogue:
    """Gives the generation being served; a new one is prepared in the background while the old answers."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._current: Served | None = None
        self._previous: Served | None = None
        # Held from asking what is served until that is in place: nothing older can follow.
        self._preparing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    @property
    def ready(self) -> str | None:
        """Name of the generation that answers, None before the first."""
        return None if self._current is None else self._current.generation

    async def current(self) -> Served:
        """Give the newest generation that is ready. Raises EngineError, NothingServed before the first."""
        reader = await self._readers.served()
        current = self._current
        if current is None:
            return await self._begin()
        if reader.generation != current.generation and (self._next is None or self._next.done()):
            self._next = asyncio.create_task(self._take_over(reader.generation))
        return current

    async def named(self, generation: str) -> Served:
        """Give a generation by name, as a cursor asks for it. Raises CursorGone."""
        current = await self.current()
        if current.generation == generation:
            return current
        # A prepared one may outlive its generation: what is no longer kept is gone for every process.
        try:
            reader = await self._readers.named(generation)
            previous = self._previous
            if previous is None or previous.generation != generation:
                previous = self._previous = await _prepared(reader)
        except GenerationGone as error:
            raise CursorGone(str(error)) from None
        return previous

    async def renew(self) -> bool:
        """Take over at once what is served now; tell whether it is another generation. Raises EngineError."""
        async with self._preparing:
            reader, current = await self._readers.served(), self._current
            if current is not None and reader.generation == current.generation:
                return False
            ready = await _prepared(reader)
            self._previous, self._current = current, ready
            return True

    async def close(self) -> None:
        """Stop preparing."""
        if self._next is not None:
            self._next.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._next

    async def _begin(self) -> Served:
        async with self._preparing:
            if self._current is None:
                self._current = await _prepared(await self._readers.served())
            return self._current

    async def _take_over(self, generation: str) -> None:
        try:
            await self.renew()
        except EngineError as error:
            _log.warning("generation %s cannot be taken over yet: %s", generation, error)


async def _prepared(reader: Reader) -> Served:
    """Read what questions may name: from public documents only, so that no reading tells of a tenant's."""
    values: dict[str, tuple[str, ...]] = {}
    for name in _SPOKEN:
        facet = FieldFacet(name, VOCABULARY)
        answer = await reader.search(narrow(Query(facets=(facet,), limit=0), PUBLIC))
        values[name] = tuple(str(bucket.value) for bucket in answer.facets[name].buckets)
        # Requests go first: an embedded engine answers without ever waiting.
        await asyncio.sleep(0)
    return Served(reader, Terms(vocabulary(values)))

"""`EmbeddedBuild`: one generation from its first document to its publish."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engines.base import Companions, EngineUnavailable, Expected
from engines.clock import Clock
from engines.embedded.collect import Collector
from engines.embedded.draft import GenerationDraft
from engines.embedded.durable import sync_file
from engines.embedded.verify import verify_steps
from mappings.document import Document, store
from mappings.schema import SCHEMA

SAMPLE_EVERY = 997
"""Of so many documents one is read back before the publish."""

Publish = Callable[["EmbeddedBuild", str], None]
"""Puts the finished file, which has this checksum, in place and points to it."""


class EmbeddedBuild:
    """Implements `engines.base.Build`: add, seal, verify, publish, in this order; or discard."""

    def __init__(
        self, generation: str, planned_on: str | None, *, path: Path, publish: Publish, clock: Clock
    ) -> None:
        self.planned_on = planned_on
        self._generation = generation
        self.path = path
        self._publish = publish
        self._clock = clock
        with _writing(path):
            self._draft = GenerationDraft(path)
        self._collector = Collector()
        self._size = 0
        self._last_key = ""
        self._digests: dict[int, bytes] = {}
        self._checksum: str | None = None
        self._published = False

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._generation

    async def add(self, documents: Sequence[Document]) -> None:
        """Add documents. Over all calls their keys strictly ascend; ValueError if they do not."""
        stored = [store(document) for document in documents]
        for each in stored:
            if each.key <= self._last_key:
                raise ValueError(f"keys must ascend: {each.key!r} came after {self._last_key!r}")
            self._last_key = each.key
        with _writing(self.path):
            self._draft.add(self._size, stored)
        self._collector.add(documents)
        for rank, each in enumerate(stored, self._size):
            if rank % SAMPLE_EVERY == 0:
                self._digests[rank] = each.digest
        self._size += len(stored)
        await asyncio.sleep(0)

    async def seal(self, companions: Companions) -> None:
        """Index what was added and bring all to the disk."""
        with _writing(self.path):
            for parts in self._collector.parts():
                for part, data in parts.items():
                    self._draft.add_part(part, data)
                await asyncio.sleep(0)
            checksum = self._draft.finish(
                generation=self._generation,
                schema=SCHEMA,
                documents=self._size,
                companions=companions,
                built=self._clock.now(),
            )
            sync_file(self.path)
        self._checksum = checksum

    async def verify(self, expected: Expected) -> None:
        """Read the sealed file back: every part of the index, the counts, and a sample of the documents.

        Raises GenerationRejected.
        """
        self._sealed()
        for _ in verify_steps(self.path, expected, self._digests):
            await asyncio.sleep(0)

    async def publish(self) -> None:
        """Serve it, if the served generation is still the one it was planned on. Raises Superseded."""
        self._publish(self, self._sealed())
        self._published = True

    async def discard(self) -> None:
        """Remove every trace of it; does nothing once published."""
        self.close()
        if not self._published:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._draft.close()

    def _sealed(self) -> str:
        if self._checksum is None:
            raise ValueError(f"{self._generation} has not been sealed")
        return self._checksum


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise EngineUnavailable(f"cannot write {path}: {error}") from error

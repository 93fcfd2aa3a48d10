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
from engines.embedded.give_back import give_back
from engines.embedded.verify import verify_steps
from mappings.document import Stored
from mappings.schema import SCHEMA

Publish = Callable[["EmbeddedBuild", str], None]
"""Puts the finished file, which has this checksum, in place and points to it."""


class EmbeddedBuild:
    """Implements `engines.base.Build`: add, seal, verify, publish, in this order; or discard."""

    def __init__(
        self, generation: str, planned_on: str | None, *, path: Path, publish: Publish, clock: Clock
    ) -> None:
        self.planned_on = planned_on
        self.path = path
        self.ended = False
        self._generation = generation
        self._publish = publish
        self._clock = clock
        with _writing(path):
            self._draft = GenerationDraft(path)
        self._collector = Collector()
        self._size = 0
        self._last_key = ""
        self._checksum: str | None = None
        self._verified = False

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._generation

    @property
    def in_doubt(self) -> bool:
        """Whether it may be served though publishing failed: a file is in its place, or it is not."""
        return False

    async def add(self, documents: Sequence[Stored]) -> None:
        """Add documents. Over all calls their keys strictly ascend.

        Raises ValueError for keys that do not, and for a value of another kind than its field's.
        """
        for each in documents:
            if each.key <= self._last_key:
                raise ValueError(f"keys must ascend: {each.key!r} came after {self._last_key!r}")
            self._last_key = each.key
        self._collector.add(documents)
        with _writing(self.path):
            self._draft.add(self._size, documents)
        self._size += len(documents)
        await asyncio.sleep(0)

    async def seal(self, companions: Companions) -> None:
        """Index what was added and bring all to the disk."""
        with _writing(self.path):
            await self._write_index()
            # Verifying reads the index into memory once more.
            give_back()
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
        """Read the sealed file back: every document, every part of the index, and the counts.

        Raises GenerationRejected.
        """
        for _ in verify_steps(self.path, expected, self._sealed()):
            await asyncio.sleep(0)
        self._verified = True

    async def publish(self) -> None:
        """Serve it, if the served generation is still the one it was planned on. Raises Superseded."""
        checksum = self._sealed()
        if not self._verified:
            raise ValueError(f"{self._generation} has not been verified")
        self._publish(self, checksum)
        self.ended = True

    async def discard(self) -> None:
        """Remove every trace of it; does nothing once published."""
        self.close()
        if self.ended:
            return
        with _writing(self.path):
            self.path.unlink(missing_ok=True)
        self.ended = True

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._draft.close()

    async def _write_index(self) -> None:
        for parts in self._collector.parts():
            for part, data in parts.items():
                self._draft.add_part(part, data)
            await asyncio.sleep(0)

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

"""`EmbeddedWriter`: the one process that builds and publishes generations in a folder."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from engines.base import (
    Companions,
    EngineUnavailable,
    ForeignGeneration,
    GenerationGone,
    Superseded,
    WriterBusy,
)
from engines.clock import Clock
from engines.embedded.build import EmbeddedBuild
from engines.embedded.durable import sync_folder
from engines.embedded.file import SUFFIX, GenerationFile, file_of
from engines.embedded.pointer import FORMAT, Pointer, read_pointer, replace_pointer
from engines.generation import parse_generation
from mappings.document import Stored
from mappings.schema import SCHEMA

LOCK_FILE = "writer.lock"
BUILDING = ".building"
"""Ends the name of a file that is being built."""

BATCH = 1000
"""Documents that are streamed at once."""


def open_writer(folder: Path, *, prefix: str = "ims-catalog", clock: Clock) -> "EmbeddedWriter":
    """Take the right to write in a folder, which is made if there is none.

    Raises WriterBusy while another process has it, EngineUnavailable where the folder cannot be written.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise WriterBusy(f"another process is building a generation in {folder}") from None
    except OSError as error:
        raise EngineUnavailable(f"cannot write in {folder}: {error}") from error
    return EmbeddedWriter(folder, prefix, clock, lock)


class EmbeddedWriter:
    """Implements `engines.base.Writer`. Holds the right to write until `close`."""

    def __init__(self, folder: Path, prefix: str, clock: Clock, lock: FileLock) -> None:
        self._folder = folder
        self._prefix = prefix
        self._clock = clock
        self._lock = lock
        self._builds: list[EmbeddedBuild] = []

    async def served(self) -> str | None:
        """Name of the generation being served, None before the first.

        Raises ForeignGeneration for one of another installation or a newer version, and DamagedGeneration.
        """
        pointer = self._pointer()
        return None if pointer is None else pointer.name

    async def documents(self, generation: str) -> AsyncIterator[Sequence[Stored]]:
        """Stream the documents of a generation by ascending key, whatever schema wrote them.

        Raises GenerationGone, DamagedGeneration or ForeignGeneration.
        """
        file = self._open(generation)
        try:
            for start in range(0, file.documents, BATCH):
                yield file.stored(start, start + BATCH)
        finally:
            file.close()

    async def companions(self, generation: str) -> Companions:
        """Give flavors and OS versions of a generation. Raises as `documents` does."""
        file = self._open(generation)
        try:
            return file.companions()
        finally:
            file.close()

    async def begin(self, generation: str, planned_on: str | None) -> EmbeddedBuild:
        """Start to build a generation; what a run that broke off has left is removed.

        Raises ForeignGeneration for a name of another prefix or schema, ValueError for what is no name.
        """
        parts = parse_generation(generation)
        if (parts.prefix, parts.schema) != (self._prefix, SCHEMA):
            raise ForeignGeneration(
                f"{generation} is not one of {self._prefix} with schema {SCHEMA}, which this writer builds"
            )
        self._remove_others(self._pointer())
        build = EmbeddedBuild(
            generation,
            planned_on,
            path=self._folder / f"{generation}{BUILDING}",
            publish=self._publish,
            clock=self._clock,
        )
        self._builds.append(build)
        return build

    async def close(self) -> None:
        """Let go of files and of the right to write."""
        for build in self._builds:
            build.close()
        self._lock.release()

    def _publish(self, build: EmbeddedBuild, checksum: str) -> None:
        """Put a sealed file under its name and point to it, if what it was planned on is still served."""
        present = self._pointer()
        served = None if present is None else present.name
        if served != build.planned_on:
            raise Superseded(
                f"{build.generation} was planned on {build.planned_on or 'nothing'},"
                f" but {served or 'nothing'} is served now"
            )
        parts = parse_generation(build.generation)
        path = file_of(self._folder, build.generation)
        pointer = Pointer(
            name=build.generation,
            schema=parts.schema,
            term=parts.term,
            format=FORMAT,
            size=build.path.stat().st_size,
            checksum=checksum,
            previous=served,
        )
        try:
            build.path.replace(path)
            sync_folder(self._folder)
            replace_pointer(self._folder, pointer)
        except OSError as error:
            raise EngineUnavailable(f"cannot publish in {self._folder}: {error}") from error
        self._remove_others(pointer)

    def _remove_others(self, pointer: Pointer | None) -> None:
        """Remove every generation but the served and the previous one, and what was not finished."""
        kept = set() if pointer is None else {pointer.name, pointer.previous}
        open_paths = {build.path for build in self._builds}
        for path in self._folder.iterdir():
            generation = path.name.removesuffix(SUFFIX).removesuffix(BUILDING)
            if path in open_paths or generation in kept or not self._ours(generation, path):
                continue
            path.unlink(missing_ok=True)

    def _ours(self, generation: str, path: Path) -> bool:
        if path.suffix not in (SUFFIX, BUILDING):
            return False
        try:
            return parse_generation(generation).prefix == self._prefix
        except ValueError:
            return False

    def _pointer(self) -> Pointer | None:
        try:
            pointer = read_pointer(self._folder)
        except OSError as error:
            raise EngineUnavailable(f"cannot read what is served in {self._folder}: {error}") from error
        if pointer is not None and parse_generation(pointer.name).prefix != self._prefix:
            raise ForeignGeneration(
                f"{self._folder} serves {pointer.name}, which another installation than {self._prefix} wrote"
            )
        return pointer

    def _open(self, generation: str) -> GenerationFile:
        try:
            return GenerationFile.open(file_of(self._folder, parse_generation(generation).name))
        except ValueError as error:
            raise GenerationGone(str(error)) from None

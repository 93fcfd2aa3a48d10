"""`EmbeddedWriter`: the one process that builds and publishes generations in a folder."""

import logging
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from filelock import FileLock, Timeout

from engines.base import (
    Companions,
    DamagedGeneration,
    EngineError,
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
from engines.embedded.holder import LOCK_FILE, Holder, named, read_holder, write_holder
from engines.embedded.load import open_published
from engines.embedded.pointer import (
    POINTER_FILE,
    Pointer,
    Published,
    drop_prepared,
    prepare_pointer,
    read_pointer,
    read_prepared,
    replace_pointer,
)
from engines.embedded.private import make_folder
from engines.generation import parse_generation, term_of
from engines.holding import this_process
from mappings.document import Stored
from mappings.schema import SCHEMA

LOCK_SECONDS = 0.1
"""Who only asks whether somebody writes holds the lock for a moment; a writer holds it much longer."""

BUILDING = ".building"
"""Ends the name of a file that is being built."""

BATCH = 1000
"""Documents that are streamed at once."""

_LOG = logging.getLogger(__name__)


def open_writer(folder: Path, *, prefix: str = "ims-catalog", clock: Clock) -> "EmbeddedWriter":
    """Take the right to write in a folder, which is made if there is none. What broke off is swept.

    Raises WriterBusy that names who has it, EngineUnavailable where the folder cannot be written.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=LOCK_SECONDS, poll_interval=LOCK_SECONDS / 5, mode=0o600)
    try:
        make_folder(folder)
        lock.acquire()
    except Timeout:
        raise WriterBusy(f"{named(folder)} is building a generation in {folder}") from None
    except OSError as error:
        raise EngineUnavailable(f"cannot write in {folder}: {error}") from error
    try:
        holder = Holder(
            read_holder(folder).term, this_process(), token=secrets.token_hex(16), since=clock.now()
        )
        write_holder(folder, holder)
    except OSError as error:
        lock.release()
        raise EngineUnavailable(f"cannot write in {folder}: {error}") from error
    writer = EmbeddedWriter(folder, prefix, clock, lock, holder)
    writer.sweep()
    return writer


class EmbeddedWriter:
    """Implements `engines.base.Writer`. Holds the right to write until `close`."""

    def __init__(self, folder: Path, prefix: str, clock: Clock, lock: FileLock, holder: Holder) -> None:
        self._folder = folder
        self._prefix = prefix
        self._clock = clock
        self._lock = lock
        self._holder = holder
        self._builds: list[EmbeddedBuild] = []

    async def served(self) -> str | None:
        """Name of the generation being served, None before the first.

        Raises ForeignGeneration for one of another installation or a newer version, and DamagedGeneration,
        also where there are generations but nothing tells which of them is served.
        """
        pointer = self._pointer()
        return None if pointer is None else pointer.name

    async def term(self, run: str) -> int:
        """Give a run a term greater than any before it, and tell others of it.

        Raises Superseded if the right to write was lost, EngineUnavailable.
        """
        try:
            self._check_held()
            self._holder = self._holder.running(run, max(self._terms(), default=0))
            write_holder(self._folder, self._holder)
        except OSError as error:
            raise EngineUnavailable(f"cannot write in {self._folder}: {error}") from error
        return self._holder.term

    def sweep(self) -> None:
        """Remove what broke off, and what is neither served nor the one before. What cannot be removed now
        goes another time, and where it is lost what is served nothing goes.
        """
        try:
            pointer = self._pointer()
            self._remove_unfinished(below=None)
            if pointer is not None:
                self._retire(pointer)
        except (EngineError, OSError) as error:
            _LOG.info("nothing is swept in %s: %s", self._folder, error)

    async def documents(self, generation: str) -> AsyncIterator[Sequence[Stored]]:
        """Stream the documents of a generation by ascending key, whatever schema wrote them.

        Raises GenerationGone, DamagedGeneration or ForeignGeneration.
        """
        with closing(self._open(generation)) as file:
            for start in range(0, file.documents, BATCH):
                yield file.stored(start, start + BATCH)

    async def outlined(self, generation: str) -> None:
        """A file is read whole as quickly."""

    async def check(self) -> None:
        """Look whether this process still has the right to write. Raises Superseded, EngineUnavailable."""
        self._check_held()

    async def fence(self, generation: str) -> bool:
        """Make sure that a generation is served now or never; tell which.

        Whoever was about to publish it had the lock: it has ended. Raises Superseded, EngineUnavailable.
        """
        self._check_held()
        try:
            pointer = read_pointer(self._folder)
            if pointer is None or pointer.kept(generation) is None:
                # The file before what points to it: a pointer to come without a file is no lost pointer.
                for path in (self._folder / f"{generation}{BUILDING}", file_of(self._folder, generation)):
                    path.unlink(missing_ok=True)
                drop_prepared(self._folder, generation)
        except OSError as error:
            raise EngineUnavailable(f"cannot write in {self._folder}: {error}") from error
        return pointer is not None and pointer.name == generation

    async def companions(self, generation: str) -> Companions:
        """Give flavors and OS versions of a generation. Raises as `documents` does."""
        with closing(self._open(generation)) as file:
            return file.companions()

    async def begin(self, generation: str, planned_on: str | None) -> EmbeddedBuild:
        """Start to build a generation; what a build of a lower term that broke off has left is removed.

        Raises ForeignGeneration for a name of another prefix or schema, ValueError for what is no name.
        """
        parts = parse_generation(generation)
        if (parts.prefix, parts.schema) != (self._prefix, SCHEMA):
            raise ForeignGeneration(
                f"{generation} is not one of {self._prefix} with schema {SCHEMA}, which this writer builds"
            )
        self._pointer()
        self._builds = [build for build in self._builds if not build.ended]
        try:
            self._remove_unfinished(below=parts.term)
        except OSError as error:
            raise EngineUnavailable(f"cannot write in {self._folder}: {error}") from error
        build = EmbeddedBuild(
            generation,
            planned_on,
            path=self._folder / f"{generation}{BUILDING}",
            publish=self._publish,
            clock=self._clock,
        )
        self._builds.append(build)
        return build

    async def amend(self, generation: str, planned_on: str) -> None:
        """A generation is one file of sorted columns, which is written anew as quickly as it is copied."""

    async def close(self) -> None:
        """Let go of files and of the right to write."""
        for build in self._builds:
            build.close()
        try:
            if read_holder(self._folder).token == self._holder.token:
                write_holder(self._folder, self._holder.given_back())
        except OSError as error:
            _LOG.info("%s still names who wrote last: %s", self._folder, error)
        self._lock.release()

    def _publish(self, build: EmbeddedBuild, checksum: str) -> None:
        """Put a sealed file under its name and point to it, if what it was planned on is still served."""
        self._check_held()
        present = self._pointer()
        served = None if present is None else present.name
        if served != build.planned_on:
            raise Superseded(
                f"{build.generation} was planned on {build.planned_on or 'nothing'},"
                f" but {served or 'nothing'} is served now"
            )
        try:
            pointer = self._pointer_to(build, checksum, present)
            self._replace(build.path, pointer)
        except OSError as error:
            raise EngineUnavailable(f"cannot publish in {self._folder}: {error}") from error
        self._retire(pointer)

    def _pointer_to(self, build: EmbeddedBuild, checksum: str, present: Pointer | None) -> Pointer:
        parts = parse_generation(build.generation)
        return Pointer(
            served=Published(build.generation, build.path.stat().st_size, checksum),
            previous=None if present is None else present.served,
            schema=parts.schema,
            term=parts.term,
        )

    def _replace(self, path: Path, pointer: Pointer) -> None:
        """Give the file its name and replace the pointer: that publishes. Raises OSError if it did not."""
        named = file_of(self._folder, pointer.name)
        try:
            prepare_pointer(self._folder, pointer)
            path.replace(named)
            sync_folder(self._folder)
            replace_pointer(self._folder)
        except OSError as error:
            if read_pointer(self._folder) != pointer:
                named.unlink(missing_ok=True)
                raise
            _LOG.warning("%s is served, but may not outlive a crash of the machine: %s", pointer.name, error)

    def _retire(self, pointer: Pointer) -> None:
        """Remove every generation but the served one and the one before; what cannot be goes next time."""
        try:
            for path, generation in self._files(SUFFIX):
                if pointer.kept(generation) is None and term_of(generation) <= self._newest(pointer):
                    path.unlink(missing_ok=True)
        except OSError as error:
            _LOG.warning("a generation that is no longer kept could not be removed: %s", error)

    def _newest(self, pointer: Pointer) -> int:
        """The highest term that is known to have been given."""
        return max(self._holder.term, pointer.term)

    def _remove_unfinished(self, below: int | None) -> None:
        building = {build.path for build in self._builds}
        for path, generation in self._files(BUILDING):
            if path not in building and (below is None or term_of(generation) < below):
                path.unlink(missing_ok=True)

    def _terms(self) -> Iterator[int]:
        """Give the terms of all generations that are there, whole or not."""
        pointer = read_pointer(self._folder)
        if pointer is not None:
            yield pointer.term
        for suffix in (SUFFIX, BUILDING):
            for _, generation in self._files(suffix):
                yield term_of(generation)

    def _check_held(self) -> None:
        """Somebody who deletes the file of the lock lets another process in. Raises Superseded."""
        try:
            found = read_holder(self._folder)
        except OSError as error:
            raise EngineUnavailable(f"cannot read who writes in {self._folder}: {error}") from error
        if found.token != self._holder.token:
            raise Superseded(f"the right to write was lost: {found.who or 'nobody'} has it now")

    def _files(self, suffix: str) -> Iterator[tuple[Path, str]]:
        """Yield files of generations of this installation and their names."""
        for path in sorted(self._folder.glob(f"{self._prefix}-*{suffix}")):
            name = path.name.removesuffix(suffix)
            try:
                if parse_generation(name).prefix == self._prefix:
                    yield path, name
            except ValueError:
                continue

    def _pointer(self) -> Pointer | None:
        try:
            pointer = read_pointer(self._folder)
            if pointer is None:
                self._check_nothing_published()
        except OSError as error:
            raise EngineUnavailable(f"cannot read what is served in {self._folder}: {error}") from error
        if pointer is not None and parse_generation(pointer.name).prefix != self._prefix:
            raise ForeignGeneration(
                f"{self._folder} serves {pointer.name}, which another installation than {self._prefix} wrote"
            )
        return pointer

    def _check_nothing_published(self) -> None:
        """Refuse to begin anew where generations stand and only the pointer to them is lost."""
        prepared = read_prepared(self._folder)
        first = prepared.name if prepared is not None and prepared.previous is None else None
        lost = [path.name for path, name in self._files(SUFFIX) if name != first]
        if lost:
            raise DamagedGeneration(
                f"{self._folder / POINTER_FILE}, which names the generation being served, is gone, but"
                f" {', '.join(lost)} is there: put the file back from a backup, or move what is there away"
                " and run `ims-catalog reindex` to begin anew"
            )

    def _open(self, generation: str) -> GenerationFile:
        pointer = self._pointer()
        published = None if pointer is None else pointer.kept(generation)
        if published is None:
            raise GenerationGone(f"{generation!r} is no longer kept")
        return open_published(self._folder, published)

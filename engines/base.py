"""What an engine promises: a writer builds and publishes generations, a reader answers from one.

EngineError
├── EngineUnavailable     no answer: not there, refused, broken connection
├── EngineTimeout         no answer in time
├── NothingServed         no generation has been published yet
├── GenerationGone        the generation that was named is no longer kept
├── DamagedGeneration     its bytes are not those that were published
├── ForeignGeneration     written by another installation, or by a newer version
├── GenerationRejected    what was built is not what was planned
├── Superseded            another generation was published since the plan was made
└── WriterBusy            another process builds and publishes

TooCostly is a ValueError: not the engine but the query is to blame.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engines.narrowed import Narrowed
from engines.query import Answer
from mappings.document import Outline, Stored


class TooCostly(ValueError):
    """A query that would take too long; the text, for who asks, says what to ask instead."""


class EngineError(Exception):
    """Something an engine could not do; the text is for the user."""


class EngineUnavailable(EngineError):
    """The engine did not answer."""


class EngineTimeout(EngineError):
    """The engine did not answer in time."""


class NothingServed(EngineError):
    """No generation has been published yet."""


class GenerationGone(EngineError):
    """The named generation is no longer kept."""


class DamagedGeneration(EngineError):
    """The bytes of a generation are not those that were published."""


class ForeignGeneration(EngineError):
    """A generation of another installation, or of a newer schema."""


class GenerationRejected(EngineError):
    """What was built differs from what was planned; nothing was published."""


class Superseded(EngineError):
    """Another generation was published since this one was planned; nothing was published."""


class WriterBusy(EngineError):
    """Another process holds the right to write."""


@dataclass(frozen=True, slots=True)
class Companions:
    """What a generation holds beside its documents, as the clouds sent it.

    `flavors`: ECS flavor objects, `os_versions`: entries of the platform table; each with the keys `cloud`
    and `region` added.
    """

    flavors: tuple[Mapping[str, object], ...] = ()
    os_versions: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a build must hold before it may be published: documents in all and per scope id."""

    documents: int
    per_scope: Mapping[str, int]


class Reader(Protocol):
    """Answers from one generation. Any number of calls at once; no call sees another generation."""

    @property
    def generation(self) -> str:
        """Name of the generation."""
        ...

    async def search(self, query: Narrowed) -> Answer:
        """Answer a query. Raises TooCostly, EngineUnavailable, EngineTimeout or GenerationGone."""
        ...

    async def raw(self, query: Narrowed) -> Sequence[tuple[str, bytes]]:
        """Give key and raw record of the query's hits, at most `limit`, in its order."""
        ...

    async def companions(self) -> Companions:
        """Give flavors and OS versions of the generation."""
        ...


class Readers(Protocol):
    """Hands out readers; one per process."""

    @property
    def problem(self) -> str | None:
        """Why the published generation is not the one being read; None while it is."""
        ...

    async def served(self) -> Reader:
        """Give a reader of the generation being served. Raises NothingServed."""
        ...

    async def named(self, generation: str) -> Reader:
        """Give a reader of a generation that is served or still kept. Raises GenerationGone."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...


class Build(Protocol):
    """A generation being built; it is not seen by any reader before `publish`."""

    @property
    def generation(self) -> str:
        """Name of the generation."""
        ...

    @property
    def in_doubt(self) -> bool:
        """Whether `publish` failed, and the generation may be served all the same, now or a little later."""
        ...

    async def add(self, documents: Sequence[Stored]) -> None:
        """Add documents. Over all calls their keys strictly ascend.

        Raises ValueError where they do not, or for a single value in a field of many.
        """
        ...

    async def seal(self, companions: Companions) -> None:
        """Finish the generation: all is indexed and on disk, nothing can be added."""
        ...

    async def verify(self, expected: Expected) -> None:
        """Read the sealed generation back: documents, counts and index are those that were planned.

        Raises GenerationRejected.
        """
        ...

    async def publish(self) -> None:
        """Serve it, if the served generation is still the one it was planned on.

        Raises Superseded, ValueError for what was not verified, EngineUnavailable if it could not be served.
        """
        ...

    async def discard(self) -> None:
        """Remove every trace of it; does nothing once published."""
        ...


class Amendment(Build, Protocol):
    """A generation that begins as a copy of the one served: only what differs is added and removed.

    `add` takes documents that are new or differ; the companions that `seal` is given take the place of those
    before; `verify` expects what the whole generation has to hold.
    """

    async def remove(self, keys: Sequence[str]) -> None:
        """Take documents out. Each key that is given is one of the generation served."""
        ...


class Outlined(Protocol):
    """The documents of a generation in outline, which is much less than reading them."""

    def outlines(self) -> AsyncGenerator[Sequence[Outline], None]:
        """Stream the outlines by ascending key, in batches. Raises as `Writer.documents` does."""
        ...

    async def documents(self, keys: Sequence[str]) -> Sequence[Stored]:
        """Read the documents with these keys, in any order. Raises DamagedGeneration where one is missing."""
        ...


class Writer(Protocol):
    """Builds and publishes generations; at most one process holds it."""

    async def served(self) -> str | None:
        """Name of the generation being served, None before the first.

        Raises DamagedGeneration where generations are kept but which of them is served is lost.
        """
        ...

    async def term(self, run: str) -> int:
        """Give the term of a run, which its generation bears, and tell others that this run is going on.

        It is greater than that of every generation there is and than any given before, to whomever, also for
        a run that came to nothing. Raises Superseded if the right to write was lost, EngineUnavailable.
        """
        ...

    async def check(self) -> None:
        """Look whether this process still has the right to write. Raises Superseded, EngineUnavailable."""
        ...

    async def fence(self, generation: str) -> bool:
        """Make sure that a generation, which another run was about to publish, is served now or never.

        Tells whether it is; one that is not is removed first, so that the answer stays true. Raises
        Superseded if the right to write was lost, EngineUnavailable where it cannot be made certain.
        """
        ...

    def documents(self, generation: str) -> AsyncIterator[Sequence[Stored]]:
        """Stream the documents of a generation by ascending key, in batches."""
        ...

    async def outlined(self, generation: str) -> Outlined | None:
        """Give the documents in outline; None where reading them whole costs no more."""
        ...

    async def companions(self, generation: str) -> Companions:
        """Give flavors and OS versions of a generation."""
        ...

    async def begin(self, generation: str, planned_on: str | None) -> Build:
        """Start to build a generation that is planned on the one served.

        What builds of lower terms have left that broke off is removed.
        """
        ...

    async def amend(self, generation: str, planned_on: str) -> Amendment | None:
        """Start to build a generation from a copy of the one served, where that is less work.

        None where the engine cannot or should not do so: it is to be built whole then. Removes and raises
        what `begin` does.
        """
        ...

    async def close(self) -> None:
        """Let go of files, connections and the right to write."""
        ...

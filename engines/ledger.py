"""The ledger: what the runs did, what they changed, and where each scope stands. It outlives generations.

A run goes through it in three steps, so that a process may die at any point and nothing is lost or told
twice: it *notes* what it is about to change, *intends* a generation right before it publishes it, and
*records* how it ended. What is noted or intended is shown to nobody before the run is recorded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mappings.document import Stored


class State(StrEnum):
    """How crawling a scope ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True)
class ScopeState:
    """Where a scope stands after its last attempt. `last_complete` is the start of its last whole listing.

    `held`: it was listed whole, but had lost so much that its images were carried all the same. `unlisted`
    counts the images that it keeps though the listing no longer shows them. `took` is in seconds.
    """

    scope: str
    state: State
    reason: str | None
    last_attempt: datetime
    last_complete: datetime | None
    seen: int
    carried: int
    held: bool = False
    unlisted: int = 0
    pages: int = 0
    took: float = 0.0

    @property
    def told(self) -> datetime | None:
        """Start of the last listing that told of every image of the scope, as far as it is believed."""
        if self.state is State.INCOMPLETE and not self.held and not self.carried:
            return self.last_attempt
        return self.last_complete


class Outcome(StrEnum):
    """How a run ended."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The journal entry of a run. `exit` is what the command returned; counts are of documents.

    `notes` say what a person should know of it though it is no failure: a smaller set that was accepted.
    `left_out` counts the changes that were more than the ledger keeps of one run. `purged` are scopes that
    were given up: nothing is known of them any more. `published`: the generation is the run's own, and what
    it noted came about.
    """

    run: str
    started: datetime
    finished: datetime
    outcome: Outcome
    exit: int
    reason: str | None
    generation: str | None
    documents: int
    added: int
    changed: int
    removed: int
    unlisted: int
    refused: int
    problems: Mapping[str, int]
    scopes: tuple[ScopeState, ...]
    notes: tuple[str, ...] = ()
    left_out: int = 0
    purged: tuple[str, ...] = ()
    published: bool = False


class ChangeKind(StrEnum):
    """What became of an image."""

    ADDED = "added"
    CHANGED = "changed"
    UNLISTED = "unlisted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What the cloud said of a field before and says now, as JSON values; None where it said nothing."""

    before: object
    after: object


RIGHTS = "visible_to"
"""The field of a change that is one of rights only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """One document that a run added, changed, unlisted or removed.

    `stored` is the document as it became, of a removed one as it was: it tells who may see the change. Its
    raw record is not kept: `raw` is empty. `seen` tells of a removed one when each of the scopes that knew it
    had told of all its images last (`ScopeState.told`). `position` orders all changes, and is given by the
    ledger.
    """

    at: datetime
    run: str
    kind: ChangeKind
    stored: Stored
    fields: Mapping[str, FieldChange] = field(default_factory=dict)
    seen: Mapping[str, datetime] = field(default_factory=dict)
    position: int = 0

    @property
    def of_rights(self) -> bool:
        """Whether the image is as it was and only a right began or ended: it is told to these alone."""
        return RIGHTS in self.fields


@dataclass(frozen=True, slots=True)
class Smaller:
    """A set of images that a scope was held for having lost: its digest, since when, in how many runs."""

    digest: str
    since: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What runs remember of a scope from one to the next.

    `missing` are the images that its last whole listing lacked while nobody could say that they are gone: the
    hashes of their keys, 8 bytes each, ascending. `asked` is the key of the unlisted image that was asked for
    last. Flavors and OS versions have the `scope` cloud/region/table, and were `fetched` last then.
    """

    scope: str
    missing: bytes = b""
    asked: str | None = None
    smaller: Smaller | None = None
    fetched: datetime | None = None


@dataclass(frozen=True, slots=True)
class Intention:
    """What is recorded if the generation of `run` turns out to be the one being served."""

    run: Run
    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """Positions of changes: all up to `dropped` may be gone, the newest is `last`; 0 where there is none."""

    dropped: int
    last: int


CHANGES_OF_A_RUN = 10_000_000
"""A run notes so many changes at most: positions have room for no more than 2^24 of one run."""

CHANGES_AT_ONCE = 10_000
"""So many changes are read at once at most: they are all in memory."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much the ledger keeps: at most so many runs and changes, none older than `age`.

    A run notes at most `changes`, so no more than `CHANGES_OF_A_RUN` may be kept. A removed image is known
    for `removed`, whatever comes after it.
    """

    runs: int = 1_000
    changes: int = 100_000
    age: timedelta = timedelta(days=90)
    removed: timedelta = timedelta(days=365)

    def __post_init__(self) -> None:
        if not 0 <= self.changes <= CHANGES_OF_A_RUN:
            raise ValueError(f"{self.changes} changes cannot be kept: 0 to {CHANGES_OF_A_RUN} can")


def at_once(limit: int) -> int:
    """Check how many changes are to be read at once. Raises ValueError for none, and for too many."""
    if not 1 <= limit <= CHANGES_AT_ONCE:
        raise ValueError(f"{limit} changes cannot be read at once: 1 to {CHANGES_AT_ONCE} can")
    return limit


Entry = Run | ScopeState | Memory | ImageChange
"""What a ledger holds."""


class Ledger(Protocol):
    """One writer, many readers."""

    async def note(self, run: str, changes: Sequence[ImageChange]) -> None:
        """Keep changes of a run that is going on; call it as often as there are any.

        A run notes at most `CHANGES_OF_A_RUN`.
        """
        ...

    async def intend(self, run: Run, memories: Sequence[Memory]) -> None:
        """Keep what is to be recorded once the generation of the run is served."""
        ...

    async def intended(self) -> Intention | None:
        """Give what was intended and neither recorded nor forgotten: its process died."""
        ...

    async def forget(self) -> None:
        """Drop what any run noted or intended and did not record: nothing of it was published."""
        ...

    async def record(self, run: Run, memories: Sequence[Memory] = ()) -> None:
        """Write a run, the scope states and memories it brings and the changes noted for it, in one step.

        Changes are told only if it published; else they are dropped. The state of a scope that was not due
        leaves what stood; a scope that was purged is forgotten. What the run intended is settled by that,
        what others noted or intended stays.
        """
        ...

    async def memories(self) -> Mapping[str, Memory]:
        """Give what is remembered of every scope by its id."""
        ...

    async def trim(self, keep: Keep, now: datetime) -> None:
        """Drop what is beyond what is to be kept."""
        ...

    async def run(self, name: str) -> Run | None:
        """Give a run by its name."""
        ...

    async def changes(self, after: int, limit: int, since: datetime | None = None) -> Sequence[ImageChange]:
        """Give changes in their order, those behind the position `after` and not before `since`.

        `limit` is from 1 to `CHANGES_AT_ONCE`. Raises ValueError for another, EngineError.
        """
        ...

    async def kept(self, after: int, limit: int) -> Sequence[ImageChange]:
        """Give what `changes` does, and before it the removals that are known still, though dropped there.

        `limit` as there.
        """
        ...

    async def restore(self, entries: Iterable[Entry], extent: Extent) -> None:
        """Put what another ledger held in the place of everything, in one step.

        `entries` come in this order: runs, oldest first and at least one; scope states; memories; what `kept`
        gave, whose `extent` is given. Changes stay in their order at new positions, beyond all of either
        ledger: who followed them learns that those behind his position are gone. What `entries` raises
        passes, and then all is as it was. Raises EngineError.
        """
        ...

    async def extent(self) -> Extent:
        """Give which positions the changes that are kept have."""
        ...

    async def removals(self, image: str) -> Sequence[ImageChange]:
        """Give the last removal of each document of an image, newest first; `image` is the cloud's id."""
        ...

    async def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        """Give runs, newest first, those older than the run `before`."""
        ...

    async def scope_states(self) -> Mapping[str, ScopeState]:
        """Give the last state of every scope by its id."""
        ...

    async def revision(self) -> int:
        """Give a number that grows with every write."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...

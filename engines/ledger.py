"""The ledger: what the runs did and when each scope was last listed whole. It outlives generations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """How crawling a scope ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True)
class ScopeState:
    """Where a scope stands after its last attempt. `last_complete` is the start of its last whole listing."""

    scope: str
    state: State
    reason: str | None
    last_attempt: datetime
    last_complete: datetime | None
    seen: int
    carried: int


class Outcome(StrEnum):
    """How a run ended."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The journal entry of a run. `exit` is what the command returned; counts are of documents."""

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


class Ledger(Protocol):
    """One writer, many readers."""

    async def record(self, run: Run) -> None:
        """Write a run and the scope states it brings, in one step."""
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

"""`LedgerView`: the ledger as answers show it, read again when it has changed."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engines.base import EngineError
from engines.ledger import Run, ScopeState, State
from search_api.caller import Caller
from search_api.catalog import catalog, own_scopes
from search_api.freshness import Freshness

_CATALOGS = 1024
_CALLERS = 256

LOOK_SECONDS = 0.1
"""The ledger is asked whether it has changed at most so often."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Revision:
    """The ledger as of one revision."""

    number: int
    states: Mapping[str, ScopeState]
    _freshness: dict[Caller, Freshness] = field(default_factory=dict, init=False, repr=False)
    _catalogs: dict[tuple[str, Caller], bytes] = field(default_factory=dict, init=False, repr=False)

    def freshness(self, caller: Caller) -> Freshness:
        """Give what the scopes that a caller may know of tell of images.

        A shared image is listed by those of others too: what became of these is not for the caller.
        """
        found = self._freshness.get(caller)
        if found is None:
            found = Freshness({state.scope: state for state in own_scopes(self.states, caller)})
            if len(self._freshness) < _CALLERS:
                self._freshness[caller] = found
        return found

    def catalog(self, generation: str, caller: Caller) -> bytes:
        """Write the `catalog` section of an answer."""
        key = (generation, caller)
        found = self._catalogs.get(key)
        if found is None:
            found = catalog(generation, self.states, caller)
            if len(self._catalogs) < _CATALOGS:
                self._catalogs[key] = found
        return found


class Watched(Protocol):
    """What of a ledger is looked at."""

    async def revision(self) -> int:
        """Give a number that grows with every write."""
        ...

    async def scope_states(self) -> Mapping[str, ScopeState]:
        """Give the last state of every scope by its id."""
        ...

    async def runs(self, limit: int) -> Sequence[Run]:
        """Give the last runs, newest first."""
        ...


class LedgerView:
    """Keeps what was read last, and looks in the background whether it is still so."""

    def __init__(self, ledger: Watched, monotonic: Callable[[], float]) -> None:
        self._ledger = ledger
        self._monotonic = monotonic
        self._looked = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._read: _Read | None = None
        self._failing = False

    async def current(self, generation: str) -> Revision:
        """Give the ledger as it is now, or was a moment ago, of a generation.

        What a later run learnt while it published another generation is not what this one shows: until the
        other is taken over, the age told is that of the images told. Who asks before anything was read, or
        for a generation that no run read tells of, waits for the look that is under way: for such a one only
        until a look has ended, as perhaps no run will ever tell of it. Raises EngineError as long as nothing
        was read; afterwards what was read goes on.
        """
        self._look()
        if self._looking is not None and (self._read is None or self._read.may_yet_tell_of(generation)):
            # Shielded, as the look is for all who wait and not for this caller alone.
            await asyncio.shield(self._looking)
            if self._read is not None:
                self._read.looked_for.add(generation)
        if self._read is None:
            raise EngineError("the ledger was closed before it was read")
        return self._read.revision(generation)

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _look(self) -> None:
        """Look in the background whether the ledger has changed, unless that was seen a moment ago."""
        if self._looking is not None and not self._looking.done():
            return
        now = self._monotonic()
        if self._read is None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._looking = asyncio.create_task(self._take())

    async def _take(self) -> None:
        """Read the ledger where it has changed. Raises EngineError only as long as nothing was read."""
        try:
            number = await self._ledger.revision()
            if self._read is None or number != self._read.number:
                states = await self._ledger.scope_states()
                self._read = _Read(number, states, await self._ledger.runs(_RUNS))
            self._failing = False
        except EngineError as error:
            if self._read is None:
                raise
            if not self._failing:
                self._failing = True
                _log.warning("the ledger cannot be read, answers tell what it was before: %s", error)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of the ledger at one time, and what it comes to for each generation asked for."""

    number: int
    states: Mapping[str, ScopeState]
    runs: Sequence[Run]
    looked_for: set[str] = field(default_factory=set, init=False, repr=False)
    """Generations for which it was waited whether a run tells of them."""
    _revisions: dict[str, Revision] = field(default_factory=dict, init=False, repr=False)

    def may_yet_tell_of(self, generation: str) -> bool:
        """Tell whether no run read published or confirmed a generation, and none was looked for."""
        return generation not in self.looked_for and self._run(generation) is None

    def revision(self, generation: str) -> Revision:
        """Give the ledger as a generation shows it."""
        found = self._revisions.get(generation)
        if found is None:
            found = self._revisions[generation] = Revision(self.number, self._states_of(generation))
        return found

    def _states_of(self, generation: str) -> Mapping[str, ScopeState]:
        """Give the states as the last run of a generation left them.

        Of a scope that was not due in it stands what an earlier run found, unless a later one has looked.
        """
        run = self._run(generation)
        if run is None:
            return self.states
        left = {one.scope: one for one in run.scopes if not self._stands(one)}
        return {**self.states, **left}

    def _stands(self, state: ScopeState) -> bool:
        """Tell whether what the ledger holds of a scope is what stood when a run passed it by."""
        if state.state is not State.NOT_DUE:
            return False
        now = self.states.get(state.scope)
        return now is None or now.last_attempt <= state.last_attempt

    def _run(self, generation: str) -> Run | None:
        return next((run for run in self.runs if run.generation == generation), None)


_RUNS = 20
"""Runs among which the last one of a generation is looked for."""

"""`LedgerView`: the ledger as answers show it, read again when it has changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engines.ledger import Ledger, Run, ScopeState
from search_api.caller import Caller
from search_api.catalog import catalog, own_scopes
from search_api.freshness import Freshness

_CATALOGS = 1024
_CALLERS = 256

LOOK_SECONDS = 0.1
"""The ledger is asked whether it has changed at most so often."""


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


class LedgerView:
    """Keeps the last revision that was read, for each generation that was asked for."""

    def __init__(self, ledger: Ledger, monotonic: Callable[[], float]) -> None:
        self._ledger = ledger
        self._monotonic = monotonic
        self._looked: float | None = None
        self._number = -1
        self._states: Mapping[str, ScopeState] = {}
        self._runs: Sequence[Run] = ()
        self._revisions: dict[str, Revision] = {}

    async def current(self, generation: str) -> Revision:
        """Give the ledger as it is now, or was a moment ago, of a generation.

        What a later run learnt while it published another generation is not what this one shows: until the
        other is taken over, the age told is that of the images told.
        """
        now = self._monotonic()
        if self._looked is None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            await self._look()
        revision = self._revisions.get(generation)
        if revision is None:
            revision = self._revisions[generation] = Revision(self._number, self._states_of(generation))
        return revision

    async def _look(self) -> None:
        number = await self._ledger.revision()
        if number != self._number:
            self._states = await self._ledger.scope_states()
            self._runs = await self._ledger.runs(_RUNS)
            self._number = number
            self._revisions = {}

    def _states_of(self, generation: str) -> Mapping[str, ScopeState]:
        run = next((run for run in self._runs if run.generation == generation), None)
        return self._states if run is None else {**self._states, **{one.scope: one for one in run.scopes}}


_RUNS = 20
"""Runs among which the last one of a generation is looked for."""

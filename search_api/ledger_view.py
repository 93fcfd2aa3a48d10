"""`LedgerView`: the ledger as answers show it, read again when it has changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engines.ledger import Ledger, ScopeState
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
    """Keeps the last revision that was read."""

    def __init__(self, ledger: Ledger, monotonic: Callable[[], float]) -> None:
        self._ledger = ledger
        self._monotonic = monotonic
        self._last: Revision | None = None
        self._looked = 0.0

    async def current(self) -> Revision:
        """Give the ledger as it is now, or was a moment ago."""
        last, now = self._last, self._monotonic()
        if last is not None and now - self._looked < LOOK_SECONDS:
            return last
        self._looked = now
        number = await self._ledger.revision()
        if last is None or last.number != number:
            last = self._last = Revision(number, await self._ledger.scope_states())
        return last

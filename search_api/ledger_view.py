"""`LedgerView`: the ledger as answers show it, read again when it has changed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from engines.ledger import Ledger
from search_api.caller import Caller
from search_api.catalog import catalog
from search_api.freshness import Freshness

_CATALOGS = 1024

LOOK_SECONDS = 0.1
"""The ledger is asked whether it has changed at most so often."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The ledger as of one revision."""

    number: int
    freshness: Freshness
    _catalogs: dict[tuple[str, Caller], bytes] = field(default_factory=dict, init=False, repr=False)

    def catalog(self, generation: str, caller: Caller) -> bytes:
        """Write the `catalog` section of an answer."""
        key = (generation, caller)
        found = self._catalogs.get(key)
        if found is None:
            found = catalog(generation, self.freshness.states, caller)
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
            last = self._last = Revision(number, Freshness(await self._ledger.scope_states()))
        return last

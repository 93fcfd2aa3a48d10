"""`LedgerView`: the ledger as answers show it, read again when it has changed."""

from dataclasses import dataclass, field

from engines.ledger import Ledger
from search_api.caller import Caller
from search_api.catalog import catalog
from search_api.freshness import Freshness

_CATALOGS = 1024


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

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last: Revision | None = None

    async def current(self) -> Revision:
        """Give the ledger as it is now."""
        number = await self._ledger.revision()
        last = self._last
        if last is None or last.number != number:
            last = self._last = Revision(number, Freshness(await self._ledger.scope_states()))
        return last

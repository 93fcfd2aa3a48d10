"""`Choice`: what a run is about."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """What is due: ids of scopes, and names of sources with a slash behind them; all if it is None.

    `accepted` are scopes whose listing is believed in this run, however much it lost.
    """

    due: AbstractSet[str] | None = None
    accepted: AbstractSet[str] = frozenset()

    def covers(self, scope: str) -> bool:
        """Tell whether a scope is due."""
        return self.due is None or scope in self.due or f"{scope.split('/', maxsplit=1)[0]}/" in self.due


EVERYTHING = Choice()

NOTHING_DUE = Choice(frozenset())
"""Of a run that asks no cloud."""

"""`Known`: what is known of a generation before it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from engines.query import EXACT_VALUES


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a sealed generation says of itself; equal to itself alone, so that what follows is remembered.

    `distinct` holds for each facet field how many values it has, `derived` the fields whose value a rule
    filled in, in some document.
    """

    generation: str
    distinct: Mapping[str, int]
    derived: frozenset[str]

    def exact(self, name: str) -> bool:
        """Tell whether all values of a facet field can be counted at once."""
        return self.distinct.get(name, 0) <= EXACT_VALUES

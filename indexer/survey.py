"""`Survey`: what a plan would change as long as nobody is asked, and what is missing from which scope."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from engines.ledger import Memory
from indexer.fate import Fate, key_hash
from indexer.missing import NAMED, unpacked
from indexer.plan import Decision
from indexer.tally import Tally
from mappings.document import Stored


@dataclass(slots=True)
class Unlisted:
    """Keys of images that a scope keeps without listing them: those behind `asked`, and the very first."""

    asked: str
    behind: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Take one more, by ascending key."""
        keys = self.behind if key > self.asked else self.first
        if len(keys) < NAMED:
            keys.append(key)

    @property
    def in_turn(self) -> list[str]:
        """The keys in the order in which they are to be asked for."""
        return [*self.behind, *self.first]


class Survey:
    """Counts of a plan by which nothing that is missing ends, shared scopes excepted.

    `before` counts by scope what its last whole listing showed: not what was missing from it already.
    """

    def __init__(self, memories: Mapping[str, Memory]) -> None:
        self.tally = Tally()
        self.before: Counter[str] = Counter()
        self.unlisted: dict[str, Unlisted] = {}
        self._missing = {scope: unpacked(memory.missing) for scope, memory in memories.items()}
        self._asked = defaultdict(str, {scope: memory.asked or "" for scope, memory in memories.items()})

    def count(self, decisions: Iterable[Decision]) -> None:
        """Add what was decided."""
        decisions = tuple(decisions)
        self.tally.count(decisions)
        for decision in decisions:
            if decision.before is not None:
                self._look(decision, decision.before)

    def _look(self, decision: Decision, before: Stored) -> None:
        internal = orjson.loads(before.internal)
        away = internal.get("unlisted_by", ())
        for scope in internal.get("scopes", ()):
            fate = decision.fates[scope]
            if scope not in away:
                known = fate is Fate.MISSING and key_hash(decision.key) in self._missing.get(scope, ())
                self.before[scope] += not known
            elif fate is Fate.UNLISTED:
                self.unlisted.setdefault(scope, Unlisted(self._asked[scope])).add(decision.key)

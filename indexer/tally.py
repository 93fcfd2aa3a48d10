"""`Tally`: the counts of a plan, in all and per scope."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engines.base import Expected
from indexer.plan import Change, Decision


@dataclass(slots=True)
class Tally:
    """Counts of documents. `in_scope` is what each scope will list; `seen` and `carried` are its parts."""

    changes: Counter[Change] = field(default_factory=Counter)
    in_scope: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    carried: Counter[str] = field(default_factory=Counter)
    disputed: int = 0

    def count(self, decisions: Iterable[Decision]) -> None:
        """Add what was decided."""
        for decision in decisions:
            self.changes[decision.change] += 1
            self.in_scope.update((*decision.listed, *decision.carried))
            self.seen.update(decision.listed)
            self.carried.update(decision.carried)
            self.disputed += decision.disputed

    @property
    def documents(self) -> int:
        """How many documents the next generation holds."""
        return self.changes.total() - self.changes[Change.REMOVED]

    @property
    def nothing_changed(self) -> bool:
        """All documents are those that are served."""
        return self.changes.total() == self.changes[Change.SAME]

    @property
    def expected(self) -> Expected:
        """What the finished build has to hold."""
        per_scope: Mapping[str, int] = dict(self.in_scope)
        return Expected(self.documents, per_scope)

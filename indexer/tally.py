"""`Tally`: the counts of a plan, in all and per scope."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engines.base import Expected
from indexer.fate import Fate
from indexer.missing import Missing
from indexer.plan import Change, Decision


@dataclass(slots=True)
class Tally:
    """Counts of documents. `in_scope` is what each scope will hold; `seen`, `carried` and `unlisted` are its
    parts, `missing` is a part of what is carried.
    """

    changes: Counter[Change] = field(default_factory=Counter)
    in_scope: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    carried: Counter[str] = field(default_factory=Counter)
    unlisted: Counter[str] = field(default_factory=Counter)
    missing: defaultdict[str, Missing] = field(default_factory=lambda: defaultdict(Missing))
    disputed: int = 0

    def count(self, decisions: Iterable[Decision]) -> None:
        """Add what was decided."""
        for decision in decisions:
            self.changes[decision.change] += 1
            self.disputed += decision.disputed
            for scope, fate in decision.fates.items():
                self._count(scope, fate, decision.key)

    def _count(self, scope: str, fate: Fate, key: str) -> None:
        if fate is Fate.ENDED:
            return
        self.in_scope[scope] += 1
        if fate is Fate.LISTED:
            self.seen[scope] += 1
        elif fate is Fate.UNLISTED:
            self.unlisted[scope] += 1
        else:
            self.carried[scope] += 1
            if fate is Fate.MISSING:
                self.missing[scope].add(key)

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

"""`Recorded`, the run that was written last, and `Settled`, what followed from those before it. Pure.

A run that was restored brings all of its ledger: the states and memories in it are all there are, and only
runs from the place `floor` on count. Runs restored along with it have the revision 0, and count once it does.
"""

from dataclasses import dataclass, replace

import orjson

from engines.ledger import Memory, Run, ScopeState, State
from engines.ledger_entry import entry_of, read_memory, read_run, read_scope_state
from engines.opensearch.ledger_indices import run_document
from engines.opensearch.reply import part, text, whole

RECORDED: dict[str, object] = {"range": {"revision": {"gte": 1}}}
"""Holds for the documents of runs but for those that are being restored."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as it was written. `states` is None unless it was restored."""

    run: Run
    place: int
    revision: int
    memories: tuple[Memory, ...]
    states: tuple[ScopeState, ...] | None = None
    floor: int = 0
    dropped: int = 0

    @property
    def standing(self) -> tuple[ScopeState, ...]:
        """The states that the run brings; of a scope that was not due stays what stood."""
        if self.states is not None:
            return self.states
        return tuple(state for state in self.run.scopes if state.state is not State.NOT_DUE)

    @property
    def purged(self) -> tuple[str, ...]:
        """The scopes of which nothing is known any more."""
        return self.run.purged if self.states is None else ()


def recorded_document(recorded: Recorded) -> dict[str, object]:
    """Give the document of a run."""
    document = run_document(recorded.run, recorded.place, recorded.revision, recorded.memories)
    if recorded.states is None:
        return document
    states = [entry_of(state).decode() for state in recorded.states]
    return {**document, "states": states, "floor": recorded.floor, "dropped": recorded.dropped}


def read_recorded(hit: object) -> Recorded:
    """Read the document of a run. Raises EngineError for what is none."""
    memories, states = part(hit, "_source", "memories"), part(hit, "_source", "states")
    floor, dropped = part(hit, "_source", "floor"), part(hit, "_source", "dropped")
    return Recorded(
        read_run(text(hit, "_source", "entry")),
        whole(hit, "_source", "place"),
        whole(hit, "_source", "revision"),
        tuple(read_memory(str(entry)) for entry in memories) if isinstance(memories, list) else (),
        tuple(read_scope_state(str(entry)) for entry in states) if isinstance(states, list) else None,
        floor if isinstance(floor, int) else 0,
        dropped if isinstance(dropped, int) else 0,
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """Up to which revision all is settled, the places whose changes count, and what was dropped of them.

    Runs count from the place `floor` on; those up to `ceiling` were restored.
    """

    revision: int = 0
    places: frozenset[int] = frozenset()
    dropped: int = 0
    floor: int = 0
    ceiling: int = 0

    def with_run(self, last: Recorded) -> "Settled":
        """Count the last run in."""
        floor = max(self.floor, last.floor)
        return Settled(
            max(self.revision, last.revision),
            frozenset(place for place in self.places if place >= floor) | {last.place},
            max(self.dropped, last.dropped),
            floor,
            self.ceiling if last.states is None else last.place,
        )

    @property
    def runs(self) -> dict[str, object]:
        """Holds for the documents of runs that count."""
        restored = {"range": {"place": {"lte": self.ceiling}}}
        return {
            "bool": {
                "filter": [{"range": {"place": {"gte": self.floor}}}],
                "should": [RECORDED, restored],
                "minimum_should_match": 1,
            }
        }


def read_settled(value: str | None) -> Settled:
    """Read what is kept in a cell."""
    if value is None:
        return Settled()
    found = orjson.loads(value)
    return replace(Settled(**found), places=frozenset(found["places"]))


def settled_text(settled: Settled) -> str:
    """Write what is kept in a cell."""
    return orjson.dumps(
        {
            "revision": settled.revision,
            "places": sorted(settled.places),
            "dropped": settled.dropped,
            "floor": settled.floor,
            "ceiling": settled.ceiling,
        }
    ).decode()

"""The indices of the ledger, as a person finds them in Dashboards: mappings, and the documents in them. Pure.

Beside what can be looked at, filtered and sorted each document holds the whole entry, which is what is read
back.
"""

from collections.abc import Sequence
from hashlib import blake2b

from engines.ledger import Memory, Run, ScopeState, State
from engines.ledger_entry import entry_of

LEDGER_FORMAT = 3
"""Stands in `_meta` of both mappings; goes up when these documents change."""

_KEYWORD = {"type": "keyword", "ignore_above": 8191}
"""At most 32,764 bytes of UTF-8, which Lucene takes as one term."""

_KEPT = {"type": "keyword", "index": False, "doc_values": False}


def index_body(properties: dict[str, object]) -> dict[str, object]:
    """Give settings and mappings of an index of the ledger."""
    return {
        "settings": {"index": {"hidden": True, "number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"dynamic": "strict", "_meta": {"format": LEDGER_FORMAT}, "properties": properties},
    }


RUNS: dict[str, object] = {
    "run": _KEYWORD,
    "place": {"type": "long"},
    "revision": {"type": "long"},
    "started": {"type": "date"},
    "finished": {"type": "date"},
    "outcome": _KEYWORD,
    "exit": {"type": "long"},
    "reason": _KEYWORD,
    "generation": _KEYWORD,
    "documents": {"type": "long"},
    "added": {"type": "long"},
    "changed": {"type": "long"},
    "removed": {"type": "long"},
    "unlisted": {"type": "long"},
    "refused": {"type": "long"},
    "problems": _KEYWORD,
    "scopes_complete": {"type": "long"},
    "scopes_total": {"type": "long"},
    "entry": _KEPT,
    "memories": _KEPT,
    "states": _KEPT,
    "floor": {"type": "long"},
    "dropped": {"type": "long"},
}
"""`place` orders the runs, and stays when one is recorded again; `revision` grows with every write. Documents
without a place are cells: the number drawn last, what is settled, what a run intends. The last three are of
a ledger that was restored: see `settled`.
"""

SCOPES: dict[str, object] = {
    "scope": _KEYWORD,
    "revision": {"type": "long"},
    "run": _KEYWORD,
    "state": _KEYWORD,
    "reason": _KEYWORD,
    "last_attempt": {"type": "date"},
    "last_complete": {"type": "date"},
    "seen": {"type": "long"},
    "carried": {"type": "long"},
    "entry": _KEPT,
    "remembered": _KEYWORD,
}
"""`revision` and `run` are those that brought the state. Documents with `remembered` in place of `scope` hold
what is remembered of one.
"""

CHANGES: dict[str, object] = {
    "position": {"type": "long"},
    "run": _KEYWORD,
    "at": {"type": "date"},
    "micros": {"type": "long"},
    "kind": _KEYWORD,
    "image": _KEYWORD,
    "key": _KEYWORD,
    "fields": _KEPT,
    "body": _KEPT,
    "internal": _KEPT,
    "seen": _KEPT,
}
"""`micros` is the moment `at` in microseconds since 1970."""


def run_document(run: Run, place: int, revision: int, memories: Sequence[Memory] = ()) -> dict[str, object]:
    """Give the document of a run."""
    return {
        "run": run.run,
        "place": place,
        "revision": revision,
        "started": run.started,
        "finished": run.finished,
        "outcome": run.outcome,
        "exit": run.exit,
        "reason": run.reason,
        "generation": run.generation,
        "documents": run.documents,
        "added": run.added,
        "changed": run.changed,
        "removed": run.removed,
        "unlisted": run.unlisted,
        "refused": run.refused,
        "problems": [f"{name}: {count}" for name, count in run.problems.items()],
        "scopes_complete": sum(state.state is State.COMPLETE for state in run.scopes),
        "scopes_total": len(run.scopes),
        "entry": entry_of(run).decode(),
        "memories": [entry_of(memory).decode() for memory in memories],
    }


def scope_document(state: ScopeState, run: str, revision: int) -> dict[str, object]:
    """Give the document of a scope."""
    return {
        "scope": state.scope,
        "revision": revision,
        "run": run,
        "state": state.state,
        "reason": state.reason,
        "last_attempt": state.last_attempt,
        "last_complete": state.last_complete,
        "seen": state.seen,
        "carried": state.carried,
        "entry": entry_of(state).decode(),
    }


def memory_document(memory: Memory) -> dict[str, object]:
    """Give the document of what is remembered of a scope."""
    return {"remembered": memory.scope, "entry": entry_of(memory).decode()}


def identity(name: str) -> str:
    """Give the `_id` of a run or scope: its name, or a hash of one that is longer than an `_id` may be."""
    encoded = name.encode()
    return name if len(encoded) <= 512 else f"#{blake2b(encoded, digest_size=16).hexdigest()}"

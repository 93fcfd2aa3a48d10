"""Runs and scope states as the JSON that every engine keeps them in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from engines.base import EngineError
from engines.ledger import Outcome, Run, ScopeState, State


def entry_of(kept: Run | ScopeState) -> bytes:
    """Write a run or the state of a scope."""
    return orjson.dumps(kept)


def read_run(entry: bytes | str) -> Run:
    """Read a run. Raises EngineError for what is none."""
    try:
        found = orjson.loads(entry)
        return Run(
            **{
                **found,
                "started": datetime.fromisoformat(found["started"]),
                "finished": datetime.fromisoformat(found["finished"]),
                "outcome": Outcome(found["outcome"]),
                "scopes": tuple(map(_state, found["scopes"])),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the ledger holds a run that this version cannot read: {error}") from error


def read_scope_state(entry: bytes | str) -> ScopeState:
    """Read the state of a scope. Raises EngineError for what is none."""
    try:
        return _state(orjson.loads(entry))
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            f"the ledger holds the state of a scope that this version cannot read: {error}"
        ) from error


def _state(found: Mapping[str, Any]) -> ScopeState:
    complete = found["last_complete"]
    return ScopeState(
        **{
            **found,
            "state": State(found["state"]),
            "last_attempt": datetime.fromisoformat(found["last_attempt"]),
            "last_complete": None if complete is None else datetime.fromisoformat(complete),
        }
    )

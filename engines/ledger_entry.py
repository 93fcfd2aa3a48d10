"""What a ledger holds, as the JSON that every engine keeps it in."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from engines.base import EngineError
from engines.ledger import FieldChange, Intention, Memory, Outcome, Run, ScopeState, Smaller, State


def entry_of(kept: Run | ScopeState | Memory | Intention) -> bytes:
    """Write a run, the state of a scope, what is remembered of one, or what a run intends."""
    return orjson.dumps(kept, default=_text)


def fields_entry(fields: Mapping[str, FieldChange]) -> bytes:
    """Write what an image's record said before and says now."""
    return orjson.dumps({name: [change.before, change.after] for name, change in fields.items()})


def read_fields(entry: bytes | str) -> dict[str, FieldChange]:
    """Read what `fields_entry` wrote. Raises EngineError for what is none."""
    try:
        return {name: FieldChange(*values) for name, values in orjson.loads(entry).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise EngineError(f"the ledger holds a change that this version cannot read: {error}") from error


def seen_entry(seen: Mapping[str, datetime]) -> bytes:
    """Write when scopes were listed last."""
    return orjson.dumps(seen)


def read_seen(entry: bytes | str) -> dict[str, datetime]:
    """Read what `seen_entry` wrote. Raises EngineError for what is none."""
    try:
        return {scope: datetime.fromisoformat(moment) for scope, moment in orjson.loads(entry).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise EngineError(f"the ledger holds a change that this version cannot read: {error}") from error


def read_run(entry: bytes | str) -> Run:
    """Read a run. Raises EngineError for what is none."""
    try:
        return _run(orjson.loads(entry))
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


def read_memory(entry: bytes | str) -> Memory:
    """Read what is remembered of a scope. Raises EngineError for what is none."""
    try:
        return _memory(orjson.loads(entry))
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(
            f"the ledger holds the memory of a scope that this version cannot read: {error}"
        ) from error


def read_intention(entry: bytes | str) -> Intention:
    """Read what a run intended. Raises EngineError for what is none."""
    try:
        found = orjson.loads(entry)
        return Intention(_run(found["run"]), tuple(map(_memory, found["memories"])))
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the ledger holds an intention that this version cannot read: {error}") from error


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not kept in a ledger")


def _run(found: Mapping[str, Any]) -> Run:
    return Run(
        **{
            **found,
            "started": datetime.fromisoformat(found["started"]),
            "finished": datetime.fromisoformat(found["finished"]),
            "outcome": Outcome(found["outcome"]),
            "scopes": tuple(map(_state, found["scopes"])),
            "notes": tuple(found.get("notes", ())),
            "purged": tuple(found.get("purged", ())),
        }
    )


def _memory(found: Mapping[str, Any]) -> Memory:
    smaller, fetched = found["smaller"], found.get("fetched")
    return Memory(
        **{
            **found,
            "missing": base64.b64decode(found["missing"], validate=True),
            "smaller": None
            if smaller is None
            else Smaller(**{**smaller, "since": datetime.fromisoformat(smaller["since"])}),
            "fetched": None if fetched is None else datetime.fromisoformat(fetched),
        }
    )


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

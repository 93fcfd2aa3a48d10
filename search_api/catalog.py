"""The `catalog` of an answer: which generation, how old, and which scopes are not whole."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson

from engines.ledger import ScopeState, State
from mappings.date import date_text, from_datetime
from mappings.scope import granted_by
from search_api.caller import Caller


def catalog(generation: str, states: Mapping[str, ScopeState], caller: Caller) -> bytes:
    """Write the section for a caller: it tells of the public scopes and those of the caller's projects.

    `as_of` is that of `confirmed` among them.
    """
    mine = own_scopes(states, caller)
    incomplete = [state for state in mine if state.state is State.INCOMPLETE]
    return orjson.dumps(
        {
            "generation": generation,
            "as_of": moment(confirmed(mine)),
            "scopes": {"complete": len(mine) - len(incomplete), "total": len(mine)},
            "incomplete": [
                {
                    "scope": state.scope,
                    "reason": state.reason,
                    "last_complete": moment(state.last_complete),
                    "carried": state.carried,
                }
                for state in incomplete
            ],
        }
    )


def confirmed(states: Iterable[ScopeState]) -> datetime | None:
    """Give since when all that is told of scopes is confirmed: the start of the oldest last whole listing.

    One that failed, or is held, or was not due confirms nothing, whatever the run that it was in came to.
    """
    return min((one.last_complete for one in states if one.last_complete is not None), default=None)


def own_scopes(states: Mapping[str, ScopeState], caller: Caller) -> list[ScopeState]:
    """Give the scopes that a caller may know of, by id."""
    return [states[scope] for scope in sorted(states) if may_know(scope, caller)]


def may_know(scope: str, caller: Caller) -> bool:
    """Whether a scope is public or of one of the caller's projects."""
    granted = granted_by(scope)
    return caller.projects is None or not granted or not caller.projects.isdisjoint(granted)


def moment(given: datetime | None) -> str | None:
    """Write a moment as answers show it."""
    return None if given is None else date_text(from_datetime(given))

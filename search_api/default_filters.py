"""The four filters that hold unless a question speaks of what they are about."""

from functools import lru_cache

from mappings.filter import Condition, Filter, Not, Operator
from search_api.clause import Clause

_USABLE = "usable"
"""Says itself what the four are there for."""


def default_clauses(mentioned: frozenset[str]) -> tuple[Clause, ...]:
    """Give those that hold for a question that mentions these fields, negated or not."""
    if _USABLE in mentioned:
        return ()
    return _without(mentioned & _FIELDS)


@lru_cache(maxsize=16)
def _without(mentioned: frozenset[str]) -> tuple[Clause, ...]:
    return tuple(clause for field, clause in _DEFAULTS.items() if field not in mentioned)


def _default(given: Filter, label: str, why: str) -> Clause:
    return Clause(
        filter=given, label=label, why=why, source="default", negated=isinstance(given, Not), default=True
    )


_DEFAULTS = {
    "status": _default(
        Condition("status", Operator.IN, ("active",)),
        "Status: active",
        "Only an active image can be used; name status to see others.",
    ),
    "deleted": _default(
        Not(Condition("deleted", Operator.IN, (True,))),
        "not deleted",
        "A deleted image cannot be used; name deleted to see such.",
    ),
    "registered": _default(
        Not(Condition("registered", Operator.IN, (False,))),
        "not unregistered",
        "An image that says it is not registered cannot be used; name registered to see such.",
    ),
    "listed": _default(
        Condition("listed", Operator.IN, (True,)),
        "in the list",
        "An image that left the list is not offered any more; name listed to see such.",
    ),
}
_FIELDS = frozenset(_DEFAULTS)

"""Clauses from fields that a request names itself, rather than in its sentence."""

from collections.abc import Sequence

from mappings.filter import Condition, Filter, Not, Operator, Or, Value
from search_api.clause import Clause
from search_api.explain import label_of

_BOUNDS = frozenset((Operator.LT, Operator.LTE, Operator.GT, Operator.GTE))


def demand(given: Filter, source: str, why: str) -> Clause:
    """Make the clause of a filter that was named at `source`."""
    return Clause(filter=given, label=label_of(given), why=why, source=source, negated=isinstance(given, Not))


def combined(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Combine what was given for one field: values by or, bounds and negations by and."""
    if len(filters) == 1:
        return (filters[0],)
    narrowing = [part for part in filters if narrows(part)]
    values = [part for part in filters if not narrows(part)]
    return (*_either(values), *dict.fromkeys(narrowing))


def narrows(given: Filter) -> bool:
    """Whether a filter is a bound or a negation: of a field, these must all hold; values are alternatives."""
    match given:
        case Condition(operator=operator):
            return operator in _BOUNDS
        case Not(Condition(operator=Operator.EXISTS)):
            return False
        case Not():
            return True
        case _:
            return False


def _either(filters: list[Filter]) -> tuple[Filter, ...]:
    """Join alternatives; those that compare with values become one condition."""
    compared: dict[str, dict[Value, None]] = {}
    others: dict[Filter, None] = {}
    for part in filters:
        match part:
            case Condition(field=name, operator=Operator.IN):
                compared.setdefault(name, {}).update(dict.fromkeys(part.values))
            case _:
                others[part] = None
    parts = [*(Condition(name, Operator.IN, tuple(values)) for name, values in compared.items()), *others]
    if not parts:
        return ()
    return (parts[0],) if len(parts) == 1 else (Or(tuple(parts)),)

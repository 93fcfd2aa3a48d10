"""Allowance: how large a query is and what its wildcards cost, held against what they may."""

from engines.costs import HITS, check_size, patterns_too_costly
from engines.embedded.condition import documents
from engines.embedded.index import Index
from engines.embedded.wildcard import BUDGET
from engines.query import FieldFacet, FilterFacet, Query
from mappings.filter import Condition, Filter, Not, Operator, conditions, conjuncts


def check_cost(query: Query, index: Index) -> None:
    """Refuse a query that is too large or whose wildcards cost too much, whatever is remembered.

    Raises as `check_size` and `condition.documents` do, TooCostly for wildcards.
    """
    if _is_cheap(query):
        return
    check_size(query)
    every = list(conditions(query.filter))
    for facet in query.facets:
        if isinstance(facet, FilterFacet):
            for _, part in facet.filters:
                every += conditions(part)
    patterns = [condition for condition in every if condition.operator is Operator.WILDCARD]
    spent = 0
    for pattern in dict.fromkeys(patterns):
        spent += _cost(pattern, index)
        if spent > BUDGET:
            raise patterns_too_costly()


def _is_cheap(query: Query) -> bool:
    """Whether a query compares with values only, as most do: nothing of it is to be looked at further."""
    return (
        query.limit <= HITS
        and not query.text
        and _FIELD_FACETS.issuperset(map(type, query.facets))
        and all(map(_compares, conjuncts(query.filter)))
    )


def _compares(part: Filter) -> bool:
    condition = part.filter if isinstance(part, Not) else part
    return isinstance(condition, Condition) and condition.operator not in _LOOKING


_FIELD_FACETS = frozenset((FieldFacet,))
_LOOKING = frozenset((Operator.WILDCARD, Operator.MATCH, Operator.PHRASE))


def _cost(pattern: Condition, index: Index) -> int:
    cost = index.costs.get(pattern)
    if cost is None:
        index.recent.put(pattern, documents(pattern, index))
        cost = index.costs.get(pattern) or 0
    return cost

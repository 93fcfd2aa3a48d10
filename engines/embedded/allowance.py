"""Allowance: how large a query is and what its wildcards cost, held against what they may."""

from engines.costs import check_size, patterns_too_costly
from engines.embedded.condition import documents
from engines.embedded.index import Index
from engines.embedded.wildcard import BUDGET
from engines.query import FilterFacet, Query
from mappings.filter import Condition, Operator, conditions


def check_cost(query: Query, index: Index) -> None:
    """Refuse a query that is too large or whose wildcards cost too much, whatever is remembered.

    Raises as `check_size` and `condition.documents` do, TooCostly for wildcards.
    """
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


def _cost(pattern: Condition, index: Index) -> int:
    cost = index.costs.get(pattern)
    if cost is None:
        index.recent.put(pattern, documents(pattern, index))
        cost = index.costs.get(pattern) or 0
    return cost

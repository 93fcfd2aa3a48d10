"""Allowance: what a query may ask for at once, so that a node takes it."""

from collections.abc import Iterable

from engines.costs import patterns_too_costly, words_too_costly
from engines.opensearch.condition import Clause
from engines.opensearch.pattern import is_vague
from engines.query import FilterFacet, Query
from mappings.filter import Condition, Operator, conditions

VAGUE_PATTERNS = 16
"""Different patterns without a longer run of characters that one query may hold: each visits many values."""

CLAUSES = 1_000
"""Clauses of one query: a node takes 1,024 unless it is told otherwise."""


def check_patterns(query: Query) -> None:
    """Refuse a query whose patterns, those of named filters too, are too vague. Raises TooCostly."""
    vague = {
        condition
        for condition in _conditions(query)
        if condition.operator is Operator.WILDCARD and is_vague(str(condition.values[0]))
    }
    if len(vague) > VAGUE_PATTERNS:
        raise patterns_too_costly()


def check_clauses(*queries: Clause) -> None:
    """Refuse queries of more clauses than a node takes. Raises TooCostly."""
    if any(_clauses(query) > CLAUSES for query in queries):
        raise words_too_costly()


def _conditions(query: Query) -> Iterable[Condition]:
    yield from conditions(query.filter)
    for facet in query.facets:
        if isinstance(facet, FilterFacet):
            for _, given in facet.filters:
                yield from conditions(given)


def _clauses(given: object) -> int:
    """Count the leaves of a query."""
    if isinstance(given, list):
        return sum(map(_clauses, given))
    if not isinstance(given, dict):
        return 0
    ((kind, content),) = given.items()
    if kind == "bool":
        return sum(_clauses(part) for part in content.values())
    if kind == "constant_score":
        return _clauses(content["filter"])
    return 1

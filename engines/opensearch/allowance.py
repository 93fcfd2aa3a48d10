"""Allowance: what a query may ask for at once, so that a node takes it."""

from collections.abc import Iterable

from engines.costs import clauses_too_costly, patterns_too_costly
from engines.opensearch.condition import Clause
from engines.opensearch.pattern import is_vague, steps
from engines.opensearch.reply import entries, part
from engines.query import FilterFacet, Query
from mappings.filter import Condition, Operator, conditions
from mappings.opensearch import mapping

VAGUE_PATTERNS = 16
"""Different patterns without a longer run of characters that one query may hold: each visits many values."""

STEPS = 100_000
"""What it may take to make the automata of all different patterns of a query."""

CLAUSES = 1_000
"""Clauses of one query: a node takes 1,024 unless it is told otherwise."""


def check_patterns(query: Query) -> None:
    """Refuse a query whose patterns, those of named filters too, are too vague. Raises TooCostly."""
    patterns = {condition for condition in _conditions(query) if condition.operator is Operator.WILDCARD}
    vague, taken = 0, 0
    for text in [str(pattern.values[0]) for pattern in patterns]:
        vague += is_vague(text)
        taken += steps(text)
        if vague > VAGUE_PATTERNS or taken > STEPS:
            raise patterns_too_costly()


def check_clauses(*queries: Clause) -> None:
    """Refuse queries of more clauses than a node takes. Raises TooCostly."""
    if any(_clauses(query) > CLAUSES for query in queries):
        raise clauses_too_costly()


def _conditions(query: Query) -> Iterable[Condition]:
    yield from conditions(query.filter)
    for facet in query.facets:
        if isinstance(facet, FilterFacet):
            for _, given in facet.filters:
                yield from conditions(given)


def _clauses(given: object) -> int:
    """Count a query as a node does: its leaves, where a comparison of numbers that have doc values is one by
    index and one by value, and where what only forbids demands everything else.
    """
    if isinstance(given, list):
        return sum(map(_clauses, given))
    if not isinstance(given, dict):
        return 0
    ((kind, content),) = given.items()
    if kind == "bool":
        return _clauses([*content.values()]) + int(content.keys() == _FORBIDS)
    if kind == "constant_score":
        return _clauses([content["filter"]])
    return 2 if kind in _COMPARING and not _TWICE.isdisjoint(content) else 1


_FORBIDS = {"must_not"}
_COMPARING = frozenset(("range", "term", "terms"))
_TWICE = frozenset(
    name
    for name, written in entries(mapping(), "properties").items()
    if part(written, "type") == "long" and part(written, "doc_values") is not False
)

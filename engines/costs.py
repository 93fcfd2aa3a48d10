"""What a query may cost, in the words that every engine uses."""

from collections.abc import Iterable, Sequence

from engines.base import TooCostly
from engines.query import FilterFacet, Pivot, Query
from mappings.filter import And, Condition, Filter, Not, Operator, Or, conditions
from mappings.text import tokens

HITS = 5_000
"""Hits that one query may ask for."""

DEPTH = 32
"""Levels of a filter."""

WORDS = 100
"""Different words that a query may look for, those of each named filter of a facet apart."""


def check_size(query: Query) -> None:
    """Refuse what is too large for some engine, in every engine alike.

    Raises ValueError that names the limit, TooCostly for too many words.
    """
    if query.limit > HITS:
        raise ValueError(f"{query.limit} images are too many at once; at most {HITS}")
    _check_depth(query.filter)
    _check_words((*query.text, *conditions(query.filter)))
    for facet in query.facets:
        if isinstance(facet, FilterFacet):
            for _, given in facet.filters:
                _check_depth(given)
                _check_words(conditions(given))


def patterns_too_costly() -> TooCostly:
    """Say what to do about patterns that cost more than a query may."""
    return TooCostly(
        "the patterns with * and ? would take too long: put longer runs of characters between * and ?,"
        " or ask for fewer patterns at once"
    )


def clauses_too_costly() -> TooCostly:
    """Say what to do about a query of more words and conditions than an engine takes at once."""
    return TooCostly("so many words and conditions at once would take too long: ask for fewer of them")


def values_too_costly() -> TooCostly:
    """Say what to do about a query that counts more values than an engine takes at once."""
    return TooCostly(
        "counting so many values at once would take too long: ask for fewer facets, or narrow by filters what"
        " is counted"
    )


def pivot_too_costly(pivot: Pivot) -> TooCostly:
    """Say what to do about a pivot that counts more than a query may."""
    return TooCostly(
        f"counting {pivot.rows} by {pivot.columns} would take too long: narrow by filters what is counted,"
        " or count by a field of fewer values"
    )


def _check_depth(given: Filter) -> None:
    level: Sequence[Filter] = (given,)
    for _ in range(DEPTH):
        nested = [each for each in level if not isinstance(each, Condition)]
        level = [inner for each in nested for inner in _inner(each)]
        if not level:
            return
    raise ValueError(f"a filter is nested too deeply; at most {DEPTH} levels")


def _inner(given: And | Or | Not) -> Sequence[Filter]:
    return (given.filter,) if isinstance(given, Not) else given.filters


def _check_words(given: Iterable[Condition]) -> None:
    asked = [str(each.values[0]) for each in given if each.operator in _WORDS and each.values]
    if asked and len({word for text in asked for word in tokens(text)}) > WORDS:
        raise TooCostly(f"so many different words would take too long: ask for {WORDS} at most")


_WORDS = frozenset((Operator.MATCH, Operator.PHRASE))

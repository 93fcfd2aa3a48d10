"""`fingerprint`: a few bytes that tell resolved questions and their callers apart, equal in every process."""

import hashlib
from collections.abc import Iterable, Iterator

from engines.query import Query
from mappings.filter import And, Condition, Filter, Not, Or
from search_api.caller import Caller

SIZE = 12
"""Bytes of a fingerprint."""


def fingerprint(query: Query, caller: Caller, *further: str) -> bytes:
    """Tell what is asked by whom: filter, text and order, not the page and its facets."""
    projects = "*" if caller.projects is None else repr(sorted(caller.projects))
    asked = (
        projects,
        *_written(query.filter),
        "text",
        *(part for condition in query.text for part in _written(condition)),
        repr([(sort.field, sort.descending) for sort in query.sort]),
        *further,
    )
    return hashlib.blake2b("\0".join(asked).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def _written(given: Filter) -> Iterator[str]:
    """Write a tree in prefix order; the number of parts makes it unambiguous."""
    match given:
        case Condition():
            yield f"{given.field!r} {given.operator} {given.values!r}"
        case Not():
            yield "not"
            yield from _written(given.filter)
        case And():
            yield f"and {len(given.filters)}"
            yield from _all(given.filters)
        case Or():
            yield f"or {len(given.filters)}"
            yield from _all(given.filters)


def _all(filters: Iterable[Filter]) -> Iterator[str]:
    for part in filters:
        yield from _written(part)

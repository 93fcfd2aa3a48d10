"""`fingerprint`: a few bytes that tell resolved questions and their callers apart, equal in every process."""

import hashlib

from engines.query import Query
from mappings.filter import And, Condition, Filter, Not, Or
from search_api.caller import Caller

SIZE = 12
"""Bytes of a fingerprint."""


def fingerprint(query: Query, caller: Caller, *further: str) -> bytes:
    """Tell what is asked by whom: filter, text and order, not the page and its facets."""
    asked = ["*" if caller.projects is None else repr(sorted(caller.projects))]
    _write(query.filter, asked)
    asked.append("text")
    for condition in query.text:
        _write(condition, asked)
    asked.append(repr([(sort.field, sort.descending) for sort in query.sort]))
    asked.extend(further)
    return hashlib.blake2b("\0".join(asked).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def _write(given: Filter, onto: list[str]) -> None:
    """Write a tree in prefix order; the number of parts makes it unambiguous."""
    match given:
        case Condition():
            onto.append(f"{given.field!r} {given.operator} {given.values!r}")
        case Not():
            onto.append("not")
            _write(given.filter, onto)
        case And() | Or():
            onto.append(f"{'and' if isinstance(given, And) else 'or'} {len(given.filters)}")
            for part in given.filters:
                _write(part, onto)

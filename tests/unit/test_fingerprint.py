"""Fingerprints tell questions and callers apart."""

from itertools import combinations

from engines.query import Position, Query, Sort
from mappings.filter import TEXT, And, Condition, Not, Operator, Or
from search_api.caller import OPERATOR, PUBLIC, Caller
from search_api.fingerprint import fingerprint

_A = Condition("platform", Operator.IN, ("Ubuntu",))
_B = Condition("platform", Operator.IN, ("CentOS",))
_QUERIES = (
    Query(),
    Query(filter=_A),
    Query(filter=_B),
    Query(filter=Condition("platform", Operator.IN, ("Ubuntu", "CentOS"))),
    Query(filter=Condition("platform", Operator.PREFIX, ("Ubuntu",))),
    Query(filter=Condition("os_type", Operator.IN, ("Ubuntu",))),
    Query(filter=Condition("min_ram", Operator.IN, (1,))),
    Query(filter=Condition("min_ram", Operator.IN, (True,))),
    Query(filter=Condition("min_ram", Operator.IN, ("1",))),
    Query(filter=Not(_A)),
    Query(filter=And((_A, _B))),
    Query(filter=Or((_A, _B))),
    Query(filter=Or((_A, And((_B,))))),
    Query(filter=Or((And((_A,)), _B))),
    Query(filter=Or((And((_A, _B)),))),
    Query(text=(Condition(TEXT, Operator.MATCH, ("a",)),)),
    Query(sort=(Sort("name"),)),
    Query(sort=(Sort("name", descending=True),)),
)


def test_different_questions_differ() -> None:
    for one, other in combinations(_QUERIES, 2):
        assert fingerprint(one, PUBLIC) != fingerprint(other, PUBLIC), (one, other)


def test_different_callers_differ() -> None:
    callers = [OPERATOR, PUBLIC, *(Caller(frozenset(projects)) for projects in ("*", "a", "ab", "b"))]
    assert len({fingerprint(Query(), caller) for caller in callers}) == len(callers)


def test_the_page_does_not_count() -> None:
    page = Query(filter=_A, limit=3, after=Position((1,), "key"))
    assert fingerprint(page, PUBLIC) == fingerprint(Query(filter=_A), PUBLIC)

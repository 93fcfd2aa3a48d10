"""Access: what a caller's filter lets through, and that nothing else makes what a reader takes."""

import ast
from pathlib import Path

import pytest

import search_api
from engines.query import Query
from mappings.match import matches
from search_api.access import narrow
from search_api.caller import OPERATOR, PUBLIC, Caller
from tests.api.estate import ALICE, BOB, documents, visible

HOUSE = Path(search_api.__file__).parent.parent


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(OPERATOR, id="operator"),
        pytest.param(PUBLIC, id="nobody"),
        pytest.param(Caller(frozenset((ALICE,))), id="who is shared with"),
        pytest.param(Caller(frozenset((BOB,))), id="who shares"),
        pytest.param(Caller(frozenset((ALICE, BOB))), id="both at once"),
        pytest.param(Caller(frozenset(("c" * 32,))), id="a project without images"),
    ],
)
def test_access_lets_through_what_the_caller_may_see_and_nothing_twice(caller: Caller) -> None:
    query = Query(limit=3)
    narrowed = narrow(query, caller)
    assert narrowed.query is query
    seen = [one for one in documents() if matches(narrowed.access, one)]
    assert [one.key for one in seen] == [one.key for one in documents() if visible(one, caller.projects)]
    places = [one.key.rpartition("/")[0] for one in seen]
    assert len(places) == len(set(places))


def test_only_access_makes_narrowed_queries() -> None:
    makers = set()
    for package in ("search_api", "indexer", "ims_catalog", "engines"):
        for path in (HOUSE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _name(node.func) == "Narrowed":
                    makers.add(path.relative_to(HOUSE).as_posix())
    assert makers == {"search_api/access.py"}


def _name(node: ast.expr) -> str | None:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case _:
            return None

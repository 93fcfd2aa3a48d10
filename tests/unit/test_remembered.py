"""What callers write is remembered only as far as it is small: no request leaves much memory behind."""

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mappings.filter import Condition, Operator, Or
from mappings.text import platform_key, tokens
from mappings.version import canonical_version, sort_key
from search_api.body import read_body
from search_api.clause import Question
from search_api.demand import demand
from search_api.explain import summary
from search_api.interpretation import interpretation_json
from search_api.limits import DEPTH, FACETS, SELECTED
from search_api.naming import shown_field
from search_api.parameters import read_parameters
from search_api.problem import ProblemError
from search_api.question.lex import folded
from search_api.terms import Terms
from search_api.vocabulary import vocabulary

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TERMS = Terms(vocabulary({}))
HALF_A_MEGABYTE = 512 * 1024


def grown(ask: Callable[[int], object], times: int) -> int:
    """Count the bytes that are left when this was asked so often, each time in other words."""
    ask(0)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1, times + 1):
            ask(number)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def repeated_facets(number: int) -> None:
    drawn = [("os_bit", "trust")[number >> place & 1] for place in range(10)]
    with pytest.raises(ProblemError):
        read_body({"facets": ["gpu"] * 2000 + drawn}, TERMS, NOW)


def reordered_facets(number: int) -> None:
    drawn = [("os_bit,", "trust,")[number >> place & 1] for place in range(FACETS)]
    read_parameters([("facets", "".join(drawn))], TERMS, NOW)


def selected_fields(number: int) -> None:
    read_parameters([("fields", "id," * (SELECTED - 1) + f"extra.{number}")], TERMS, NOW)


def tree(number: int) -> Question:
    """A clause with a short label and much behind it."""
    deep: Or | Condition = Condition("name", Operator.MATCH, (f"{number}",))
    for _ in range(DEPTH):
        deep = Or((deep,))
    return Question(clauses=(demand(deep, "filter", "filter"),))


def stated(number: int) -> Question:
    return Question(clauses=(demand(Condition(f"extra.{number}{'k' * 8000}", Operator.EXISTS), "", ""),))


ASKED: dict[str, tuple[Callable[[int], object], int]] = {
    "fields by long keys of extra": (lambda n: shown_field(f"extra.{n:06}{'x' * 240}"), 3000),
    "facets, the same ones again and again": (repeated_facets, 60),
    "facets in another order": (reordered_facets, 200),
    "long lists of fields": (selected_fields, 250),
    "words that are a character each": (lambda n: tokens("镜" * 120 + f"{n:06}"), 150),
    "words of two letters": (lambda n: tokens("qu " * 40 + f"{n:06}"), 600),
    "ligatures that are sentences": (lambda n: tokens("ﷺ" * 40 + f"{n:06}"), 100),
    "long values": (lambda n: platform_key("x" * 8000 + f"{n}"), 80),
    "values out of ASCII": (lambda n: platform_key("ﷺ" * 60 + f"{n:04}"), 600),
    "long versions": (lambda n: canonical_version("12" + " " * 4000 + f"sp{n}"), 150),
    "versions in much space": (lambda n: canonical_version(" " * 8000 + f"{n}"), 150),
    "orders of long versions": (lambda n: sort_key("12" + " " * 2000 + f"sp{n}"), 150),
    "long words of a sentence": (lambda n: folded("ä" * 2000 + f"{n}"), 300),
    "trees with a short label": (lambda n: interpretation_json(tree(n), ()), 500),
    "trees in one line": (lambda n: summary(tree(n)), 1000),
    "conditions on long keys": (lambda n: interpretation_json(stated(n), ()), 150),
}


@pytest.mark.parametrize(("ask", "times"), ASKED.values(), ids=ASKED)
def test_little_is_left_of(ask: Callable[[int], object], times: int) -> None:
    assert grown(ask, times) < HALF_A_MEGABYTE


def test_readings_of_values_are_bounded_in_bytes() -> None:
    room = 256 * 1024
    terms = Terms(vocabulary({}), room)

    def ask(number: int) -> None:
        value = ",".join(f"{number + place:04x}"[-2:] for place in range(38)) + f",{number}"
        read_parameters([("owner", value)], terms, NOW)

    assert grown(ask, 300) < 2 * room

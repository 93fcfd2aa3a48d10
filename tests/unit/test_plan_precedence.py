"""Whose record of an image counts where two sources know it: in every kind of run that of the first."""

from collections.abc import Sequence

import pytest

from indexer.fate import Fate
from indexer.spool import Entry
from mappings.scope import Scope
from tests.unit.test_plan import GOLD, MARKET, OTHER_GOLD, planned, seen, served

FIRST = {"s": 0, "other": 1}
KEY = "a/public"


@pytest.mark.parametrize(
    ("entries", "whole", "name"),
    [
        pytest.param([seen("a", GOLD, "s"), seen("a", OTHER_GOLD, "o")], [GOLD, OTHER_GOLD], "s", id="both"),
        pytest.param([seen("a", OTHER_GOLD, "o")], [OTHER_GOLD], "n", id="only the other was looked at"),
        pytest.param([seen("a", GOLD, "s")], [GOLD], "s", id="only the first was looked at"),
        pytest.param([seen("a", OTHER_GOLD, "o")], [GOLD, OTHER_GOLD], "o", id="the first lists it no more"),
        pytest.param([], [], "n", id="neither was looked at"),
    ],
)
async def test_the_first_source_in_the_configuration_counts(
    entries: Sequence[Entry], whole: Sequence[Scope], name: str
) -> None:
    before = [served("a", GOLD, OTHER_GOLD)]
    decision = (await planned(entries, before, *whole, orders=FIRST, gone=frozenset()))[KEY]
    assert decision.stored is not None
    assert f'"name":"{name}"'.encode() in decision.stored.body
    assert f'"name":"{name}"'.encode() in decision.stored.raw


async def test_a_source_that_left_the_configuration_counts_no_more() -> None:
    before = [served("a", GOLD, OTHER_GOLD)]
    entries = [Entry(0, OTHER_GOLD.id, seen("a", OTHER_GOLD, "o").stored)]
    decision = (await planned(entries, before, OTHER_GOLD, orders={"other": 0}))[KEY]
    assert decision.fates[GOLD.id] is Fate.CARRIED
    assert decision.stored is not None
    assert b'"name":"o"' in decision.stored.body


async def test_what_one_source_says_itself_is_fresh_whichever_of_its_listings_failed() -> None:
    before = [served("a", GOLD, MARKET)]
    decision = (await planned([seen("a", MARKET, "new")], before, MARKET, orders=FIRST))[KEY]
    assert decision.stored is not None
    assert b'"name":"new"' in decision.stored.body


async def test_an_answer_by_id_counts_less_than_a_listing_that_was_not_looked_at() -> None:
    before = [served("a", GOLD, OTHER_GOLD)]
    entry = seen("a", OTHER_GOLD, "o")
    for orders in (FIRST, {"s": 1, "other": 0}):
        found = {entry.stored.key: (Entry(orders["other"], entry.scope, entry.stored),)}
        decision = (await planned([], before, OTHER_GOLD, orders=orders, found=found, gone=frozenset()))[KEY]
        assert decision.fates == {GOLD.id: Fate.CARRIED, OTHER_GOLD.id: Fate.UNLISTED}
        assert decision.stored is not None
        assert b'"name":"n"' in decision.stored.body

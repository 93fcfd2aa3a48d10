"""The plan: what is missing from a whole listing, unlisted, renamed, or no longer confirmed."""

from collections.abc import Mapping
from typing import Any

import pytest

from indexer.fate import Fate, Terms, key_hash
from indexer.plan import FORMER_NAMES, Change, Decision
from mappings.document import Stored, restore
from mappings.scope import Scope
from tests.unit.test_plan import GOLD, MARKET, MEMBER, OTHER_GOLD, OWN, by, fields, planned, seen, served

A = "huawei/r/a/public"
NOBODY = frozenset[tuple[str, str]]()


@pytest.mark.parametrize(
    ("scope", "terms", "unlisted", "fate"),
    [
        pytest.param(GOLD, {}, False, Fate.CARRIED, id="its scope was not listed whole"),
        pytest.param(GOLD, {}, True, Fate.UNLISTED, id="its scope was not, and it was unlisted before"),
        pytest.param(GOLD, {"whole": {GOLD.id}}, False, Fate.MISSING, id="missing once"),
        pytest.param(
            GOLD,
            {"whole": {GOLD.id}, "missing_before": {GOLD.id: {key_hash(A)}}},
            False,
            Fate.ENDED,
            id="missing a second time",
        ),
        pytest.param(
            GOLD,
            {"whole": {GOLD.id}, "missing_before": {OTHER_GOLD.id: {key_hash(A)}}},
            False,
            Fate.MISSING,
            id="missing from another scope before",
        ),
        pytest.param(
            GOLD,
            {"missing_before": {GOLD.id: {key_hash(A)}}},
            False,
            Fate.CARRIED,
            id="an incomplete run between",
        ),
        pytest.param(
            GOLD,
            {"whole": {GOLD.id}, "gone": {(GOLD.id, A)}},
            False,
            Fate.ENDED,
            id="the cloud says it is gone",
        ),
        pytest.param(
            GOLD, {"whole": {GOLD.id}, "gone": {(OTHER_GOLD.id, A)}}, False, Fate.MISSING, id="gone elsewhere"
        ),
        pytest.param(
            GOLD, {"gone": {(GOLD.id, A)}}, False, Fate.CARRIED, id="gone, but its scope is doubted"
        ),
        pytest.param(
            GOLD,
            {"whole": {GOLD.id}, "found": {A: (seen("a", GOLD),)}},
            False,
            Fate.UNLISTED,
            id="it still exists",
        ),
        pytest.param(
            GOLD,
            {
                "whole": {GOLD.id},
                "found": {A: (seen("a", GOLD),)},
                "missing_before": {GOLD.id: {key_hash(A)}},
            },
            False,
            Fate.UNLISTED,
            id="it still exists, though it was missing before",
        ),
        pytest.param(GOLD, {"whole": {GOLD.id}}, True, Fate.UNLISTED, id="unlisted, nobody was asked"),
        pytest.param(
            GOLD, {"whole": {GOLD.id}, "gone": {(GOLD.id, A)}}, True, Fate.ENDED, id="unlisted, and gone now"
        ),
        pytest.param(MEMBER, {"whole": {MEMBER.id}}, False, Fate.ENDED, id="a share ends at once"),
        pytest.param(OWN, {"ended": {OWN.id}}, False, Fate.ENDED, id="its scope is given up"),
    ],
)
def test_what_becomes_of_an_image_that_a_scope_does_not_list(
    scope: Scope, terms: Mapping[str, Any], unlisted: bool, fate: Fate
) -> None:
    given = Terms(started="2026-11-24T00:00:00Z", **terms)
    assert given.fate(scope.id, A, unlisted=unlisted) is fate


def values(stored: Stored | None) -> Mapping[str, object]:
    assert stored is not None
    return restore(stored).fields


async def test_what_is_missing_once_stays_as_it_was() -> None:
    decision = (await planned([], [served("a", GOLD)], GOLD, gone=NOBODY))["a/public"]
    assert (decision.change, by(decision, Fate.MISSING)) == (Change.SAME, (GOLD.id,))


async def test_what_still_exists_is_unlisted_with_what_it_is_called_now() -> None:
    found = {A: (seen("a", GOLD, "a_prev"),)}
    before = served("a", GOLD, name="a_latest")
    decision = (await planned([], [before], GOLD, gone=NOBODY, found=found))["a/public"]
    told = values(decision.stored)
    assert (told["name"], told["listed"], told["former_names"]) == ("a_prev", False, ("a_latest",))
    assert told["unlisted_by"] == told["scopes"] == (GOLD.id,)
    assert fields(decision)["first_seen"] == fields_of(before)["first_seen"]

    again = (await planned([], [stored_of(decision)], GOLD, gone=NOBODY))["a/public"]
    assert (again.change, by(again, Fate.UNLISTED)) == (Change.SAME, (GOLD.id,))

    back = (await planned([seen("a", GOLD, "a_prev")], [stored_of(decision)], GOLD, gone=NOBODY))["a/public"]
    told = values(back.stored)
    assert (told["listed"], told.get("unlisted_by"), told["former_names"]) == (True, None, ("a_latest",))

    gone = (await planned([], [stored_of(decision)], GOLD, gone={(GOLD.id, A)}))["a/public"]
    assert gone.change is Change.REMOVED


async def test_an_image_is_listed_as_long_as_one_scope_lists_it() -> None:
    found = {A: (seen("a", GOLD, "other"),)}
    entries = [seen("a", OTHER_GOLD, "listed")]
    before = served("a", GOLD, OTHER_GOLD)
    decision = (await planned(entries, [before], GOLD, OTHER_GOLD, gone=NOBODY, found=found))["a/public"]
    told = values(decision.stored)
    assert (told["listed"], told["unlisted_by"]) == (True, (GOLD.id,))
    assert told["name"] == "listed", "who lists it tells before who only answers"


async def test_former_names_are_the_newest_each_once() -> None:
    stored = served("a", GOLD, name="n0")
    for number in (1, 2, 1, *range(3, 3 + FORMER_NAMES)):
        stored = stored_of((await planned([seen("a", GOLD, f"n{number}")], [stored], GOLD))["a/public"])
    names = values(stored)["former_names"]
    assert isinstance(names, tuple)
    assert names == tuple(f"n{number}" for number in (*range(11, 2, -1), 1))
    assert len(names) == FORMER_NAMES


@pytest.mark.parametrize(
    ("confirmed", "visible_to"),
    [
        pytest.param({MEMBER.id}, ("p2",), id="confirmed not long ago"),
        pytest.param(set(), None, id="for too long by nobody"),
    ],
)
async def test_a_share_that_nobody_can_confirm_is_not_shown(
    confirmed: set[str], visible_to: tuple[str, ...] | None
) -> None:
    decision = (await planned([], [served("a", MEMBER)], confirmed=confirmed))["a/shared"]
    assert by(decision, Fate.CARRIED) == (MEMBER.id,)
    assert fields(decision)["visible_to"] == visible_to
    own = (await planned([], [served("a", OWN)], confirmed=confirmed))["a/own"]
    assert own.change is Change.SAME, "an owner never loses sight of what is their own"
    again = (await planned([seen("a", MEMBER)], [stored_of(decision)], MEMBER))["a/shared"]
    assert fields(again)["visible_to"] == ("p2",)


async def test_scopes_that_are_given_up_end_with_what_no_other_keeps() -> None:
    before = [served("a", GOLD, OTHER_GOLD), served("b", OTHER_GOLD), served("c", MARKET)]
    decisions = await planned([], before, ended={OTHER_GOLD.id})
    assert {key: one.change for key, one in decisions.items()} == {
        "a/public": Change.CHANGED,
        "b/public": Change.REMOVED,
        "c/public": Change.SAME,
    }


def stored_of(decision: Decision) -> Stored:
    assert decision.stored is not None
    return decision.stored


def fields_of(stored: Stored) -> Mapping[str, object]:
    return restore(stored).fields

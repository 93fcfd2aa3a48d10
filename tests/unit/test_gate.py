"""The gate: which listings are doubted, and when nothing at all is published."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from engines.ledger import Memory, Smaller
from indexer.gate import Gated, GateLimits, gate
from indexer.survey import Survey

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOLD, MARKET, OWN, SHARED = "s/r/gold", "s/r/market", "s/r/p/private", "s/r/p/shared/accepted"
LIMITS = GateLimits()


def surveyed(scopes: Mapping[str, tuple[int, int]], missing: int = 0) -> Survey:
    """By scope what it listed before and lists now; what is missing are images of these numbers."""
    survey = Survey({})
    for scope, (before, seen) in scopes.items():
        survey.before[scope] = before
        survey.tally.seen[scope] = seen
        for number in range(missing, missing + max(0, before - seen)):
            survey.tally.missing[scope].add(f"c/r/{number:06}/public")
    return survey


def judged(
    survey: Survey,
    *,
    accepted: frozenset[str] = frozenset(),
    memories: Mapping[str, Memory] | None = None,
    refused: int = 0,
    now: datetime = NOW,
    limits: GateLimits = LIMITS,
) -> Gated:
    return gate(
        survey,
        survey.before.keys(),
        accepted=accepted,
        memories=memories or {},
        refused=refused,
        now=now,
        limits=limits,
    )


@pytest.mark.parametrize(
    ("before", "seen", "held"),
    [
        pytest.param(0, 0, False, id="empty as before"),
        pytest.param(0, 100, False, id="new"),
        pytest.param(100, 100, False, id="the same"),
        pytest.param(100, 1000, False, id="grown"),
        pytest.param(1000, 800, False, id="a fifth of many"),
        pytest.param(1000, 799, True, id="more than a fifth of many"),
        pytest.param(100, 80, False, id="20 of 100"),
        pytest.param(100, 79, True, id="21 of 100"),
        pytest.param(30, 10, False, id="20 of few, though most of them"),
        pytest.param(30, 9, True, id="21 of few"),
        pytest.param(21, 1, False, id="all but one of few"),
        pytest.param(1, 0, True, id="the only one"),
        pytest.param(10_000, 0, True, id="emptied"),
    ],
)
def test_a_scope_that_lost_too_much_is_held(before: int, seen: int, held: bool) -> None:
    gated = judged(surveyed({GOLD: (before, seen), MARKET: (5, 5), OWN: (5, 5)}))
    assert (GOLD in gated.held, gated.stopped) == (held, None)
    if held:
        assert f"from {before:,} to {seen:,} images" in gated.held[GOLD]
        assert f"ims-catalog reindex --accept {GOLD}" in gated.held[GOLD]


def test_a_share_is_never_held() -> None:
    gated = judged(surveyed({SHARED: (1000, 0), GOLD: (5, 5)}))
    assert (gated.held, gated.stopped) == ({}, None)


def test_a_loss_that_is_accepted_is_noted() -> None:
    gated = judged(surveyed({GOLD: (100, 0), MARKET: (5, 5)}), accepted=frozenset({GOLD, MARKET}))
    assert gated.held == {}
    assert gated.notes == ("s/r/gold went from 100 to 0 images: accepted as asked for",)


def test_the_same_loss_in_three_runs_over_a_day_is_accepted_and_said() -> None:
    survey, memories, began = surveyed({GOLD: (100, 10), MARKET: (5, 5)}), dict[str, Memory](), NOW
    for hours, runs in ((0, 1), (1, 2), (2, 3), (23, 4)):
        gated = judged(survey, memories=memories, now=began + timedelta(hours=hours))
        assert gated.smaller[GOLD].runs == runs
        assert GOLD in gated.held
        memories = {GOLD: Memory(GOLD, smaller=gated.smaller[GOLD])}
    gated = judged(survey, memories=memories, now=began + timedelta(hours=24))
    assert (gated.held, gated.smaller) == ({}, {})
    (note,) = gated.notes
    assert note == (
        "s/r/gold went from 100 to 10 images: accepted, as the same images were missing in 5 whole listings"
        " since 2026-11-24T12:00:00Z"
    )


def test_two_runs_over_a_day_are_not_enough() -> None:
    survey = surveyed({GOLD: (100, 10), MARKET: (5, 5)})
    first = judged(survey).smaller[GOLD]
    later = judged(survey, memories={GOLD: Memory(GOLD, smaller=first)}, now=NOW + timedelta(days=2))
    assert later.smaller[GOLD] == Smaller(first.digest, NOW, 2)


def test_another_loss_is_counted_anew() -> None:
    first = judged(surveyed({GOLD: (100, 10), MARKET: (5, 5)})).smaller[GOLD]
    seen_often = {GOLD: Memory(GOLD, smaller=Smaller(first.digest, NOW - timedelta(days=9), 99))}
    gated = judged(surveyed({GOLD: (100, 10), MARKET: (5, 5)}, missing=1), memories=seen_often)
    assert (gated.smaller[GOLD].since, gated.smaller[GOLD].runs) == (NOW, 1)


@pytest.mark.parametrize(
    ("scopes", "stopped"),
    [
        pytest.param({GOLD: (9, 0), MARKET: (9, 9)}, False, id="half of them"),
        pytest.param({GOLD: (9, 0), MARKET: (9, 0), OWN: (9, 9)}, True, id="more than half"),
        pytest.param({GOLD: (9, 0), SHARED: (9, 9)}, True, id="shares do not count"),
        pytest.param({GOLD: (9, 0)}, True, id="the only one"),
    ],
)
def test_nothing_is_published_where_most_is_doubted(
    scopes: Mapping[str, tuple[int, int]], stopped: bool
) -> None:
    gated = judged(surveyed(scopes))
    assert (gated.stopped is not None) == stopped
    if gated.stopped:
        assert GOLD in gated.stopped
        assert "--accept" in gated.stopped


@pytest.mark.parametrize(
    ("seen", "refused", "stopped"),
    [
        pytest.param(1, 20, False, id="few, though most of all"),
        pytest.param(1, 21, True, id="most of all"),
        pytest.param(950, 50, False, id="one in twenty"),
        pytest.param(949, 51, True, id="more than one in twenty"),
    ],
)
def test_nothing_is_published_where_too_much_cannot_be_read(seen: int, refused: int, stopped: bool) -> None:
    gated = judged(surveyed({GOLD: (seen, seen)}), refused=refused)
    assert (gated.stopped is not None) == stopped
    if gated.stopped:
        assert f"{refused} of {seen + refused:,} records could not be read" in gated.stopped

"""Retries: what is asked again, how often, and how long it waits, on a clock that nobody waits for."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clouds.error import Meaning
from engines.clock import Clock
from indexer.deadline import deadline_in
from indexer.limits import Limits
from indexer.sources.failure import Failure
from indexer.sources.lane import Lane
from indexer.sources.retry import retried
from indexer.sources.retry_after import retry_after

START = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass
class Time:
    """A clock that sleeping moves."""

    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.passed += seconds

        return Clock(lambda: START + timedelta(seconds=self.passed), lambda: self.passed, sleep)


async def attempts(failure: Failure, *, times: int, limits: Limits, seconds: float = 1e6) -> tuple[int, Time]:
    time, made = Time(), 0

    async def attempt() -> str:
        nonlocal made
        made += 1
        if made <= times:
            raise failure
        return "answer"

    try:
        clock = time.clock()
        lane = Lane("https://ims.example.com", limits, clock)
        await retried(attempt, limits=limits, deadline=deadline_in(seconds, clock), lane=lane)
    except Failure as last:
        last.add_note(f"{made}")
        raise
    return made, time


@pytest.mark.parametrize("meaning", list(Meaning))
async def test_only_what_may_pass_is_asked_again(meaning: Meaning) -> None:
    failure = Failure("text", meaning)
    if meaning in {Meaning.THROTTLED, Meaning.TEMPORARY}:
        made, time = await attempts(failure, times=2, limits=Limits())
        assert (made, len(time.slept)) == (3, 2)
    else:
        with pytest.raises(Failure, match="text") as caught:
            await attempts(failure, times=2, limits=Limits())
        assert caught.value is failure
        assert caught.value.__notes__ == ["1"]


async def test_attempts_are_bounded() -> None:
    with pytest.raises(Failure, match=r"text \(after 4 attempts\)") as caught:
        await attempts(Failure("text", Meaning.TEMPORARY), times=99, limits=Limits(attempts=4))
    assert caught.value.__notes__ == ["4"]


async def test_it_waits_at_random_below_a_bound_that_doubles() -> None:
    limits = Limits(attempts=9, first_wait=1.0, longest_wait=20.0)
    waits = [
        (await attempts(Failure("text", Meaning.TEMPORARY), times=8, limits=limits))[1].slept
        for _ in range(50)
    ]
    for number, bound in enumerate((1, 2, 4, 8, 16, 20, 20, 20)):
        longest = max(one[number] for one in waits)
        assert bound / 2 < longest <= bound
        assert min(one[number] for one in waits) < bound / 2, "full jitter"


@pytest.mark.parametrize(
    ("asked", "least"), [(7.0, 7.0), (3600.0, 60.0), (1e9, 60.0), (math.inf, 60.0), (-5.0, 0.0)]
)
async def test_it_waits_as_long_as_the_cloud_asks_within_limits(asked: float, least: float) -> None:
    failure = Failure("text", Meaning.THROTTLED, retry_after=asked)
    waits = [
        (await attempts(failure, times=1, limits=Limits(longest_wait=60.0)))[1].slept[0] for _ in range(50)
    ]
    assert least <= min(waits) < max(waits) <= least + 1.0, "not all at one moment, and none too early"


async def test_it_does_not_wait_beyond_the_deadline() -> None:
    failure = Failure("text", Meaning.THROTTLED, retry_after=30.0)
    with pytest.raises(Failure, match="no time left"):
        await attempts(failure, times=1, limits=Limits(), seconds=20.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("12", 12.0),
        (" 12 ", 12.0),
        ("0" * 400 + "12", 12.0),
        ("9" * 400, math.inf),
        ("١٢", None),
        ("²", None),
        ("1_0", None),
        ("Thu, 01 Jan 2026 00:00:00 +99999999999999", None),
        ("Tue, 24 Nov 2026 00:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 23:59:00 GMT", -60.0),
        ("soon", None),
        ("", None),
        ("-1", None),
    ],
)
def test_retry_after_in_all_its_forms(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, START) == seconds


WORDS = (
    "Thu,",
    "01",
    "Jan",
    "2026",
    "9999",
    "0",
    "00:00:00",
    "24:61:99",
    "+0000",
    "-9999",
    "GMT",
    ":",
    "9" * 20,
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.text(max_size=40) | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
@example("Thu, 01 Jan 2026 00:00:00 +99999999999999")
@example("Thu, 01 Jan 2026 00:00:00 -9999")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_no_retry_after_fails(text: str) -> None:
    read = retry_after(text, START)
    assert read is None or not math.isnan(read)

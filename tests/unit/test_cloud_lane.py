"""What an endpoint is spared: fewer requests when it says so, few retries, one probe while it is down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from clouds.error import Meaning
from indexer.deadline import deadline_in
from indexer.limits import Limits
from indexer.sources.budget import Budget
from indexer.sources.failure import Down, Failure
from indexer.sources.lane import Lane
from indexer.sources.pace import Pace
from indexer.sources.retry import retried
from tests.virtual_time import VirtualTime

ENDPOINT = "https://ims.example.com"
LIMITS = Limits(concurrency=4, requests_per_second=10.0)


@dataclass
class Cloud:
    """An endpoint that answers as `mood` says; notes when it was asked, and how many at once."""

    time: VirtualTime
    mood: Callable[[float], Failure | None]
    takes: float = 0.1
    asked: list[float] = field(default_factory=list)
    now: int = 0
    most: int = 0

    async def attempt(self, lane: Lane) -> float:
        async with lane.turn() as turn:
            self.asked.append(self.time.passed)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await self.time.clock.sleep(self.takes)
            finally:
                self.now -= 1
            failure = self.mood(self.time.passed)
            match failure:
                case None:
                    turn.answered()
                    return self.time.passed
                case Failure(meaning=Meaning.THROTTLED):
                    turn.throttled(failure.retry_after or 0.0)
                case _:
                    turn.failed(str(failure))
            raise failure


def broken(until: float, begin: float = 0.0) -> Callable[[float], Failure | None]:
    """All requests fail between two moments."""
    failure = Failure("HTTP 503", Meaning.TEMPORARY)
    return lambda moment: failure if begin <= moment < until else None


async def asking(
    time: VirtualTime, cloud: Cloud, limits: Limits, times: int, deadline: float = 600.0
) -> list[float | Failure]:
    """Ask so many times in parallel; give when each was answered, or why not."""
    lane = Lane(ENDPOINT, limits, time.clock)

    async def every() -> list[float | Failure]:
        return await asyncio.gather(*(ask(time, cloud, lane, limits, deadline) for _ in range(times)))

    return await time.run(every())


async def ask(
    time: VirtualTime, cloud: Cloud, lane: Lane, limits: Limits, deadline: float = 600.0
) -> float | Failure:
    until = deadline_in(deadline, time.clock)
    try:
        return await retried(lambda: cloud.attempt(lane), limits=limits, deadline=until, lane=lane)
    except Failure as failure:
        return failure


async def test_case_17_an_outage_of_a_minute_is_bridged_with_one_probe_at_a_time() -> None:
    time = VirtualTime()
    cloud = Cloud(time, broken(until=60.0))
    answers = await asking(time, cloud, LIMITS, times=20)
    assert all(isinstance(answer, float) for answer in answers), "no request was lost"
    first = min(answer for answer in answers if isinstance(answer, float))
    assert 60.0 <= first <= 60.0 + LIMITS.probe_every + 1.0, "found out within an interval"
    during = [moment for moment in cloud.asked if moment < 60.0]
    opening = LIMITS.failures_in_a_row + LIMITS.concurrency
    assert len(during) <= opening + 60.0 / LIMITS.probe_every + 1
    probes = during[opening:]
    assert all(later - earlier >= LIMITS.probe_every for earlier, later in pairwise(probes))


async def test_an_outage_that_does_not_end_is_told_in_words_and_others_are_not_kept_waiting() -> None:
    time = VirtualTime()
    cloud = Cloud(time, broken(until=1e9))
    lane = Lane(ENDPOINT, LIMITS, time.clock)

    async def one() -> tuple[Failure, float]:
        begin = time.passed
        failure = await ask(time, cloud, lane, LIMITS)
        assert isinstance(failure, Failure)
        return failure, time.passed - begin

    async def one_after_the_other() -> list[tuple[Failure, float]]:
        return [await one() for _ in range(10)]

    (first, waited), *others = await time.run(one_after_the_other())
    assert LIMITS.longest_outage <= waited <= LIMITS.longest_outage + 2 * LIMITS.probe_every
    assert "HTTP 503; https://ims.example.com has given no usable answer for " in str(first)
    assert "it is tried again every 10 s" in str(first)
    assert not first.passing
    assert max(took for _, took in others) <= 1.0, "those that follow are refused at once"
    assert {type(failure) for failure, _ in others[:2]} == {Down}


async def test_while_it_is_down_no_request_waits_beyond_its_deadline() -> None:
    time = VirtualTime()
    cloud = Cloud(time, broken(until=1e9))
    limits = replace(LIMITS, longest_outage=3600.0)
    answers = await asking(time, cloud, limits, times=2, deadline=0.0)
    assert all(isinstance(answer, Failure) and "no time left" in str(answer) for answer in answers)


async def test_a_probe_that_is_given_up_leaves_its_place_to_another() -> None:
    time = VirtualTime()
    cloud = Cloud(time, broken(until=5.0))
    lane = Lane(ENDPOINT, LIMITS, time.clock)

    async def story() -> float:
        for _ in range(LIMITS.failures_in_a_row):
            with pytest.raises(Failure):
                await cloud.attempt(lane)
        assert lane.breaker.open
        await time.clock.sleep(LIMITS.probe_every)
        probe = asyncio.ensure_future(cloud.attempt(lane))
        await time.clock.sleep(0.05)
        assert cloud.now == 1
        other = asyncio.ensure_future(cloud.attempt(lane))
        await asyncio.sleep(0)
        probe.cancel()
        return await other

    await time.run(story())
    assert not lane.breaker.open
    assert cloud.most == 1


async def test_retries_are_a_fifth_of_the_requests_and_a_few_at_the_start() -> None:
    time = VirtualTime()
    turn = 0

    def every_second(_: float) -> Failure | None:
        nonlocal turn
        turn += 1
        return Failure("HTTP 500", Meaning.TEMPORARY) if turn % 2 else None

    cloud = Cloud(time, every_second)
    limits = replace(LIMITS, failures_in_a_row=1000, concurrency=1)
    lane = Lane(ENDPOINT, limits, time.clock)

    async def one_after_the_other() -> list[float | Failure]:
        return [await ask(time, cloud, lane, limits) for _ in range(200)]

    answers = await time.run(one_after_the_other())
    retries = len(cloud.asked) - 200
    assert retries <= limits.retry_allowance + 0.2 * 200
    assert retries >= 0.2 * 200, "and no fewer"
    refused = [str(answer) for answer in answers if isinstance(answer, Failure)]
    assert refused
    assert all("too many requests to this endpoint fail" in text for text in refused)


def test_a_budget_earns_a_retry_with_five_requests_and_keeps_no_more_than_at_the_start() -> None:
    budget = Budget(0.2, 2)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(5):
        assert not budget.spend()
        budget.earn()
    assert [budget.spend(), budget.spend()] == [True, False]
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.5, 10.0, 40.0])
async def test_there_are_never_more_requests_in_a_second_than_the_setting(rate: float) -> None:
    time = VirtualTime()
    pace = Pace(rate, time.clock)
    moments: list[float] = []

    async def one(later: float) -> None:
        await time.clock.sleep(later)
        await pace.turn()
        moments.append(time.passed)

    async def every() -> None:
        await asyncio.gather(*(one(number % 7 * 0.3) for number in range(100)))

    await time.run(every())
    for moment in moments:
        assert sum(moment <= other < moment + 1.0 - 1e-6 for other in moments) <= max(1.0, rate)
    assert time.passed <= 100 / (rate if rate < 1 else int(rate)) + 3.0, "and not much fewer"


async def test_throttling_halves_the_rate_once_for_all_under_way_and_quiet_brings_it_back() -> None:
    time = VirtualTime()
    pace = Pace(10.0, time.clock)
    moments = [await time.run(pace.turn()) for _ in range(4)]
    for sent in moments:
        pace.throttled(sent, 0.0)
    assert pace.rate == 5.0
    time.passed += 1.0
    pace.throttled(await time.run(pace.turn()), 0.0)
    assert pace.rate == 2.5
    rates = []
    for _ in range(60):
        time.passed += 1.0
        pace.answered()
        rates.append(pace.rate)
    assert rates[3] == 2.5, "not before it has been quiet for some time"
    steps = [later - earlier for earlier, later in pairwise(rates) if later != earlier]
    assert {round(step, 9) for step in steps[:-1]} == {1.0}
    assert rates[-1] == 10.0
    for _ in range(100):
        time.passed += 1.0
        pace.throttled(time.passed, 0.0)
    assert pace.rate == 10.0 / 64, "never down to nothing"


async def test_case_16_no_request_is_sent_while_the_cloud_asked_for_a_pause() -> None:
    time = VirtualTime()
    limit = iter([Failure("429", Meaning.THROTTLED, retry_after=7.0)])
    cloud = Cloud(time, lambda _: next(limit, None), takes=0.01)
    answers = await asking(time, cloud, replace(LIMITS, concurrency=1), times=30)
    assert all(isinstance(answer, float) for answer in answers)
    assert sum(moment < 7.0 for moment in cloud.asked) == 1
    later = sorted(moment for moment in cloud.asked if moment >= 7.0)
    assert all(after - before >= 0.1 for before, after in pairwise(later)), "at a lower rate, one by one"


@pytest.mark.parametrize("asked", [1e9, float("inf"), -1.0, 0.0])
async def test_case_16_a_pause_is_bounded(asked: float) -> None:
    time = VirtualTime()
    limit = iter([Failure("429", Meaning.THROTTLED, retry_after=asked)])
    cloud = Cloud(time, lambda _: next(limit, None))
    (answer,) = await asking(time, cloud, LIMITS, times=1)
    assert isinstance(answer, float)
    assert answer <= LIMITS.longest_wait + LIMITS.first_wait + 1.0


async def test_a_run_of_failures_is_ended_by_any_answer() -> None:
    time = VirtualTime()
    lane = Lane(ENDPOINT, LIMITS, time.clock)

    async def story() -> None:
        for failure in ("503", "503", None, "503", "503", None):
            cloud = Cloud(time, broken(until=1e9 if failure else 0.0))
            await asyncio.gather(cloud.attempt(lane), return_exceptions=True)
            assert not lane.breaker.open

    await time.run(story())


Answer = float | Failure


async def refused(time: VirtualTime, until: float, lane: Lane, limits: Limits) -> tuple[Answer, float]:
    """Ask an endpoint that refuses connections up to a moment; give the answer, and how long it took."""
    begin = time.passed

    async def attempt() -> float:
        async with lane.turn() as turn:
            if time.passed < until:
                failure = Failure("no connection could be made", Meaning.TEMPORARY, sent=False)
                turn.failed(str(failure), connected=failure.sent)
                raise failure
            turn.answered()
            return time.passed

    until_then = deadline_in(600.0, time.clock)
    try:
        answer: Answer = await retried(attempt, limits=limits, deadline=until_then, lane=lane)
    except Failure as failure:
        answer = failure
    return answer, time.passed - begin


async def test_an_endpoint_that_refuses_connections_is_given_up_within_seconds() -> None:
    time = VirtualTime()
    lane = Lane(ENDPOINT, LIMITS, time.clock)

    async def many() -> list[tuple[Answer, float]]:
        return await asyncio.gather(*(refused(time, 1e9, lane, LIMITS) for _ in range(9)))

    answers = await time.run(many())
    for answer, took in answers:
        assert isinstance(answer, Failure)
        assert "no connection could be made" in str(answer)
        assert LIMITS.unreachable_for - 3.0 <= took <= 20.0
    answer, took = await time.run(refused(time, 1e9, lane, LIMITS))
    assert isinstance(answer, Failure)
    assert took <= 1.0, "those that follow are refused at once"


async def test_an_endpoint_that_is_started_anew_is_waited_for() -> None:
    time = VirtualTime()
    answer, _ = await time.run(refused(time, 10.0, Lane(ENDPOINT, LIMITS, time.clock), LIMITS))
    assert isinstance(answer, float)


async def test_an_outage_in_which_somebody_answered_is_waited_out_though_connections_are_refused() -> None:
    time = VirtualTime()
    lane = Lane(ENDPOINT, LIMITS, time.clock)

    async def story() -> tuple[Answer, float]:
        with pytest.raises(Failure, match="HTTP 503"):
            await Cloud(time, broken(until=1e9)).attempt(lane)
        return await refused(time, 60.0, lane, LIMITS)

    answer, _ = await time.run(story())
    assert isinstance(answer, float)
    assert 60.0 <= answer <= 60.0 + LIMITS.probe_every + 1.0

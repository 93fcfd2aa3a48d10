"""The right to write: taken, kept, given back, lost; each process by a clock of its own."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from aiohttp import web

from engines.base import Companions, EngineUnavailable, Expected, Superseded, WriterBusy
from engines.generation import Generation
from engines.opensearch import lease as leases
from engines.opensearch.client import Client, Cluster, quoted
from engines.opensearch.installation import installation
from engines.opensearch.lease import (
    AGAIN_SECONDS,
    LIVES_SECONDS,
    LOOK_SECONDS,
    RENEW_SECONDS,
    WRITE_SECONDS,
    Lease,
    holding,
    take_lease,
)
from engines.opensearch.reply import part, whole
from engines.opensearch.writer import open_writer
from mappings.document import store
from mappings.schema import SCHEMA
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.cluster.severed import severable
from tests.contract.catalogue import image
from tests.contract.engine import START, HandClock

PATIENCE = 30.0


@pytest.fixture
async def there(place: Place) -> Place:
    """A place with an installation."""
    await installation(place.client, place.names, create=True)
    return place


@asynccontextmanager
async def held(
    place: Place, hand: HandClock, holder: str, client: Client | None = None
) -> AsyncIterator[Lease]:
    lease = await take_lease(client or place.client, place.names, hand.clock, holder)
    try:
        yield lease
    finally:
        await lease.release()


def contend(place: Place, hand: HandClock) -> asyncio.Task[Lease]:
    return asyncio.create_task(take_lease(place.client, place.names, hand.clock, "second"))


async def turn() -> None:
    """Let the others on the event loop go on."""
    await asyncio.sleep(0)


async def asleep(hand: HandClock, *tasks: asyncio.Task[Lease]) -> None:
    """Wait until somebody sleeps by this clock, or one of the tasks has ended."""
    async with asyncio.timeout(PATIENCE):
        while all(waking.done() for _, waking in hand.asleep) and not any(task.done() for task in tasks):
            await turn()


async def watch_to_the_end(hand: HandClock, task: asyncio.Task[Lease]) -> int:
    """Let a contender's time pass, look by look; give the number of looks."""
    looks = 0
    while True:
        await asleep(hand, task)
        if task.done():
            return looks
        looks += 1
        hand.move(LOOK_SECONDS)


async def beat(place: Place) -> int:
    reply = await place.client.request("GET", quoted(place.names.lease, "_doc", "writer"))
    return whole(reply, "_source", "beat")


async def test_it_is_taken_and_given_back_at_once(there: Place) -> None:
    for holder in ("first", "second", "third"):
        async with held(there, HandClock(), holder) as lease:
            await lease.check()


async def test_one_of_many_takes_it(there: Place) -> None:
    hands = [HandClock() for _ in range(6)]
    tasks = [contend(there, hand) for hand in hands]
    async with asyncio.timeout(PATIENCE):
        while sum(task.done() for task in tasks) < len(tasks):
            await turn()
            winners = [task for task in tasks if task.done() and task.exception() is None]
            if winners:
                await winners[0].result().check()
            for hand, task in zip(hands, tasks, strict=True):
                if not task.done() and any(not waking.done() for _, waking in hand.asleep):
                    hand.move(LOOK_SECONDS)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    (winner,) = [result for result in results if isinstance(result, Lease)]
    assert sum(isinstance(result, WriterBusy) for result in results) == len(tasks) - 1
    await winner.release()


async def test_a_holder_that_lives_is_named_to_the_second(there: Place) -> None:
    hand = HandClock()
    async with held(there, HandClock(), "process 7 on builder") as lease:
        task = contend(there, hand)
        await asleep(hand, task)
        await lease.check()
        assert await watch_to_the_end(hand, task) == 1
        with pytest.raises(WriterBusy, match=r"^process 7 on builder \(since 2026-11-24 06:17:00 UTC\) is"):
            await task


async def test_who_waits_says_for_whom_and_how_long(there: Place) -> None:
    hand = HandClock()
    told: list[str] = []
    first = await take_lease(
        there.client, there.names, HandClock().clock, "process 7 on builder", told.append
    )
    assert told == []
    known = await holding(there.client, there.names)
    assert known is not None
    assert (str(known), known.renewed) == ("process 7 on builder (since 2026-11-24 06:17:00 UTC)", START)
    taking = take_lease(there.client, there.names, hand.clock, "second", told.append)
    task = asyncio.create_task(taking)
    await asleep(hand, task)
    assert len(told) == 1
    assert "process 7 on builder" in told[0]
    assert "at most 20 s" in told[0]
    await first.release()
    await watch_to_the_end(hand, task)
    await (await task).release()
    assert await holding(there.client, there.names) is None


async def test_it_is_free_as_soon_as_it_is_given_back(there: Place) -> None:
    hand = HandClock()
    async with held(there, HandClock(), "first"):
        task = contend(there, hand)
        await asleep(hand, task)
    assert await watch_to_the_end(hand, task) == 1
    await (await task).release()


async def test_a_holder_that_stands_still_loses_it_by_the_clock_of_the_other(there: Place) -> None:
    stopped, hand = HandClock(), HandClock()
    lease = await take_lease(there.client, there.names, stopped.clock, "first")
    task = contend(there, hand)
    assert await watch_to_the_end(hand, task) == LIVES_SECONDS / LOOK_SECONDS
    second = await task
    with pytest.raises(Superseded, match="second has it now"):
        await lease.check()
    await lease.release()
    await second.check()
    await second.release()


@pytest.mark.parametrize(
    "jump",
    [
        pytest.param(timedelta(hours=1), id="an hour ahead"),
        pytest.param(timedelta(hours=-1), id="an hour back"),
        pytest.param(timedelta(days=4200), id="to 2038"),
        pytest.param(timedelta(days=-20_000), id="to 1972"),
    ],
)
async def test_case_23_where_the_wall_clock_jumps_the_lease_goes_by_the_other(
    there: Place, jump: timedelta
) -> None:
    """First that of the holder jumps, who lives; then that of the one who waits, while the holder stands."""
    wall, hands = [timedelta()], [HandClock(), HandClock()]
    jumping = [replace(hand.clock, now=lambda: START + wall[0]) for hand in hands]
    lease = await take_lease(there.client, there.names, jumping[0], "first")
    wall[0] = jump
    await lease.check()
    task = asyncio.create_task(take_lease(there.client, there.names, jumping[1], "second"))
    await asleep(hands[1], task)
    await lease.check()
    assert await watch_to_the_end(hands[1], task) == 1
    with pytest.raises(WriterBusy, match=r"^first "):
        await task

    task = asyncio.create_task(take_lease(there.client, there.names, jumping[1], "second"))
    await asleep(hands[1], task)
    wall[0] = timedelta()
    looks = await watch_to_the_end(hands[1], task)
    assert looks == LIVES_SECONDS / LOOK_SECONDS
    second = await task
    with pytest.raises(Superseded, match="second has it now"):
        await lease.check()
    await second.check()
    await second.release()


async def test_a_writer_that_lost_it_publishes_nothing(there: Place) -> None:
    stopped, hand = HandClock(), HandClock()
    cluster, prefix = Cluster((there.url,)), there.names.prefix
    first = await open_writer(cluster, prefix=prefix, clock=stopped.clock, replicas=0)
    build = await first.begin(Generation(prefix, SCHEMA, 1, START, "5f2c9a").name, None)
    await build.add([store(image("one"))])
    await build.seal(Companions())
    await build.verify(Expected(1, {"prod/cn-north-4/gold": 1}))
    task = contend(there, hand)
    await watch_to_the_end(hand, task)
    second = await task
    with pytest.raises(Superseded, match="the right to write was lost"):
        await build.publish()
    assert await first.served() is None
    await second.check()
    await first.close()
    await second.check()
    await second.release()


async def test_a_process_that_is_killed_loses_it(there: Place) -> None:
    arguments = ("-m", "tests.cluster.holding_process", there.url, there.names.prefix)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await process.stdout.readline() == b"held\n"
    process.kill()
    await process.wait()
    hand = HandClock()
    task = contend(there, hand)
    assert await watch_to_the_end(hand, task) == LIVES_SECONDS / LOOK_SECONDS
    await (await task).release()


async def test_it_is_renewed_in_the_background(there: Place) -> None:
    hand = HandClock()
    async with held(there, hand, "first"):
        for _ in range(3):
            await asleep(hand)
            before = await beat(there)
            hand.move(RENEW_SECONDS)
            async with asyncio.timeout(PATIENCE):
                while await beat(there) == before:
                    pass


async def test_a_host_that_hangs_does_not_cost_it(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host that a renewal is sent to hangs from then on: the next one goes to the other, at once."""
    monkeypatch.setattr(leases, "TRY_SECONDS", 0.3)
    hand, hangs, over = HandClock(), asyncio.Event(), asyncio.Event()
    hung: list[str] = []

    async def before(request: web.Request) -> None:
        if hangs.is_set() and request.method == "PUT" and not hung:
            hung.append(request.host)
        if request.host in hung:
            await over.wait()

    async with passing(there.url, before) as one, passing(there.url, before) as two:
        client = Client(Cluster((one, two), timeout=4 * PATIENCE))
        async with closing(client, over), held(there, hand, "first", client):
            await asleep(hand)
            first = await beat(there)
            hangs.set()
            async with asyncio.timeout(WRITE_SECONDS / 2):
                hand.move(RENEW_SECONDS)
                await asleep(hand)
                assert (len(hung), await beat(there)) == (1, first)
                hand.move(AGAIN_SECONDS)
                await asleep(hand)
                assert await beat(there) > first


@asynccontextmanager
async def closing(client: Client, over: asyncio.Event) -> AsyncIterator[None]:
    """Let hosts go on in the end, and close the client."""
    try:
        yield
    finally:
        over.set()
        await client.close()


async def test_it_is_given_back_by_who_is_cancelled_while_it_sweeps(there: Place) -> None:
    """Nobody has the writer yet, to close it."""
    sweeping = asyncio.Event()

    async def before(request: web.Request) -> None:
        if request.path == f"/{there.names.all}/_mapping":
            known = await holding(there.client, there.names)
            if known is not None:
                sweeping.set()
                await asyncio.Event().wait()

    hand = HandClock()
    async with passing(there.url, before) as url:
        opening = open_writer(Cluster((url,)), prefix=there.names.prefix, clock=hand.clock, replicas=0)
        task = asyncio.create_task(opening)
        async with asyncio.timeout(PATIENCE):
            await sweeping.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await holding(there.client, there.names) is None


async def test_a_write_whose_answer_was_lost_is_still_ours(there: Place) -> None:
    async with held(there, HandClock(), "first") as lease:
        path = quoted(there.names.lease, "_doc", "writer")
        entry = part(await there.client.request("GET", path), "_source")
        await there.client.request("PUT", path, body=orjson.dumps(entry))
        await lease.check()


@pytest.mark.parametrize("wanted", [False, True], ids=["nobody wanted it", "another took it"])
async def test_what_could_not_be_renewed_for_long_is_lost_to_another_only(there: Place, wanted: bool) -> None:
    hand, other = HandClock(), HandClock()
    async with severable(there.url) as line, there.another_client(line.url) as client:
        lease = await take_lease(client, there.names, hand.clock, "first")
        await line.cut()
        hand.seconds += 2 * LIVES_SECONDS
        with pytest.raises(EngineUnavailable):
            await lease.check()
        if wanted:
            task = asyncio.create_task(take_lease(there.client, there.names, other.clock, "second"))
            await watch_to_the_end(other, task)
            second = await task
        await line.mend()
        if not wanted:
            await lease.check()
            assert await holder_of(there) == "first"
        else:
            with pytest.raises(Superseded, match="second has it now"):
                await lease.check()
            assert await holder_of(there) == "second"
            await second.release()
        await lease.release()


async def holder_of(there: Place) -> str | None:
    held = await holding(there.client, there.names)
    return None if held is None else held.who


async def test_a_lease_that_was_deleted_is_lost(there: Place) -> None:
    lease = await take_lease(there.client, there.names, HandClock().clock, "first")
    await there.client.request("DELETE", quoted(there.names.lease, "_doc", "writer"))
    with pytest.raises(Superseded, match="the lease is gone"):
        await lease.check()
    await lease.release()

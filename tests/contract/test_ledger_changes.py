"""What runs change, remember and intend: told once they are recorded, and kept as long as it is wanted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engines.ledger import (
    CHANGES_AT_ONCE,
    ChangeKind,
    Extent,
    FieldChange,
    ImageChange,
    Intention,
    Keep,
    Ledger,
    Memory,
    Run,
    ScopeState,
    Smaller,
    State,
)
from mappings.document import store
from tests.contract.catalogue import image
from tests.contract.engine import START, Engine
from tests.contract.test_ledger_rules import COMPLETE, HELD
from tests.contract.test_ledger_rules import RUN as UNPUBLISHED

RUN = replace(UNPUBLISHED, published=True)
MEMORY = Memory("prod/cn-north-4/gold", bytes(range(16)), "a/b/c/public", Smaller("abcd", START, 2))


def change(name: str, run: Run = RUN, kind: ChangeKind = ChangeKind.ADDED, minutes: int = 0) -> ImageChange:
    return ImageChange(
        at=START + timedelta(minutes=minutes, microseconds=7),
        run=run.run,
        kind=kind,
        stored=replace(store(image(name, name=f"镜像 {name}")), raw=b""),
        fields={"name": FieldChange(None, name), "extra.x": FieldChange({"a": [1, None]}, "2")},
        seen={"prod/cn-north-4/gold": START, "prod/r/p/private": START - timedelta(microseconds=1)},
    )


def named(number: int, **values: object) -> Run:
    return replace(RUN, run=f"{number:06x}", **values)  # type: ignore[arg-type]


async def told(ledger: Ledger, after: int = 0, limit: int = 1000) -> list[ImageChange]:
    return [replace(one, position=0) for one in await ledger.changes(after, limit)]


@pytest.mark.parametrize("limit", [-1, 0, CHANGES_AT_ONCE + 1])
async def test_more_than_are_read_at_once_are_refused(engine: Engine, limit: int) -> None:
    ledger = engine.ledger()
    await ledger.note(RUN.run, [change("a")])
    await ledger.record(RUN)
    for read in (ledger.changes, ledger.kept):
        assert len(await read(0, CHANGES_AT_ONCE)) == 1
        with pytest.raises(ValueError, match=f"{limit} changes cannot be read at once"):
            await read(0, limit)
    await ledger.close()


async def test_changes_are_told_once_their_run_is_recorded(engine: Engine) -> None:
    ledger, reader = engine.ledger(), engine.ledger()
    changes = [change(f"i{number}") for number in range(5)]
    await ledger.note(RUN.run, changes[:2])
    await ledger.note(RUN.run, changes[2:])
    assert await reader.changes(0, 9) == ()
    assert (await reader.extent()).last == 0
    await ledger.record(RUN)
    assert await told(reader) == changes
    later = named(1)
    await ledger.note(later.run, [change("z", later)])
    assert await told(reader) == changes
    await ledger.record(later)
    assert await told(reader) == [*changes, change("z", later)]
    await ledger.close()
    await reader.close()


async def test_changes_come_in_pages_by_position_and_from_a_moment_on(engine: Engine) -> None:
    ledger = engine.ledger()
    await ledger.note(RUN.run, [change(f"i{number}", minutes=number) for number in range(7)])
    await ledger.record(RUN)
    positions: list[int] = []
    while page := await ledger.changes(positions[-1] if positions else 0, 3):
        assert len(page) <= 3
        positions += [one.position for one in page]
    assert positions == sorted(set(positions))
    assert len(positions) == 7
    assert await ledger.extent() == Extent(0, positions[-1])
    since = START + timedelta(minutes=4, microseconds=7)
    assert [one.position for one in await ledger.changes(0, 9, since)] == positions[4:]
    assert [one.position for one in await ledger.changes(positions[5], 9, since)] == positions[6:]
    await ledger.close()


async def test_what_a_run_noted_that_died_is_never_told(engine: Engine) -> None:
    died = engine.ledger()
    await died.note("dead00", [change("ghost", named(0))])
    await died.intend(RUN, (MEMORY,))
    await died.close()
    ledger = engine.ledger()
    await ledger.forget()
    assert await ledger.intended() is None
    await ledger.note(RUN.run, [change("a")])
    await ledger.record(RUN)
    assert await told(ledger) == [change("a")]
    await ledger.close()


async def test_a_run_that_died_after_it_published_is_recorded_by_the_next(engine: Engine) -> None:
    died = engine.ledger()
    await died.note(RUN.run, [change("a"), change("b")])
    await died.intend(RUN, (MEMORY,))
    assert await died.runs(9) == ()
    await died.close()
    ledger = engine.ledger()
    intention = await ledger.intended()
    assert intention == Intention(RUN, (MEMORY,))
    await ledger.record(intention.run, intention.memories)
    assert await told(ledger) == [change("a"), change("b")]
    assert await ledger.memories() == {MEMORY.scope: MEMORY}
    assert await ledger.intended() is None
    await ledger.close()


async def test_what_a_run_noted_that_did_not_publish_is_never_told(engine: Engine) -> None:
    ledger = engine.ledger()
    await ledger.note(UNPUBLISHED.run, [change("a")])
    await ledger.record(UNPUBLISHED)
    assert await told(ledger) == []
    later = named(1)
    await ledger.note(later.run, [change("b", later)])
    await ledger.record(later)
    assert await told(ledger) == [change("b", later)]
    await ledger.close()


async def test_recording_leaves_what_another_run_noted_and_intended(engine: Engine) -> None:
    leader, late = engine.ledger(), engine.ledger()
    await late.note("dead00", [change("late", named(0))])
    await leader.note(RUN.run, [change("a")])
    await leader.intend(RUN, (MEMORY,))
    await late.record(replace(UNPUBLISHED, run="dead00"))
    await leader.note(RUN.run, [change("b")])
    assert await leader.intended() == Intention(RUN, (MEMORY,))
    await leader.record(RUN)
    assert await told(leader) == [change("a"), change("b")]
    assert await leader.intended() is None
    await leader.close()
    await late.close()


async def test_memories_are_the_last_ones(engine: Engine) -> None:
    ledger, reader = engine.ledger(), engine.ledger()
    bare = Memory("prod/cn-north-4/market")
    await ledger.record(RUN, (MEMORY, bare))
    assert await reader.memories() == {MEMORY.scope: MEMORY, bare.scope: bare}
    later = replace(MEMORY, missing=b"", fetched=START)
    await ledger.record(named(1), (later,))
    await ledger.record(named(2))
    assert await reader.memories() == {MEMORY.scope: later, bare.scope: bare}
    await ledger.close()
    await reader.close()


async def test_a_scope_that_was_not_due_stays_and_one_that_was_purged_goes(engine: Engine) -> None:
    ledger = engine.ledger()
    await ledger.record(RUN, (replace(MEMORY, scope=HELD.scope), MEMORY))
    resting: ScopeState = replace(COMPLETE, state=State.NOT_DUE, seen=0)
    await ledger.record(named(1, scopes=(resting,)))
    assert await ledger.scope_states() == {COMPLETE.scope: COMPLETE, HELD.scope: HELD}
    for number in (2, 3):
        purged = (HELD.scope,) if number == 2 else ()
        await ledger.record(named(number, scopes=(), purged=purged))
        assert await ledger.scope_states() == {COMPLETE.scope: COMPLETE}
        assert await ledger.memories() == {MEMORY.scope: MEMORY}
    await ledger.close()


async def test_a_run_is_found_by_its_name(engine: Engine) -> None:
    ledger = engine.ledger()
    assert await ledger.run(RUN.run) is None
    await ledger.record(RUN)
    assert await ledger.run(RUN.run) == RUN
    assert await ledger.run("#counter") is None
    await ledger.close()


async def test_removals_are_found_by_the_id_of_the_image(engine: Engine) -> None:
    ledger = engine.ledger()
    gone = ChangeKind.REMOVED
    await ledger.note(RUN.run, [change("a"), change("a", kind=gone), change("b", kind=gone)])
    await ledger.record(RUN)
    later = named(1)
    await ledger.note(later.run, [change("a", later, gone, minutes=5)])
    await ledger.record(later)
    (found,) = await ledger.removals("a")
    assert replace(found, position=0) == change("a", later, gone, minutes=5)
    assert await ledger.removals("c") == ()
    await ledger.close()


async def test_the_oldest_go_by_number_and_removals_stay_longer(engine: Engine) -> None:
    ledger = engine.ledger()
    kinds = [ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.CHANGED, ChangeKind.ADDED]
    await ledger.note(RUN.run, [change(f"i{number}", kind=kind) for number, kind in enumerate(kinds)])
    await ledger.record(RUN)
    positions = [one.position for one in await ledger.changes(0, 9)]
    now = START + timedelta(hours=1)
    await ledger.trim(Keep(changes=2), now)
    assert [one.position for one in await ledger.changes(0, 9)] == positions[2:]
    assert await ledger.extent() == Extent(positions[1], positions[3])
    assert len(await ledger.removals("i1")) == 1
    await ledger.trim(Keep(changes=2, removed=timedelta(minutes=30)), now)
    assert await ledger.removals("i1") == ()
    later = named(1)
    await ledger.note(later.run, [change("z", later)])
    await ledger.record(later)
    assert (await ledger.changes(positions[3], 9))[0].position > positions[3]
    await ledger.close()


async def test_the_oldest_go_by_age_but_never_the_last_run(engine: Engine) -> None:
    ledger = engine.ledger()
    for number in range(3):
        run = named(number, started=START + timedelta(days=number))
        await ledger.note(run.run, [change(f"i{number}", run, minutes=number * 1440)])
        await ledger.record(run)
    await ledger.trim(Keep(age=timedelta(days=1, hours=1)), START + timedelta(days=2))
    assert [run.run for run in await ledger.runs(9)] == ["000002", "000001"]
    assert [one.run for one in await ledger.changes(0, 9)] == ["000001", "000002"]
    await ledger.trim(Keep(runs=1), START + timedelta(days=2))
    assert [run.run for run in await ledger.runs(9)] == ["000002"]
    await ledger.trim(Keep(age=timedelta(days=1)), START + timedelta(days=90))
    assert [run.run for run in await ledger.runs(9)] == ["000002"]
    assert await ledger.changes(0, 9) == ()
    await ledger.close()

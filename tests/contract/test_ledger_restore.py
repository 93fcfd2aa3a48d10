"""A ledger restored from the backup of another, of either engine: all of it, or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from engines.base import EngineError
from engines.ledger import ChangeKind, Entry, Extent, ImageChange, Keep, Ledger, Memory, Run, ScopeState
from ims_catalog.state import export_ledger, import_ledger
from ims_catalog.state_file import read_state_file
from tests.contract.engine import ENGINES, START, Engine, engine_in
from tests.contract.test_ledger_changes import MEMORY, RUN, change, named, told
from tests.contract.test_ledger_rules import COMPLETE, HELD

GONE = ChangeKind.REMOVED
RUNS = [replace(named(number), started=START + timedelta(minutes=number)) for number in range(60)]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a ledger shows; changes without their positions."""

    runs: list[Run]
    states: dict[str, ScopeState]
    memories: dict[str, Memory]
    changes: list[ImageChange]
    removals: list[ImageChange]


async def seen(ledger: Ledger) -> Seen:
    return Seen(
        list(await ledger.runs(1000)),
        dict(await ledger.scope_states()),
        dict(await ledger.memories()),
        await told(ledger),
        [replace(one, position=0) for one in await ledger.removals("i0")],
    )


async def fill(ledger: Ledger) -> Seen:
    """Record runs of two pages; a removal outlives its change, one state is of the first run."""
    for number, run in enumerate(RUNS):
        if number % 20 == 0:
            noted = [
                change(f"i{number}", run, GONE, number),
                change(f"n{number}", run, minutes=number),
                change(f"m{number}", run, ChangeKind.CHANGED, number),
            ]
            await ledger.note(run.run, noted)
        scopes = (COMPLETE, HELD) if number == 0 else (replace(COMPLETE, seen=number),)
        memories = (MEMORY, Memory(HELD.scope)) if number == 0 else ()
        await ledger.record(replace(run, scopes=scopes), memories)
    await ledger.trim(Keep(changes=6), START + timedelta(hours=1))
    shown = await seen(ledger)
    assert (len(shown.runs), len(shown.states), len(shown.memories)) == (60, 2, 2)
    assert (len(shown.changes), len(shown.removals)) == (6, 1)
    return shown


async def exported(ledger: Ledger) -> bytes:
    lines: list[bytes] = []
    tally = await export_ledger(ledger, lines.append, START)
    assert (tally.runs, tally.changes) == (60, 7)
    return b"".join(lines)


async def restore(ledger: Ledger, backup: bytes) -> None:
    state = read_state_file(BytesIO(backup))
    await import_ledger(ledger, state.entries, state.extent)


@pytest.mark.parametrize("source", sorted(ENGINES))
async def test_all_comes_back_in_either_engine(engine: Engine, source: str, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    with engine_in(source, folder) as other:
        origin = other.ledger()
        shown = await fill(origin)
        backup = await exported(origin)
        await origin.close()
    ledger, reader = engine.ledger(), engine.ledger()
    assert await reader.revision() == 0
    await restore(ledger, backup)
    assert await seen(reader) == shown
    assert await reader.run(RUNS[7].run) == shown.runs[-8]
    assert [run.run for run in await reader.runs(2, RUNS[3].run)] == ["000002", "000001"]
    assert await exported(reader) != b""
    await ledger.close()
    await reader.close()


async def test_who_followed_changes_begins_anew_and_the_next_run_goes_on(engine: Engine) -> None:
    ledger, reader = engine.ledger(), engine.ledger()
    shown = await fill(ledger)
    backup = await exported(ledger)
    later = named(100, scopes=(replace(COMPLETE, scope="a/b/c"),))
    await ledger.note(later.run, [change("x", later)])
    await ledger.record(later, (Memory("a/b/c"),))
    before, revision = await reader.extent(), await reader.revision()
    await restore(ledger, backup)
    assert await seen(reader) == shown
    extent = await reader.extent()
    assert before.last < extent.dropped < extent.last
    assert await reader.revision() > revision
    await ledger.forget()
    following = named(101, scopes=(), purged=(HELD.scope,))
    await ledger.note(following.run, [change("y", following)])
    await ledger.record(following)
    assert await told(reader, extent.last) == [change("y", following)]
    assert [run.run for run in await reader.runs(2)] == ["000065", RUNS[-1].run]
    assert await reader.scope_states() == {COMPLETE.scope: shown.states[COMPLETE.scope]}
    assert await reader.memories() == {MEMORY.scope: MEMORY}
    again = replace(shown.runs[0], exit=0)
    await ledger.record(again)
    assert [run.exit for run in await reader.runs(3)] == [following.exit, 0, 3]
    await ledger.trim(Keep(runs=5), START + timedelta(hours=1))
    assert len(await reader.runs(1000)) == 5
    await ledger.close()
    await reader.close()


@pytest.mark.parametrize("filled", [True, False], ids=["over a ledger", "into an empty one"])
async def test_what_breaks_off_is_not_seen(engine: Engine, filled: bool) -> None:
    ledger, reader = engine.ledger(), engine.ledger()
    if filled:
        await ledger.note(RUN.run, [change("a"), change("i0", kind=GONE)])
        await ledger.record(RUN, (MEMORY,))
    before, extent = await seen(reader), await reader.extent()
    entries: list[Entry] = [*RUNS, RUN, HELD, Memory("x"), replace(change("b"), position=1)]

    def broken() -> Iterator[Entry]:
        yield from entries
        raise EOFError("cut off")

    with pytest.raises(EOFError):
        await ledger.restore(broken(), Extent(0, 1))
    with pytest.raises(EngineError, match="no run"):
        await ledger.restore([HELD, Memory("x")], Extent(0, 0))
    assert (await seen(reader), await reader.extent()) == (before, extent)
    await ledger.forget()
    later = named(100, scopes=())
    await ledger.note(later.run, [change("c", later)])
    await ledger.record(later)
    assert await reader.runs(9) == (later, *before.runs)
    assert await told(reader) == [*before.changes, change("c", later)]
    await ledger.restore(entries, Extent(0, 1))
    assert await seen(reader) == Seen(
        [RUN, *RUNS[::-1]], {HELD.scope: HELD}, {"x": Memory("x")}, [change("b")], []
    )
    await ledger.close()
    await reader.close()


async def test_a_ledger_without_changes_drops_all_that_were(engine: Engine) -> None:
    ledger = engine.ledger()
    await ledger.note(RUN.run, [change("a")])
    await ledger.record(RUN)
    before = await ledger.extent()
    await ledger.restore([named(1)], Extent(5, 9 << 30))
    extent = await ledger.extent()
    assert extent.dropped == extent.last > max(before.last, 9 << 30)
    later = named(2)
    await ledger.note(later.run, [change("b", later)])
    await ledger.record(later)
    assert await told(ledger, extent.last) == [change("b", later)]
    await ledger.close()

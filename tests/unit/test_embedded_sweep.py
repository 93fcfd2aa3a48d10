"""What builds leave in a folder goes when somebody takes the right to write, and nothing that looks alike."""

from datetime import timedelta
from pathlib import Path

import pytest

from engines.base import Superseded, WriterBusy
from engines.embedded.holder import HOLDER_FILE, LOCK_FILE, holding
from engines.embedded.pointer import POINTER_FILE
from engines.generation import Generation
from mappings.schema import SCHEMA
from tests.contract.catalogue import image
from tests.contract.engine import START, Engine, embedded, publish, writing

A = image("a")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return embedded(tmp_path)


def name(term: int, run: str = "aaaaaa", prefix: str = "ims-catalog") -> str:
    return Generation(prefix, SCHEMA, term, START + timedelta(minutes=term), run).name


def left(folder: Path, *names: str) -> None:
    for each in names:
        (folder / each).write_bytes(b"what a build has left")


def there(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_broke_off_goes_when_the_right_to_write_is_taken(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        served = [await publish(engine, writer, [A]) for _ in range(2)]
    gone = {f"{name(1)}.building", f"{name(9)}.building", f"{name(1, 'bbbbbb')}.sqlite"}
    left(tmp_path, *gone)
    async with writing(engine):
        assert gone.isdisjoint(there(tmp_path))
        assert {f"{each}.sqlite" for each in served} <= there(tmp_path)


async def test_what_only_looks_alike_stays(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        await publish(engine, writer, [A])
        stays = {
            f"{name(0, prefix='other')}.sqlite",
            f"{name(0, prefix='ims-catalog-other')}.building",
            f"{name(0)}x.sqlite",
            f"{name(0)}.sqlite.bak",
            f"{name(0)}",
            f"{name(99)}.sqlite",
            "ims-catalog-notes.sqlite",
            "ims-catalog.building",
        }
        left(tmp_path, *stays, f"{name(0)}.sqlite", f"{name(98)}.building")
        build = await writer.begin(name(50), await writer.served())
        assert f"{name(98)}.building" in there(tmp_path), "a term that is higher than that of the build"
        await build.discard()
        await publish(engine, writer, [A])
        assert stays <= there(tmp_path)
        assert f"{name(0)}.sqlite" not in there(tmp_path)


async def test_nothing_goes_where_what_is_served_is_lost(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        await publish(engine, writer, [A])
        await publish(engine, writer, [A])
    left(tmp_path, f"{name(1)}.building")
    (tmp_path / POINTER_FILE).unlink()
    before = there(tmp_path)
    async with writing(engine):
        pass
    assert there(tmp_path) == before


async def test_terms_grow_whatever_becomes_of_runs_and_of_the_file(engine: Engine, tmp_path: Path) -> None:
    terms: list[int] = []
    for _ in range(2):
        async with writing(engine) as writer:
            terms += [await writer.term("one"), await writer.term("two")]
    assert terms == [1, 2, 3, 4]
    engine.term = 6
    async with writing(engine) as writer:
        await publish(engine, writer, [A])
    for content in (b"", b"no JSON", b'{"term": "7"}'):
        (tmp_path / HOLDER_FILE).write_bytes(content)
        async with writing(engine) as writer:
            assert await writer.term("three") == 8


async def test_who_writes_is_told_with_the_run(engine: Engine, tmp_path: Path) -> None:
    assert holding(tmp_path) is None
    async with writing(engine) as writer:
        await writer.term("20261124t061700z-5f2c9a")
        found = holding(tmp_path)
        assert str(found).endswith(" (since 2026-11-24 06:17:00 UTC, run 20261124t061700z-5f2c9a)")
        with pytest.raises(
            WriterBusy, match=r"^process \d+ on .*, run 20261124t061700z-5f2c9a\) is building"
        ):
            await engine.writer()
        assert holding(tmp_path) == found
    assert holding(tmp_path) is None


async def test_who_lost_the_lock_begins_and_publishes_nothing(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        first = await publish(engine, writer, [A])
        (tmp_path / LOCK_FILE).unlink()
        async with writing(engine) as other:
            second = await publish(engine, other, [A])
            with pytest.raises(Superseded, match="the right to write was lost"):
                await writer.term("a run")
            with pytest.raises(Superseded, match="the right to write was lost"):
                await publish(engine, writer, [A])
            assert await other.served() == second != first

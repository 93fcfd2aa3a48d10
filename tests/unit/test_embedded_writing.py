"""What a writer does when the disk does not do as it should, or somebody tidied up by hand."""

import gc
import logging
import os
import stat
import weakref
from contextlib import closing
from pathlib import Path

import pytest

from engines.base import Companions, DamagedGeneration, EngineUnavailable, NothingServed
from engines.embedded.draft import GenerationDraft
from engines.embedded.file import GenerationFile
from engines.embedded.pointer import POINTER_FILE, PREPARED_FILE
from engines.embedded.writer import EmbeddedWriter
from engines.generation import parse_generation
from engines.query import Query
from mappings.document import store
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import Engine, embedded, expected, publish, publish_once, reading, writing
from tests.unit.test_embedded_files import generation_file, written

A, B = image("a"), image("b")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return embedded(tmp_path)


async def test_a_lost_pointer_stops_the_writer_and_removes_nothing(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        for each in (A, B):
            await publish(engine, writer, [each])
        before = written(tmp_path)
        pointer = tmp_path / POINTER_FILE
        aside = pointer.rename(tmp_path / "aside")
        with pytest.raises(DamagedGeneration, match=f"{POINTER_FILE}.*gone.*put the file back"):
            await writer.served()
        with pytest.raises(DamagedGeneration, match=POINTER_FILE):
            await writer.begin(engine.next_name(), None)
        assert written(tmp_path) == before
        aside.rename(pointer)
        await publish(engine, writer, [A])


@pytest.mark.parametrize("publishes", [1, 2])
async def test_a_first_publish_that_broke_off_is_told_from_a_lost_pointer(
    engine: Engine, tmp_path: Path, publishes: int
) -> None:
    async with writing(engine) as writer:
        for _ in range(publishes):
            await publish(engine, writer, [A])
        # Where a publish breaks off after the file of its generation has its name.
        (tmp_path / POINTER_FILE).rename(tmp_path / PREPARED_FILE)
        if publishes > 1:
            with pytest.raises(DamagedGeneration, match=POINTER_FILE):
                await writer.served()
            return
        assert await writer.served() is None
        new = await publish(engine, writer, [B])
        assert written(tmp_path) == [f"{new}.sqlite"]


async def test_published_files_are_removed_after_a_publish_only(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        first = await publish(engine, writer, [A])
        older = parse_generation(first).name.replace("-000001-", "-000000-")
        extra = generation_file(tmp_path, older)
        extra.write_bytes(b"an older generation")
        build = await writer.begin(engine.next_name(), first)
        assert extra.exists()
        await build.discard()
        await publish(engine, writer, [B])
        assert not extra.exists()


async def test_what_cannot_be_removed_does_not_undo_a_publish(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with writing(engine) as writer:
        first = await publish(engine, writer, [A])
        (generation_file(tmp_path, first.replace("-000001-", "-000000-")) / "in").mkdir(parents=True)
        with caplog.at_level(logging.WARNING):
            second = await publish(engine, writer, [B])
        assert await writer.served() == second
        assert "could not be removed" in caplog.text


@pytest.mark.parametrize("step", [1, 2, 3, 4])
async def test_a_publish_happened_or_it_did_not(
    engine: Engine, tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(engine) as writer:
        first = await publish(engine, writer, [A])
        build = await writer.begin(engine.next_name(), first)
        await build.add([store(B)])
        await build.seal(Companions())
        await build.verify(expected([B]))
        synced = 0

        def fails(descriptor: int) -> None:
            nonlocal synced
            synced += 1
            if synced == step:
                raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fsync", fails)
        if step == 4:
            await build.publish()
            assert await writer.served() == build.generation
        else:
            with pytest.raises(EngineUnavailable, match="cannot publish"):
                await build.publish()
            await build.discard()
            assert await writer.served() == first
            assert written(tmp_path) == [f"{first}.sqlite"]
        assert synced == step
        monkeypatch.undo()
        await publish(engine, writer, [A])


async def test_what_cannot_be_tidied_up_is_said_in_plain_words(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        name = engine.next_name()
        (tmp_path / f"{name}.building" / "in").mkdir(parents=True)
        with pytest.raises(EngineUnavailable, match="cannot write in"):
            await writer.begin(engine.next_name(), None)


async def test_a_build_that_cannot_be_removed_is_said_in_plain_words(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        path = tmp_path / f"{build.generation}.building"
        path.unlink()
        (path / "in").mkdir(parents=True)
        with pytest.raises(EngineUnavailable, match="cannot write"):
            await build.discard()


async def test_what_is_written_is_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "catalog"
    engine = embedded(folder)
    async with writing(engine) as writer:
        await publish(engine, writer, [A])
        left = await writer.begin(engine.next_name(), await writer.served())
        ledger = engine.ledger()
        await ledger.revision()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert len(modes) >= 5
        assert set(modes.values()) == {0o600}, modes
        await left.discard()
        await ledger.close()


async def test_a_writer_forgets_builds_that_ended(engine: Engine) -> None:
    async with writing(engine) as writer:
        assert isinstance(writer, EmbeddedWriter)
        for _ in range(3):
            await publish(engine, writer, [A])
            await (await writer.begin(engine.next_name(), None)).discard()
        assert len(writer._builds) <= 1


def test_a_draft_that_cannot_begin_lets_go_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "draft"
    path.write_bytes(b"no database" * 1000)
    opened = Path("/proc/self/fd")
    with pytest.raises(Exception, match="database"):
        GenerationDraft(path)
    if opened.exists():
        assert path not in [each.resolve() for each in opened.iterdir() if each.exists()]


async def test_the_reason_why_nothing_is_served_holds_on_to_no_request(engine: Engine) -> None:
    class Held:
        pass

    async with reading(engine) as readers:

        async def request() -> "weakref.ref[Held]":
            held = Held()
            with pytest.raises(NothingServed):
                await readers.served()
            return weakref.ref(held)

        references = [await request() for _ in range(3)]
        gc.collect()
        assert [reference() for reference in references] == [None] * 3


async def test_requests_go_on_when_readers_are_closed(engine: Engine) -> None:
    await publish_once(engine, [A])
    readers = engine.readers()
    reader = await readers.served()
    await readers.close()
    assert ids(await ask(reader, Query())) == ["a"]


async def test_a_closed_file_is_not_called_damaged(engine: Engine, tmp_path: Path) -> None:
    path = generation_file(tmp_path, await publish_once(engine, [A]))
    with closing(GenerationFile.open(path)) as file:
        pass
    with pytest.raises(EngineUnavailable):
        file.rows([0])


async def test_the_previous_generation_is_compared_with_the_pointer_too(
    engine: Engine, tmp_path: Path
) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, [A])
        second = await publish(engine, writer, [B])
        generation_file(tmp_path, first).write_bytes(generation_file(tmp_path, second).read_bytes())
        with pytest.raises(DamagedGeneration, match=second):
            await readers.named(first)
        with pytest.raises(DamagedGeneration, match=second):
            await writer.companions(first)

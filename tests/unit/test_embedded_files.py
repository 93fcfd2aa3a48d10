"""What stands on disk: damaged, foreign and newer files, what a broken run leaves, and who looks when."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from engines.base import (
    DamagedGeneration,
    EngineError,
    EngineUnavailable,
    ForeignGeneration,
    Reader,
)
from engines.embedded.file import digest_of
from engines.embedded.ledger import open_ledger
from engines.embedded.ledger_file import LEDGER_FILE
from engines.embedded.pointer import FORMAT, POINTER_FILE
from engines.embedded.readers import IDLE_SECONDS, RETRY_SECONDS, EmbeddedReaders
from engines.embedded.writer import open_writer
from engines.narrowed import Narrowed
from engines.query import FieldFacet, Query, Sort
from mappings.document import store
from mappings.filter import EVERY
from tests.contract.another_version import write_as_another_version
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import PREFIX, Engine, embedded, publish, publish_once, reading, writing

IMAGES = [image(f"i{number:03}", min_disk=number % 7, platform="Ubuntu") for number in range(200)]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return embedded(tmp_path)


def written(folder: Path) -> list[str]:
    """Names of the files of generations."""
    return sorted(path.name for path in folder.glob(f"{PREFIX}*"))


def generation_file(folder: Path, generation: str) -> Path:
    return folder / f"{generation}.sqlite"


def flip(path: Path, place: int) -> None:
    """Change one byte."""
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def change_pointer(folder: Path, served: dict[str, object] | None = None, **changed: object) -> None:
    """Change what the pointer tells, or what it tells of the generation being served."""
    path = folder / POINTER_FILE
    entry = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps({**entry, "served": {**entry["served"], **(served or {})}, **changed}))


def change_file(path: Path, statement: str, *values: bytes) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def change_part(path: Path, part: str, data: bytes) -> None:
    """Change a part so that all checksums hold."""
    change_file(
        path,
        "UPDATE parts SET data = ?, digest = ? WHERE part = CAST(? AS TEXT)",
        data,
        digest_of(data),
        part.encode(),
    )


async def everything(reader: Reader) -> int:
    """Read all that a reader can give."""
    query = Query(limit=1000, facets=(FieldFacet("platform"),), sort=(Sort("min_disk"),))
    answer = await reader.search(Narrowed(query, EVERY))
    await reader.raw(Narrowed(Query(limit=1000), EVERY))
    await reader.companions()
    return answer.total


async def test_no_flipped_byte_gives_another_answer(engine: Engine, tmp_path: Path) -> None:
    generation = await publish_once(engine, IMAGES)
    path = generation_file(tmp_path, generation)
    whole = path.read_bytes()
    async with reading(engine) as readers:
        reader = await readers.served()
        good = await reader.search(Narrowed(Query(limit=1000, facets=(FieldFacet("platform"),)), EVERY))
    refused = 0
    for place in range(0, len(whole), 1 + len(whole) // 150):
        flip(path, place)
        readers = EmbeddedReaders(tmp_path, engine.hand.clock)
        try:
            reader = await readers.served()
            assert await everything(reader) == len(IMAGES)
            again = await reader.search(Narrowed(Query(limit=1000, facets=(FieldFacet("platform"),)), EVERY))
            assert again == good
        except EngineError:
            refused += 1
        finally:
            await readers.close()
            path.write_bytes(whole)
    assert refused > 50


def change_meta(path: Path, name: str, value: bytes) -> None:
    change_file(path, "UPDATE meta SET value = ? WHERE name = CAST(? AS TEXT)", value, name.encode())


BROKEN = [
    pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-4096]), id="a file that was cut"),
    pytest.param(lambda path: path.write_bytes(b""), id="an empty file"),
    pytest.param(lambda path: path.write_bytes(b"<html>" * 9999), id="another kind of file"),
    pytest.param(lambda path: path.unlink(), id="no file"),
    pytest.param(
        lambda path: change_file(path, "UPDATE parts SET data = zeroblob(length(data)) WHERE part = 'ranks'"),
        id="a part that was changed",
    ),
    pytest.param(lambda path: change_file(path, "DELETE FROM parts WHERE part = 'ranks'"), id="a part gone"),
    pytest.param(lambda path: change_meta(path, "documents", b"2"), id="another number of documents"),
    pytest.param(lambda path: change_meta(path, "companions", b"{}"), id="flavors that were changed"),
    pytest.param(lambda path: change_meta(path, "built", b"yesterday"), id="anything told of it changed"),
    pytest.param(
        lambda path: change_pointer(path.parent, {"checksum": "0" * 32}), id="a pointer with another checksum"
    ),
    pytest.param(lambda path: change_pointer(path.parent, {"size": "1"}), id="a size that is text"),
    pytest.param(lambda path: change_pointer(path.parent, term=True), id="a term that is no number"),
    pytest.param(lambda path: change_pointer(path.parent, term=9), id="another term than the name's"),
    pytest.param(lambda path: change_pointer(path.parent, previous="x"), id="no object where one is wanted"),
    pytest.param(lambda path: write_as_another_version(path.parent), id="another schema"),
    pytest.param(lambda path: change_pointer(path.parent, format=FORMAT + 1), id="a newer format"),
    pytest.param(lambda path: (path.parent / POINTER_FILE).write_bytes(b"{"), id="a pointer that is none"),
    pytest.param(
        lambda path: (path.parent / POINTER_FILE).write_bytes(b"[]"), id="a pointer of another shape"
    ),
    pytest.param(lambda path: change_pointer(path.parent, {"name": "../x"}), id="a pointer to elsewhere"),
    pytest.param(lambda path: (path.parent / POINTER_FILE).unlink(), id="no pointer any more"),
]


@pytest.mark.parametrize("damage", BROKEN)
async def test_the_old_generation_goes_on(
    engine: Engine, tmp_path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(damage)
    async with writing(engine) as writer:
        readers = EmbeddedReaders(tmp_path, engine.hand.clock)
        old = await publish(engine, writer, IMAGES)
        assert (await readers.served()).generation == old
        damage(generation_file(tmp_path, await publish(engine, writer, IMAGES[:3])))
        with caplog.at_level(logging.ERROR):
            for _ in range(5):
                engine.hand.move(1)
                for _ in range(400):
                    assert await everything(await readers.served()) == len(IMAGES)
                    await asyncio.sleep(0)
                    if readers.problem:
                        break
        assert readers.problem
        assert len(caplog.records) == 1
        await readers.close()


async def test_what_is_mended_is_taken_over(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        await publish(engine, writer, IMAGES)
        readers = EmbeddedReaders(tmp_path, engine.hand.clock)
        await readers.served()
        new = await publish(engine, writer, IMAGES[:3])
        path = generation_file(tmp_path, new)
        whole = path.read_bytes()
        path.write_bytes(whole[:-4096])
        engine.hand.move(1)
        await _turn(readers)
        assert str(path) in str(readers.problem)
        path.write_bytes(whole)
        engine.hand.move(1)
        await _turn(readers)
        assert str(path) in str(readers.problem)
        engine.hand.move(RETRY_SECONDS)
        await _turn(readers)
        assert readers.problem is None
        assert (await readers.served()).generation == new
        await readers.close()


async def _turn(readers: EmbeddedReaders) -> None:
    """Let a load that may have begun come to its end."""
    for _ in range(3000):
        await readers.served()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param(write_as_another_version, ForeignGeneration, id="another schema says what to do"),
        pytest.param(
            lambda folder: change_pointer(folder, format=FORMAT + 1), ForeignGeneration, id="a newer format"
        ),
        pytest.param(
            lambda folder: change_pointer(folder, {"size": 1}), DamagedGeneration, id="another size"
        ),
        pytest.param(
            lambda folder: change_pointer(folder, x=1), DamagedGeneration, id="a pointer of another shape"
        ),
    ],
)
async def test_before_anything_was_loaded_the_error_is_told(
    engine: Engine, tmp_path: Path, changed: Callable[[Path], object], error: type[EngineError]
) -> None:
    await publish_once(engine, IMAGES)
    changed(tmp_path)
    async with reading(engine) as readers:
        for _ in range(2):
            with pytest.raises(error):
                await readers.served()


async def test_a_writer_refuses_another_installation(engine: Engine, tmp_path: Path) -> None:
    await publish_once(engine, IMAGES)
    writer = open_writer(tmp_path, prefix="other", clock=engine.hand.clock)
    with pytest.raises(ForeignGeneration, match="other"):
        await writer.served()
    await writer.close()


async def test_documents_of_an_older_schema_can_still_be_planned_on(engine: Engine, tmp_path: Path) -> None:
    await publish_once(engine, IMAGES)
    generation = write_as_another_version(tmp_path)
    async with writing(engine) as writer:
        assert await writer.served() == generation
        assert sum([len(batch) async for batch in writer.documents(generation)]) == len(IMAGES)
        await publish(engine, writer, IMAGES[:3])
    async with reading(engine) as readers:
        assert await everything(await readers.served()) == 3


async def test_a_damaged_document_stops_the_stream(engine: Engine, tmp_path: Path) -> None:
    generation = await publish_once(engine, IMAGES)
    change_file(generation_file(tmp_path, generation), "UPDATE raws SET raw = '{}' WHERE rank = 77")
    async with writing(engine) as writer:
        with pytest.raises(DamagedGeneration, match="i077"):
            [_ async for _ in writer.documents(generation)]


async def test_what_a_broken_run_left_is_removed_and_nothing_else(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        await publish(engine, writer, IMAGES)
        left = await writer.begin(engine.next_name(), await writer.served())
        await left.add([store(each) for each in IMAGES])
    foreign = [tmp_path / "notes.sqlite", tmp_path / LEDGER_FILE, tmp_path / "other-00000000-x.building"]
    for path in foreign:
        path.touch()
    assert len(written(tmp_path)) == 2
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), await writer.served())
        assert written(tmp_path) == sorted(
            [f"{await writer.served()}.sqlite", f"{build.generation}.building"]
        )
        await build.discard()
        for _ in range(4):
            await publish(engine, writer, IMAGES)
    assert len(written(tmp_path)) == 2
    assert all(path.exists() for path in foreign)


async def test_the_pointer_is_looked_at_once_a_second(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, IMAGES)
        await readers.served()
        second = await publish(engine, writer, IMAGES[:3])
        for seconds, expected in ((0.0, first), (0.9, first), (0.1, second)):
            engine.hand.move(seconds)
            for _ in range(1000):
                reader = await readers.served()
                await asyncio.sleep(0)
            assert reader.generation == expected


async def test_while_a_generation_is_loaded_the_old_one_answers(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, IMAGES)
        await readers.served()
        await publish(engine, writer, IMAGES[:3])
        engine.hand.move(1)
        answers = 0
        while (await readers.served()).generation == first:
            answers += await everything(await readers.served()) == len(IMAGES)
            await asyncio.sleep(0)
        assert answers > 50


async def test_many_first_requests_share_one_load(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        found = await asyncio.gather(*(readers.served() for _ in range(20)))
        assert len(set(map(id, found))) == 1


async def test_the_previous_generation_leaves_memory_when_nobody_asks(engine: Engine) -> None:
    async with writing(engine) as writer, reading(engine) as readers:
        first = await publish(engine, writer, IMAGES)
        second = await publish(engine, writer, IMAGES[:3])
        kept = await readers.named(first)
        assert await readers.named(first) is kept
        engine.hand.move(IDLE_SECONDS - 1)
        assert await readers.named(first) is kept
        engine.hand.move(IDLE_SECONDS)
        assert (await readers.served()).generation == second
        assert await readers.named(first) is not kept
        assert ids(await ask(kept, Query(limit=1))) == ["i000"]


async def test_closed_is_closed(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    readers = engine.readers()
    await readers.served()
    await readers.close()
    with pytest.raises(EngineUnavailable, match="closed"):
        await readers.served()


async def test_closing_gives_up_a_load(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    readers = engine.readers()
    waiting = asyncio.create_task(_served(readers))
    await asyncio.sleep(0)
    await readers.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _served(readers: object) -> object:
    assert isinstance(readers, EmbeddedReaders)
    return await readers.served()


@pytest.mark.parametrize("what", ["writer", "ledger"])
async def test_a_folder_that_is_none_is_named(tmp_path: Path, engine: Engine, what: str) -> None:
    folder = tmp_path / "file"
    folder.write_text("")
    with pytest.raises(EngineUnavailable, match="file"):
        open_writer(folder, clock=engine.hand.clock) if what == "writer" else open_ledger(folder)


async def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / LEDGER_FILE).write_text("no database" * 100)
    with pytest.raises(EngineUnavailable, match=LEDGER_FILE):
        open_ledger(tmp_path)


async def test_a_build_must_be_sealed_before_it_is_published(engine: Engine, tmp_path: Path) -> None:
    async with writing(engine) as writer:
        build = await writer.begin(engine.next_name(), None)
        with pytest.raises(ValueError, match="sealed"):
            await build.publish()
        await build.discard()
    assert written(tmp_path) == []

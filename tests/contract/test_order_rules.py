"""Order and pages."""

import random
from dataclasses import replace

import pytest

from engines.base import Reader
from engines.narrowed import Narrowed
from engines.query import Position, Query, Sort
from mappings.document import Document
from mappings.filter import EVERY, TEXT, Condition, Operator, Value
from tests.contract.catalogue import ask, ids, image
from tests.contract.engine import Engine, publish_once, reading

IMAGES = (
    image("a", trust=1, created_at=300, min_disk=40, version="7.10", platform="b", description="web server"),
    image("b", trust=0, created_at=100, min_disk=9, version="7.9", platform="B", name="server web"),
    image("c", trust=0, created_at=200, min_disk=9, version="7", platform="é", description="web server"),
    image("d", trust=0, platform="授", name="server", description="web"),
    image("e", created_at=900, version="7.0", platform="\U0001f427"),
    image("f", trust=0, created_at=200, version="22.04", name="web server farm"),
)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        pytest.param((), "cfbdae", id="by default trust, then newest, then key; missing values last"),
        pytest.param((Sort("created_at"),), "bcfaed", id="oldest first"),
        pytest.param((Sort("created_at", descending=True),), "eacfbd", id="newest first, missing last"),
        pytest.param((Sort("min_disk"),), "bcadef", id="numbers by size, ties and missing by key"),
        pytest.param((Sort("min_disk", descending=True),), "abcdef", id="numbers falling, ties by key"),
        pytest.param((Sort("platform"),), "bacdef", id="texts by code points"),
        pytest.param((Sort("platform", descending=True),), "edcabf", id="texts falling"),
        pytest.param((Sort("version"),), "cebafd", id="versions by component, 7 as 7.0"),
        pytest.param((Sort("version", descending=True),), "fabced", id="versions falling"),
        pytest.param((Sort("min_disk"), Sort("created_at", descending=True)), "cbaefd", id="two levels"),
        pytest.param(
            (Sort("trust"), Sort("created_at", descending=True)), "cfbdae", id="the default order named"
        ),
    ],
)
async def test_order(engine: Engine, sort: tuple[Sort, ...], expected: str) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        assert "".join(ids(await ask(reader, Query(sort=sort)))) == expected
        assert "".join(await walk(reader, Query(sort=sort, limit=1))) == expected


async def test_a_name_that_holds_all_words_comes_first(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    text = (Condition(TEXT, Operator.MATCH, ("web",)), Condition(TEXT, Operator.MATCH, ("server",)))
    async with reading(engine) as readers:
        reader = await readers.served()
        assert ids(await ask(reader, Query(text=text))) == ["f", "b", "c", "d", "a"]
        assert await walk(reader, Query(text=text, limit=2)) == ["f", "b", "c", "d", "a"]
        first = await ask(reader, Query(text=text, limit=3))
        assert first.next is not None
        assert first.next.values[0] == 1


async def test_a_sort_is_obeyed_literally(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    text = (Condition(TEXT, Operator.MATCH, ("web server",)),)
    async with reading(engine) as readers:
        answer = await ask(
            await readers.served(), Query(text=text, sort=(Sort("created_at", descending=True),))
        )
    assert ids(answer) == ["a", "c", "f", "b", "d"]


@pytest.mark.parametrize(
    "sort",
    [
        pytest.param((), id="default order"),
        pytest.param((Sort("created_at", descending=True),), id="a date with many ties"),
        pytest.param((Sort("platform"), Sort("min_disk", descending=True)), id="two levels, values missing"),
        pytest.param((Sort("name", descending=True),), id="a text"),
    ],
)
async def test_a_walk_gives_every_image_once_at_any_depth(engine: Engine, sort: tuple[Sort, ...]) -> None:
    drawn = random.Random(7)
    images = [_drawn_image(number, drawn) for number in range(700)]
    await publish_once(engine, images)
    async with reading(engine) as readers:
        reader = await readers.served()
        whole = ids(await ask(reader, Query(sort=sort, limit=1000)))
        assert len(set(whole)) == len(images)
        assert await walk(reader, Query(sort=sort, limit=13)) == whole


def _drawn_image(number: int, drawn: random.Random) -> Document:
    fields: dict[str, Value] = {"trust": drawn.randrange(4), "platform": drawn.choice("abc")}
    if drawn.random() < 0.9:
        fields["created_at"] = drawn.randrange(20)
    if drawn.random() < 0.5:
        fields["min_disk"] = drawn.randrange(5)
    made = image(f"i{number:04}")
    return replace(made, fields={**made.fields, **fields})


async def test_a_position_need_not_be_a_hit(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        for sort, values, expected in (
            ((Sort("min_disk"),), (10,), "adef"),
            ((Sort("min_disk", descending=True),), (10,), "bcdef"),
            ((Sort("platform"),), ("a",), "acdef"),
            ((Sort("version"),), (None,), "d"),
            ((), (0, 150), "bdae"),
        ):
            query = Query(sort=sort, after=Position(values, "huawei/cn-north-4/c!/public"))
            assert "".join(ids(await ask(reader, query))) == expected, sort


async def test_a_position_of_another_order_is_refused(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        for sort, values in (((), (1,)), ((Sort("min_disk"),), ("text",)), ((Sort("platform"),), (3,))):
            with pytest.raises(ValueError, match=r"position|no value"):
                await ask(reader, Query(sort=sort, after=Position(values, "k")))


async def test_only_sortable_fields_sort(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        for name in ("tags", "size", "id"):
            with pytest.raises(ValueError, match=name):
                await ask(reader, Query(sort=(Sort(name),)))


async def test_a_limit_of_zero_counts_only(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), Query(limit=0))
    assert (answer.total, answer.hits, answer.next) == (6, (), None)


async def test_the_last_page_says_so(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        assert (await ask(reader, Query(limit=6))).next is None
        assert (await ask(reader, Query(limit=5))).next is not None


async def test_access_decides_what_there_is(engine: Engine) -> None:
    await publish_once(engine, [*IMAGES, image("secret", view="own", visible_to=("p2",))])
    mine = Condition("visible_to", Operator.IN, ("p2",))
    async with reading(engine) as readers:
        reader = await readers.served()
        answer = await ask(reader, Query(), mine)
        assert (ids(answer), answer.total) == (["secret"], 1)
        public = Condition("view", Operator.IN, ("public",))
        assert (await ask(reader, Query(filter=mine), public)).total == 0
        assert not await reader.raw(Narrowed(Query(filter=mine), public))


async def test_raw_records_come_in_the_order_of_the_hits(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        found = await (await readers.served()).raw(Narrowed(Query(limit=2), EVERY))
    assert [raw for _, raw in found] == [b'{"id": "c"}', b'{"id": "f"}']
    assert [key for key, _ in found] == ["huawei/cn-north-4/c/public", "huawei/cn-north-4/f/public"]


async def test_an_empty_catalogue_answers(engine: Engine) -> None:
    await publish_once(engine, [])
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), Query(sort=(Sort("name"),)))
    assert (answer.total, answer.hits, answer.next) == (0, (), None)


async def walk(reader: Reader, query: Query) -> list[str]:
    """Follow the positions to the end."""
    found: list[str] = []
    answer = await ask(reader, query)
    while answer.next is not None and len(found) <= answer.total:
        found.extend(ids(answer))
        answer = await ask(reader, replace(query, after=answer.next))
    return [*found, *ids(answer)]

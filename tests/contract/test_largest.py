"""The largest questions are answered by every engine, and what is larger is refused by each alike."""

from pathlib import Path

import pytest

from engines.base import TooCostly
from engines.costs import DEPTH, HITS, WORDS
from engines.opensearch import counts
from engines.opensearch.client import Client, Cluster
from engines.opensearch.searches import searches
from engines.query import FieldFacet, FilterFacet, Pivot, Query
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or
from search_api.limits import CONDITIONS
from tests.contract.catalogue import ask, image
from tests.contract.engine import Engine, engine_in, publish_once, reading

CHARACTERS = "".join(map(chr, range(0x4E00, 0x4E00 + 1200)))
IMAGES = [
    image(f"i{number}", name=CHARACTERS, min_disk=number, created_at=number * 10_000, platform=f"p{number}")
    for number in range(20)
]


def least(number: int) -> Condition:
    return Condition("min_disk", Operator.GTE, (-number,))


def newer(number: int) -> Condition:
    return Condition("created_at", Operator.GT, (number,))


def said(count: int) -> tuple[Condition, ...]:
    return (Condition(TEXT, Operator.MATCH, (CHARACTERS[:count],)),)


def nested(levels: int) -> Filter:
    given: Filter = least(0)
    for level in range(levels - 1):
        inner: tuple[Filter, ...] = (given, Condition("platform", Operator.IN, (f"p{level}",)))
        given = (And(inner), Not(given), Or(inner))[level % 3]
    return given


@pytest.mark.parametrize(
    ("query", "total"),
    [
        pytest.param(Query(filter=And(tuple(map(least, range(490))))), 20, id="numbers that all must reach"),
        pytest.param(Query(filter=Or(tuple(map(newer, range(490))))), 19, id="dates, one of which does"),
        pytest.param(Query(filter=Or(tuple(Not(newer(number)) for number in range(330)))), 1, id="negations"),
        pytest.param(
            Query(
                filter=And(
                    tuple(
                        Or((least(number), Condition("min_disk", Operator.IN, (number, number + 1))))
                        for number in range(240)
                    )
                )
            ),
            20,
            id="numbers or one of several",
        ),
        pytest.param(
            Query(filter=Or(tuple(Not(newer(number)) for number in range(CONDITIONS))), text=said(WORDS)),
            1,
            id="as many conditions and words as the API allows",
        ),
        pytest.param(
            Query(filter=Condition("platform", Operator.IN, tuple(f"p{n}" for n in range(70_000, -1, -1)))),
            20,
            id="more values than a list may have",
        ),
        pytest.param(
            Query(filter=Not(Condition("platform", Operator.IN, tuple(f"p{n}" for n in range(1, 70_000))))),
            1,
            id="none of more values than a list may have",
        ),
        pytest.param(Query(limit=HITS), 20, id="images at once"),
        pytest.param(Query(filter=Or((nested(DEPTH - 1), least(0)))), 20, id="levels"),
    ],
)
async def test_the_largest_is_answered(engine: Engine, query: Query, total: int) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        assert (await ask(await readers.served(), query)).total == total


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param(Query(limit=HITS + 1), f"{HITS + 1} images are too many", id="images"),
        pytest.param(Query(filter=nested(DEPTH + 1)), f"at most {DEPTH} levels", id="levels"),
        pytest.param(Query(filter=nested(1500)), f"at most {DEPTH} levels", id="more levels than Python has"),
        pytest.param(
            Query(facets=(FilterFacet("named", (("deep", nested(DEPTH + 1)),)),)),
            f"at most {DEPTH} levels",
            id="levels in a facet",
        ),
        pytest.param(Query(text=said(WORDS + 1)), f"ask for {WORDS} at most", id="words"),
        pytest.param(
            Query(filter=Not(said(WORDS + 1)[0])), f"ask for {WORDS} at most", id="words in a filter"
        ),
        pytest.param(
            Query(facets=(FilterFacet("named", (("many", said(WORDS + 1)[0]),)),)),
            f"ask for {WORDS} at most",
            id="words in a facet",
        ),
    ],
)
async def test_more_is_refused_alike(engine: Engine, query: Query, words: str) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        with pytest.raises(ValueError, match=words):
            await ask(await readers.served(), query)


@pytest.mark.usefixtures("opensearch_url")
@pytest.mark.parametrize(
    "given",
    [
        pytest.param(And(tuple(map(least, range(600)))), id="numbers that all must reach"),
        pytest.param(Or(tuple(map(newer, range(600)))), id="dates, one of which does"),
        pytest.param(Or(tuple(Not(newer(number)) for number in range(400))), id="negations"),
    ],
)
async def test_more_clauses_than_a_node_takes_are_too_costly(tmp_path: Path, given: Filter) -> None:
    with engine_in("opensearch", tmp_path) as engine:
        await publish_once(engine, IMAGES)
        async with reading(engine) as readers:
            with pytest.raises(TooCostly, match="fewer of them"):
                await ask(await readers.served(), Query(filter=given))


async def test_a_node_that_counts_fewer_is_understood(tmp_path: Path, opensearch_url: str) -> None:
    """A node may be told to count fewer values than others do, too."""
    spans = {"field": "created_at", "interval": 1, "min_doc_count": 0}
    many = {"histogram": {**spans, "extended_bounds": {"min": 0, "max": 70_000}}}
    body: dict[str, object] = {"size": 0, "aggs": {"many": many}}
    client = Client(Cluster((opensearch_url,), timeout=30.0))
    try:
        with engine_in("opensearch", tmp_path) as engine:
            generation = await publish_once(engine, IMAGES)
            for bodies in ([body], [body, body]):
                with pytest.raises(TooCostly, match="fewer facets"):
                    await searches(client, generation, bodies)
    finally:
        await client.close()


@pytest.mark.usefixtures("opensearch_url")
async def test_counts_are_the_same_in_one_search_and_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = Query(
        filter=Condition("platform", Operator.IN, tuple(f"p{number}" for number in range(15))),
        facets=(
            *(FieldFacet(name) for name in ("platform", "min_disk", "cloud", "firmware", "status")),
            FilterFacet("named", (("small", Condition("min_disk", Operator.LT, (5,))), ("all", EVERY))),
        ),
        histograms=("created_at",),
        pivot=Pivot("platform", "firmware"),
        sums=("min_disk",),
    )
    with engine_in("opensearch", tmp_path) as engine:
        await publish_once(engine, IMAGES)
        async with reading(engine) as readers:
            reader = await readers.served()
            whole = await ask(reader, query)
            monkeypatch.setattr(counts, "BUCKETS", 1)
            assert await ask(reader, query) == whole
    assert whole.facets["platform"].distinct == 20
    assert whole.facets["cloud"].buckets[0].count == 15


@pytest.mark.parametrize("count", [600, 1100], ids=["in the whole query", "in one list"])
async def test_a_node_that_takes_fewer_is_understood(tmp_path: Path, opensearch_url: str, count: int) -> None:
    """A node may be told to take fewer clauses than others do."""
    ranges = [{"range": {"created_at": {"gte": number}}} for number in range(count)]
    body: dict[str, object] = {"query": {"bool": {"should": ranges}}}
    client = Client(Cluster((opensearch_url,), timeout=30.0))
    with engine_in("opensearch", tmp_path) as engine:
        generation = await publish_once(engine, IMAGES)
        for bodies in ([body], [body, body]):
            with pytest.raises(TooCostly, match="fewer of them"):
                await searches(client, generation, bodies)
    await client.close()

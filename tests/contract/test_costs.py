"""What a query may cost: a pattern is answered, a heap of vague ones is refused in plain words."""

import pytest

from engines.base import TooCostly
from engines.query import FACET_LIMIT, FilterFacet, Pivot, Query
from mappings.filter import And, Condition, Filter, Not, Operator, Or
from tests.contract.catalogue import ask, image
from tests.contract.engine import Engine, publish_once, reading

IMAGES = [
    image(f"i{number:04}", name=f"Ubuntu {number:04} LTS ab", extra={"k": f"ban {number}"})
    for number in range(1500)
]


def vague(number: int, field: str = "name") -> Condition:
    """A pattern of single characters, each different."""
    return Condition(field, Operator.WILDCARD, (f"*b?n*{'*' * number}",))


HEAP = tuple(vague(number) for number in range(100))


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query(filter=Or(HEAP)), id="alternatives"),
        pytest.param(Query(filter=And((Not(And(HEAP)),))), id="under a negation"),
        pytest.param(Query(facets=(FilterFacet("named", (("heap", Or(HEAP)),)),)), id="in a facet"),
        pytest.param(
            Query(filter=Or(tuple(vague(n, "extra.k") for n in range(100)))), id="on an extra attribute"
        ),
    ],
)
async def test_a_heap_of_vague_patterns_is_refused_whatever_was_asked_before(
    engine: Engine, query: Query
) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        for _ in range(3):
            for pattern in HEAP:
                await ask(reader, Query(filter=pattern, limit=1))
            with pytest.raises(TooCostly, match="longer runs of characters"):
                await ask(reader, query)


@pytest.mark.parametrize(
    ("given", "total"),
    [
        pytest.param(vague(0), 1500, id="one vague pattern"),
        pytest.param(Or((vague(0),) * 100), 1500, id="one pattern again and again"),
        pytest.param(
            Or(tuple(Condition("name", Operator.WILDCARD, (f"*{n:04}*LTS*",)) for n in range(100))),
            100,
            id="many patterns of longer runs",
        ),
    ],
)
async def test_patterns_within_reason_are_answered(engine: Engine, given: Filter, total: int) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        assert (await ask(await readers.served(), Query(filter=given, limit=1))).total == total


WIDE = [
    image(f"i{number:03}", owner=f"o{number % 120}", tags=tuple(f"t{number + more}" for more in range(3)))
    for number in range(240)
]


@pytest.mark.parametrize("sums", [(), ("min_disk",)], ids=["counts", "sums"])
async def test_a_pivot_has_only_so_many_cells(engine: Engine, sums: tuple[str, ...]) -> None:
    await publish_once(engine, WIDE)
    async with reading(engine) as readers:
        reader = await readers.served()
        for limit, too_costly in ((FACET_LIMIT, False), (FACET_LIMIT + 20, True)):
            query = Query(pivot=Pivot("owner", "tags", limit), sums=sums, limit=0)
            if too_costly:
                with pytest.raises(TooCostly, match="owner by tags would take too long: narrow by filters"):
                    await ask(reader, query)
            else:
                pivot = (await ask(reader, query)).pivot
                assert pivot is not None
                assert (len(pivot.rows), len(pivot.columns)) == (FACET_LIMIT, FACET_LIMIT)

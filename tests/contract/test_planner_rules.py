"""How histograms, pivots and sums count."""

from dataclasses import replace

import pytest

from engines.query import (
    Bucket,
    Cell,
    FieldFacet,
    FilterFacet,
    HistogramCounts,
    Pivot,
    PivotCounts,
    PivotRow,
    Query,
    Span,
)
from mappings.document import Document
from mappings.filter import EVERY, And, Condition, Filter, Not, Operator
from tests.contract.catalogue import ask, image
from tests.contract.engine import Engine, publish_once, reading

LARGEST = 2**53 - 1
DAY = 24 * 3_600_000

IMAGES = (
    image(
        "a", platform="Ubuntu", firmware="bios", min_disk=10, image_size=5, tags=("x", "y"), version="22.04"
    ),
    image("b", platform="Ubuntu", firmware="uefi", min_disk=19, image_size=LARGEST, version="22.10"),
    image("c", platform="CentOS", firmware="bios", min_disk=20, derived=("firmware",), version="7.9"),
    image("d", firmware="bios", min_disk=100, image_size=7, derived=("firmware",), tags=("x",)),
    image("e", platform="CentOS", min_ram=0, derived=("min_ram",), view="own", image_size=LARGEST),
    image("f", platform="Debian", firmware="uefi", min_ram=512, image_size=LARGEST, created_at=DAY),
)
UBUNTU = Condition("platform", Operator.IN, ("Ubuntu",))
PUBLIC = Condition("view", Operator.IN, ("public",))
NOTHING = Condition("platform", Operator.IN, ("Plan 9",))


async def histogram(
    engine: Engine, field: str, given: Filter = EVERY, images: tuple[Document, ...] = IMAGES
) -> HistogramCounts:
    await publish_once(engine, images)
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), Query(filter=given, histograms=(field,), limit=0))
    assert list(answer.histograms) == [field]
    return answer.histograms[field]


async def pivoted(
    engine: Engine,
    pivot: Pivot,
    *,
    given: Filter = EVERY,
    access: Filter = EVERY,
    sums: tuple[str, ...] = (),
    images: tuple[Document, ...] = IMAGES,
) -> PivotCounts:
    await publish_once(engine, images)
    async with reading(engine) as readers:
        query = Query(filter=given, pivot=pivot, sums=sums, limit=0)
        answer = await ask(await readers.served(), query, access)
    assert answer.pivot is not None
    return answer.pivot


async def test_nothing_is_counted_that_was_not_asked_for(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), Query(facets=(FieldFacet("platform"),)))
    assert (dict(answer.histograms), answer.pivot, answer.sums) == ({}, None, ())
    assert answer.facets["platform"].missing_sums == ()
    assert {bucket.sums for bucket in answer.facets["platform"].buckets} == {()}


async def test_spans_stand_side_by_side_and_take_their_lower_bound_in(engine: Engine) -> None:
    counted = await histogram(engine, "min_disk")
    assert counted == HistogramCounts(
        (
            Span(10, 20, 2),
            Span(20, 30, 1),
            *(Span(low, low + 10, 0) for low in range(30, 100, 10)),
            Span(100, 110, 1),
        ),
        missing=2,
    )


async def test_what_a_rule_filled_in_is_counted_in_its_span_and_as_not_stated(engine: Engine) -> None:
    counted = await histogram(engine, "min_ram")
    assert counted.missing == 5
    assert counted.spans[0] == Span(0, 1, 1, by_default=1)
    assert sum(span.count for span in counted.spans) == 2
    assert sum(span.count - span.by_default for span in counted.spans) + counted.missing == len(IMAGES)


async def test_dates_are_spread_in_milliseconds(engine: Engine) -> None:
    assert await histogram(engine, "created_at") == HistogramCounts((Span(DAY, DAY + DAY // 24, 1),), 5)


async def test_bounds_depend_on_what_is_found(engine: Engine) -> None:
    assert (await histogram(engine, "min_disk", UBUNTU)).spans[-1].high == 20


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        pytest.param(NOTHING, 0, id="nothing found"),
        pytest.param(Not(Condition("min_disk", Operator.GTE, (0,))), 2, id="nothing has a value"),
    ],
)
async def test_without_values_there_are_no_spans(engine: Engine, given: Filter, missing: int) -> None:
    assert await histogram(engine, "min_disk", given) == HistogramCounts((), missing)


async def test_a_condition_on_the_field_narrows_its_histogram(engine: Engine) -> None:
    small = Condition("min_disk", Operator.LT, (20,))
    assert sum(span.count for span in (await histogram(engine, "min_disk", small)).spans) == 2


async def test_the_largest_numbers_and_many_of_them(engine: Engine) -> None:
    sizes = (0, LARGEST, *(n * n * 1_000_003 for n in range(1, 700)))
    images = tuple(image(f"i{number:04}", image_size=size) for number, size in enumerate(sizes))
    counted = await histogram(engine, "image_size", images=images)
    assert counted.spans[0].low == 0
    assert counted.spans[-1].low <= LARGEST < counted.spans[-1].high
    assert [span.count for span in counted.spans] == [
        sum(span.low <= size < span.high for size in sizes) for span in counted.spans
    ]


async def test_a_pivot_counts_two_facets_at_once(engine: Engine) -> None:
    assert await pivoted(engine, Pivot("platform", "firmware")) == PivotCounts(
        rows=(
            PivotRow(Cell("CentOS", 2), (Cell("bios", 1, by_default=1), Cell(None, 2))),
            PivotRow(Cell("Ubuntu", 2), (Cell("bios", 1), Cell("uefi", 1))),
            PivotRow(Cell("Debian", 1), (Cell("uefi", 1),)),
            PivotRow(Cell(None, 1), (Cell("bios", 1, by_default=1), Cell(None, 1))),
        ),
        columns=(Cell("bios", 3, by_default=2), Cell("uefi", 2), Cell(None, 3)),
        distinct=(3, 2),
    )


async def test_rows_that_a_rule_filled_in_stand_in_both(engine: Engine) -> None:
    assert (await pivoted(engine, Pivot("firmware", "platform"))).rows == (
        PivotRow(
            Cell("bios", 3, by_default=2),
            (Cell("CentOS", 1, by_default=1), Cell("Ubuntu", 1), Cell(None, 1, by_default=1)),
        ),
        PivotRow(Cell("uefi", 2), (Cell("Debian", 1), Cell("Ubuntu", 1))),
        PivotRow(Cell(None, 3), (Cell("CentOS", 2), Cell(None, 1))),
    )


async def test_many_values_and_beginnings_of_versions(engine: Engine) -> None:
    counted = await pivoted(engine, Pivot("tags", "version"))
    assert counted.rows == (
        PivotRow(Cell("x", 2), (Cell("22", 1), Cell("22.04", 1), Cell(None, 1))),
        PivotRow(Cell("y", 1), (Cell("22", 1), Cell("22.04", 1))),
        PivotRow(
            Cell(None, 4), (Cell("22", 1), Cell("22.10", 1), Cell("7", 1), Cell("7.9", 1), Cell(None, 2))
        ),
    )
    turned = await pivoted(engine, Pivot("version", "tags"))
    assert turned.rows[:2] == (
        PivotRow(Cell("22", 2), (Cell("x", 1), Cell("y", 1), Cell(None, 1))),
        PivotRow(Cell("22.04", 1), (Cell("x", 1), Cell("y", 1))),
    )
    assert turned.distinct == (5, 2)


async def test_a_field_against_itself_tells_what_stands_together(engine: Engine) -> None:
    assert (await pivoted(engine, Pivot("tags", "tags"))).rows[0] == PivotRow(
        Cell("x", 2), (Cell("x", 2), Cell("y", 1))
    )


async def test_equal_counts_stand_by_size(engine: Engine) -> None:
    counted = await pivoted(engine, Pivot("min_disk", "min_disk"), given=PUBLIC)
    assert [row.total.value for row in counted.rows] == [10, 19, 20, 100, None]
    assert [cell.value for cell in counted.columns] == [10, 19, 20, 100, None]


async def test_a_limit_keeps_the_largest_and_not_stated_beside_them(engine: Engine) -> None:
    assert await pivoted(engine, Pivot("platform", "firmware", limit=1)) == PivotCounts(
        rows=(
            PivotRow(Cell("CentOS", 2), (Cell("bios", 1, by_default=1), Cell(None, 2))),
            PivotRow(Cell(None, 1), (Cell("bios", 1, by_default=1), Cell(None, 1))),
        ),
        columns=(Cell("bios", 3, by_default=2), Cell(None, 3)),
        distinct=(3, 2),
    )


async def test_rows_have_cells_of_the_shown_columns_only(engine: Engine) -> None:
    """The one of a row's own that is most frequent in it is not among them: it is rare in all."""
    images = tuple(
        image(f"i{number:03}", platform=f"p{number % 2}", tags=tags)
        for number in range(240)
        for tags in [(f"t{number % 3}", f"rare{number // 2:03}") if number % 2 else ("t0", "t1")]
    )
    counted = await pivoted(engine, Pivot("platform", "tags", limit=3), sums=("min_disk",), images=images)
    shown = [column.value for column in counted.columns]
    assert shown == ["t0", "t1", "t2"]
    assert {cell.value for row in counted.rows for cell in row.cells} == {*shown}
    assert counted.distinct == (2, 123)


async def test_more_columns_than_are_shown_are_told_of(engine: Engine) -> None:
    images = tuple(
        image(f"i{number:03}", platform=f"p{number % 2}", tags=("all", f"t{number:03}"), min_disk=number)
        for number in range(130)
    )
    counted = await pivoted(engine, Pivot("platform", "tags"), sums=("min_disk",), images=images)
    shown = {column.value for column in counted.columns}
    assert len(shown) == 100
    assert counted.distinct == (2, 131)
    for parity, row in enumerate(counted.rows):
        assert row.cells[0] == Cell("all", 65, sums=(sum(range(parity, 130, 2)),))
        assert {cell.value for cell in row.cells} == {
            value for value in shown if value == "all" or int(str(value)[1:]) % 2 == parity
        }


async def test_a_cell_is_by_default_where_either_of_its_values_is(engine: Engine) -> None:
    images = (
        image("a", firmware="bios", architecture="x86", derived=("firmware", "architecture")),
        image("b", firmware="bios", architecture="x86", derived=("firmware",)),
        image("c", firmware="bios", architecture="x86", derived=("architecture",)),
        image("d", firmware="bios", architecture="x86"),
        image("e", firmware="bios"),
    )
    assert (await pivoted(engine, Pivot("firmware", "architecture"), images=images)).rows == (
        PivotRow(Cell("bios", 5, by_default=2), (Cell("x86", 4, by_default=3), Cell(None, 3, by_default=1))),
        PivotRow(Cell(None, 2), (Cell("x86", 2, by_default=1), Cell(None, 1))),
    )


async def test_a_pivot_lifts_nothing(engine: Engine) -> None:
    counted = await pivoted(engine, Pivot("platform", "firmware"), given=UBUNTU)
    assert [row.total for row in counted.rows] == [Cell("Ubuntu", 2)]


async def test_a_pivot_counts_only_what_the_caller_may_see(engine: Engine) -> None:
    counted = await pivoted(engine, Pivot("platform", "firmware"), access=PUBLIC)
    assert counted.rows[0].total == Cell("Ubuntu", 2)
    assert Cell("CentOS", 1) in [row.total for row in counted.rows]


async def test_a_pivot_of_nothing_is_empty(engine: Engine) -> None:
    counted = await pivoted(engine, Pivot("platform", "firmware"), given=NOTHING, sums=("min_disk",))
    assert counted == PivotCounts((), (), (0, 0))


async def test_sums_are_exact_where_floats_are_not(engine: Engine) -> None:
    counted = await pivoted(engine, Pivot("firmware", "platform"), sums=("image_size", "min_disk"))
    assert [row.total for row in counted.rows] == [
        Cell("bios", 3, 2, (12, 130)),
        Cell("uefi", 2, 0, (2 * LARGEST, 19)),
        Cell(None, 3, 0, (LARGEST + 7, 120)),
    ]
    assert counted.rows[1].cells == (
        Cell("Debian", 1, 0, (LARGEST, 0)),
        Cell("Ubuntu", 1, 0, (LARGEST, 19)),
    )
    assert counted.columns[-1] == Cell(None, 1, 0, (7, 100))


@pytest.mark.parametrize(
    ("query", "access", "sums"),
    [
        pytest.param(Query(), EVERY, (3 * LARGEST + 12, 149), id="all"),
        pytest.param(Query(limit=0), EVERY, (3 * LARGEST + 12, 149), id="without images"),
        pytest.param(Query(filter=UBUNTU), EVERY, (LARGEST + 5, 29), id="what is found"),
        pytest.param(
            Query(filter=UBUNTU, facets=(FieldFacet("platform"),)),
            EVERY,
            (LARGEST + 5, 29),
            id="not what a facet lifts",
        ),
        pytest.param(Query(), PUBLIC, (2 * LARGEST + 12, 149), id="what may be seen"),
        pytest.param(Query(filter=NOTHING), EVERY, (0, 0), id="nothing"),
    ],
)
async def test_sums_of_all_that_is_found(
    engine: Engine, query: Query, access: Filter, sums: tuple[int, ...]
) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        asked = replace(query, sums=("image_size", "min_disk"))
        assert (await ask(await readers.served(), asked, access)).sums == sums


async def test_sums_of_thousands_of_the_largest_are_exact(engine: Engine) -> None:
    images = tuple(
        image(f"i{number:04}", image_size=LARGEST - number % 3, tags=("all", f"t{number % 400}"))
        for number in range(3000)
    )
    await publish_once(engine, images)
    async with reading(engine) as readers:
        query = Query(limit=0, facets=(FieldFacet("tags", 1),), sums=("image_size",))
        answer = await ask(await readers.served(), query)
    assert answer.facets["tags"].buckets == (Bucket("all", 3000, 0, (3000 * LARGEST - 3000,)),)


async def test_facets_sum_what_they_count(engine: Engine) -> None:
    named = FilterFacet("named", (("ubuntu", UBUNTU), ("none", NOTHING)), frozenset(("firmware",)))
    bios = Condition("firmware", Operator.IN, ("bios",))
    query = Query(
        filter=And((bios,)),
        facets=(FieldFacet("firmware"), FieldFacet("tags"), FieldFacet("version"), named),
        sums=("min_disk", "image_size"),
    )
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), query)
    firmware = answer.facets["firmware"]
    assert firmware.buckets == (Bucket("bios", 3, 2, (130, 12)), Bucket("uefi", 2, 0, (19, 2 * LARGEST)))
    assert (firmware.missing, firmware.missing_sums) == (3, (120, LARGEST + 7))
    tags = answer.facets["tags"]
    assert tags.buckets == (Bucket("x", 2, 0, (110, 12)), Bucket("y", 1, 0, (10, 5)))
    assert (tags.missing, tags.missing_sums) == (1, (20, 0))
    assert answer.facets["version"].buckets == (
        Bucket("22", 1, 0, (10, 5)),
        Bucket("22.04", 1, 0, (10, 5)),
        Bucket("7", 1, 0, (20, 0)),
        Bucket("7.9", 1, 0, (20, 0)),
    )
    assert answer.facets["named"].buckets == (Bucket("ubuntu", 2, 0, (29, LARGEST + 5)),)
    assert answer.facets["named"].missing_sums == (0, 0)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        pytest.param(
            Query(histograms=("platform",)), "platform.*these can: .*min_disk", id="text in a histogram"
        ),
        pytest.param(Query(histograms=("size",)), "size", id="numbers that say nothing"),
        pytest.param(Query(pivot=Pivot("checksum", "platform")), "checksum", id="rows that are no facet"),
        pytest.param(Query(pivot=Pivot("platform", "checksum")), "checksum", id="columns that are no facet"),
        pytest.param(Query(sums=("max_ram",)), "max_ram.*these can: min_", id="a sum without sense"),
        pytest.param(Query(histograms=("colour",)), "colour", id="no field"),
        pytest.param(Query(sums=("colour",)), "colour", id="no field to add up"),
    ],
)
async def test_what_cannot_be_counted_is_refused(engine: Engine, query: Query, named: str) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        with pytest.raises((ValueError, KeyError), match=named):
            await ask(reader, query)

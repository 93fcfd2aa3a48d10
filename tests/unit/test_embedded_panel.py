"""Facets counted at once: by set or by document, what comes out is what the judge says of each."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from pyroaring import BitMap

from engines.embedded.base import Base
from engines.embedded.column import make_column, order_values
from engines.embedded.counter import Counter, counter_of
from engines.embedded.groups import Groups
from engines.placed import PlacedCounts
from engines.query import FieldFacet, FilterFacet
from mappings.field import Kind
from mappings.fields import FIELDS, field_named
from mappings.filter import Value
from tests.contract.drawing import draw_documents, draw_question
from tests.contract.engine import embedded, publish_once, reading
from tests.contract.reference import expect

FACETS = tuple(
    FieldFacet(field.name)
    for field in FIELDS
    if field.facet is not None and field.kind in (Kind.KEYWORD, Kind.BOOLEAN)
)
SIZE = 5000

Held = list[tuple[Value, ...]]
"""What each document holds of a field."""


async def test_facets_counted_at_once_are_what_the_judge_says(tmp_path: Path) -> None:
    drawn = Random(7)
    documents = draw_documents(drawn, 100)
    engine = embedded(tmp_path)
    await publish_once(engine, documents)
    async with reading(engine) as readers:
        reader = await readers.served()
        # What counts by document grows with each question; by then it has.
        for number in range(700):
            narrowed = draw_question(drawn)
            narrowed = replace(narrowed, query=replace(narrowed.query, facets=FACETS, sums=()))
            answer = await reader.search(narrowed)
            if number % 20:
                continue
            assert isinstance(answer.facets, PlacedCounts)
            assert dict(answer.facets) == dict(expect(narrowed, documents).facets)


@pytest.mark.parametrize(
    ("facets", "together"),
    [
        pytest.param((FieldFacet("platform"), FieldFacet("gpu")), True, id="few values"),
        pytest.param((FieldFacet("platform", 1), FieldFacet("gpu")), False, id="more values than are shown"),
        pytest.param((FieldFacet("platform"), FieldFacet("version")), False, id="versions"),
        pytest.param((FieldFacet("platform"), FilterFacet("own", ())), False, id="named filters"),
        pytest.param((), False, id="none"),
    ],
)
async def test_which_facets_are_counted_at_once(
    tmp_path: Path, facets: tuple[FieldFacet | FilterFacet, ...], together: bool
) -> None:
    drawn = Random(7)
    engine = embedded(tmp_path)
    await publish_once(engine, draw_documents(drawn, 200))
    narrowed = draw_question(drawn)
    async with reading(engine) as readers:
        reader = await readers.served()
        answer = await reader.search(replace(narrowed, query=replace(narrowed.query, facets=facets, sums=())))
    assert isinstance(answer.facets, PlacedCounts) is together
    assert list(answer.facets) == [facet.name for facet in facets]


def dependent(drawn: Random) -> dict[str, Held]:
    """The architecture follows from the platform, the other fields from nothing."""
    platforms = [drawn.choice(["", *"ABCDEFGHIJKLMNOPQR"]) for _ in range(SIZE)]
    return {
        "platform": [(each,) if each else () for each in platforms],
        "architecture": [("arm" if each in "QR" else "x86",) for each in platforms],
        "gpu_types": [tuple(drawn.sample(["T4", "V100", "P4"], drawn.randint(0, 2))) for _ in platforms],
        "region": [(drawn.choice("rst"),) for _ in platforms],
    }


def independent(drawn: Random) -> dict[str, Held]:
    """Each of many values, so that two of them have more codes than a group."""
    names = ("platform", "disk_format", "container_format", "region", "cloud", "status")
    return {name: [(f"{drawn.randrange(60):02}",) for _ in range(SIZE)] for name in names}


def crowded(drawn: Random) -> dict[str, Held]:
    """Sets of values of which nearly each document has its own."""
    values = [f"{number:02}" for number in range(30)]
    return {
        "agents": [tuple(drawn.sample(values, drawn.randint(0, 9))) for _ in range(SIZE)],
        "region": [(drawn.choice("rst"),) for _ in range(SIZE)],
    }


@pytest.mark.parametrize(
    ("draw", "grouped"),
    [
        pytest.param(
            dependent, {"platform", "architecture", "gpu_types", "region"}, id="one depends on another"
        ),
        pytest.param(independent, None, id="more groups than are held"),
        pytest.param(crowded, {"region"}, id="too many sets of values"),
    ],
)
def test_by_document_and_by_set_the_numbers_are_the_same(draw: object, grouped: set[str] | None) -> None:
    assert callable(draw)
    drawn = Random(3)
    counters = [(name, counter(name, held, drawn)) for name, held in draw(drawn).items()]
    groups = Groups(counters, SIZE)
    for _ in range(2000):
        groups.grow()
    if grouped is None:
        assert len(groups.fields) == groups.width == 4
    else:
        assert groups.fields == grouped
    for share in (0.001, 0.01, 0.5, 1):
        docs = [doc for doc in range(SIZE) if drawn.random() < share]
        base = Base(BitMap(docs), SIZE)
        counted = groups.count(base.indices).tolist()
        for name, each in counters:
            numbers, counted = counted[: len(each.sets)], counted[len(each.sets) :]
            wanted = [len(bits & base.bits) for bits in each.sets]
            assert each.numbers(base) == wanted
            assert numbers == (wanted if name in groups.fields else [0] * len(wanted))
        assert counted == [0]


def counter(name: str, held: Held, drawn: Random) -> Counter:
    """Count a field, of which a rule filled in the values of every third document or so."""
    pairs = [(doc, value) for doc, values in enumerate(held) for value in values]
    values = sorted({str(value) for _, value in pairs})
    made, ordinal_of = order_values(field_named(name), values)
    docs = np.array([doc for doc, _ in pairs], np.uint32)
    ordinals = ordinal_of[[values.index(str(value)) for _, value in pairs]]
    derived = np.array(
        [doc for doc, values in enumerate(held) if values and drawn.random() < 1 / 3], np.uint32
    )
    column = make_column(field_named(name), made, docs, ordinals, derived=derived, size=SIZE)
    everything = BitMap(range(SIZE))
    return counter_of(column, everything)

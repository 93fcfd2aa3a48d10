"""How facets count."""

import pytest

from engines.query import Bucket, FacetCounts, FieldFacet, FilterFacet, Query
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or
from tests.contract.catalogue import ask, image
from tests.contract.engine import Engine, publish_once, reading

IMAGES = (
    image(
        "a", platform="Ubuntu", firmware="bios", tags=("x", "y"), version="22.04", min_disk=40, protected=True
    ),
    image(
        "b", platform="Ubuntu", firmware="uefi", tags=("x", "x"), version="22.4", min_disk=10, protected=False
    ),
    image("c", platform="CentOS", firmware="bios", version="7.9", min_disk=9, derived=("firmware",)),
    image(
        "d",
        platform="Debian",
        firmware="bios",
        tags=("y",),
        derived=("firmware", "platform"),
        view="own",
        visible_to=("p1",),
    ),
)
UBUNTU = Condition("platform", Operator.IN, ("Ubuntu",))
BIOS = Condition("firmware", Operator.IN, ("bios",))
X = Condition("tags", Operator.IN, ("x",))
PUBLIC = Condition("view", Operator.IN, ("public",))


async def counted(engine: Engine, query: Query, access: Filter = EVERY) -> FacetCounts:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        answer = await ask(await readers.served(), query, access)
    (facet,) = answer.facets.values()
    return facet


def pairs(facet: FacetCounts) -> dict[str | int | bool, int]:
    return {bucket.value: bucket.count for bucket in facet.buckets}


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        pytest.param(
            EVERY, "platform", {"Ubuntu": 2, "CentOS": 1, "Debian": 1}, id="values with their counts"
        ),
        pytest.param(
            UBUNTU,
            "platform",
            {"Ubuntu": 2, "CentOS": 1, "Debian": 1},
            id="its own condition does not narrow an or-facet",
        ),
        pytest.param(UBUNTU, "firmware", {"bios": 1, "uefi": 1}, id="another's condition does"),
        pytest.param(
            And((UBUNTU, BIOS)),
            "platform",
            {"CentOS": 1, "Debian": 1, "Ubuntu": 1},
            id="only its own is lifted",
        ),
        pytest.param(
            Not(UBUNTU),
            "platform",
            {"Ubuntu": 2, "CentOS": 1, "Debian": 1},
            id="a negation of its own is lifted",
        ),
        pytest.param(
            Or((UBUNTU, BIOS)),
            "platform",
            {"Ubuntu": 2, "CentOS": 1, "Debian": 1},
            id="an or with another field narrows",
        ),
        pytest.param(Or((UBUNTU, X)), "platform", {"Ubuntu": 2}, id="an or with another field is not lifted"),
        pytest.param(X, "tags", {"x": 2, "y": 1}, id="its own condition narrows an and-facet"),
        pytest.param(
            EVERY,
            "version",
            {"22": 2, "22.04": 1, "22.4": 1, "7": 1, "7.9": 1},
            id="a version counts for all its beginnings",
        ),
        pytest.param(EVERY, "protected", {False: 1, True: 1}, id="booleans, false first"),
        pytest.param(EVERY, "min_disk", {9: 1, 10: 1, 40: 1}, id="equal counts stand by size"),
    ],
)
async def test_counts(
    engine: Engine, given: Filter, field: str, expected: dict[str | int | bool, int]
) -> None:
    facet = await counted(engine, Query(filter=given, facets=(FieldFacet(field),)))
    assert list(pairs(facet).items()) == list(expected.items())
    assert facet.distinct == len(expected)
    assert facet.exact


async def test_not_stated_and_by_default(engine: Engine) -> None:
    facet = await counted(engine, Query(facets=(FieldFacet("firmware"),)))
    assert facet == FacetCounts((Bucket("bios", 3, 2), Bucket("uefi", 1)), missing=2, distinct=2)


async def test_not_stated_counts_absent_and_filled_in(engine: Engine) -> None:
    facet = await counted(engine, Query(facets=(FieldFacet("version"),)))
    assert facet.missing == 1


async def test_a_limit_keeps_the_largest_and_distinct_tells_the_rest(engine: Engine) -> None:
    facet = await counted(engine, Query(facets=(FieldFacet("platform", limit=2),)))
    assert facet.buckets == (Bucket("Ubuntu", 2), Bucket("CentOS", 1))
    assert facet.distinct == 3


async def test_access_is_never_lifted(engine: Engine) -> None:
    query = Query(filter=Condition("view", Operator.IN, ("own",)), facets=(FieldFacet("platform"),))
    facet = await counted(engine, query, PUBLIC)
    assert facet.buckets == ()
    by_view = FilterFacet("named", (("all", EVERY),), lifted=frozenset(("view",)))
    assert pairs(await counted(engine, Query(filter=query.filter, facets=(by_view,)), PUBLIC)) == {"all": 3}


async def test_text_is_never_lifted(engine: Engine) -> None:
    text = (Condition(TEXT, Operator.MATCH, ("a",)),)
    assert pairs(await counted(engine, Query(text=text, facets=(FieldFacet("platform"),)))) == {"Ubuntu": 1}


async def test_named_filters_lift_what_they_say(engine: Engine) -> None:
    named = (("old", BIOS), ("new", Not(BIOS)), ("none", Or(())))
    facet = FilterFacet("boot", named, lifted=frozenset(("firmware",)))
    assert await counted(engine, Query(filter=And((UBUNTU, BIOS)), facets=(facet,))) == FacetCounts(
        (Bucket("new", 1), Bucket("old", 1)), missing=0, distinct=2
    )


async def test_many_values_count_as_exactly_as_few(engine: Engine) -> None:
    images = [image(f"i{n:04}", tags=(f"t{n % 700}", "all"), owner=f"o{n % 600}") for n in range(1500)]
    await publish_once(engine, images)
    async with reading(engine) as readers:
        answer = await ask(
            await readers.served(), Query(limit=0, facets=(FieldFacet("tags", 2), FieldFacet("owner", 3)))
        )
    assert answer.facets["tags"] == FacetCounts(
        (Bucket("all", 1500), Bucket("t0", 3)), missing=0, distinct=701
    )
    assert answer.facets["owner"] == FacetCounts(
        (Bucket("o0", 3), Bucket("o1", 3), Bucket("o10", 3)), missing=0, distinct=600
    )


async def test_only_facets_can_be_counted(engine: Engine) -> None:
    await publish_once(engine, IMAGES)
    async with reading(engine) as readers:
        reader = await readers.served()
        with pytest.raises(ValueError, match="checksum"):
            await ask(reader, Query(facets=(FieldFacet("checksum"),)))

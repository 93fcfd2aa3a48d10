"""The id of an installation: made once, kept, and never taken from somebody else."""

import asyncio

import orjson
import pytest

from engines.base import DamagedGeneration, ForeignGeneration
from engines.generation import Generation
from engines.opensearch.client import quoted
from engines.opensearch.installation import installation
from engines.opensearch.names import Names
from engines.opensearch.neighbours import neighbours
from engines.opensearch.reply import part
from engines.opensearch.roles import roles
from engines.opensearch.served import served
from mappings.schema import SCHEMA
from tests.cluster.authorising import guarded
from tests.cluster.conftest import Place, remove
from tests.contract.engine import START


async def make_index(place: Place, name: str, **body: object) -> None:
    await place.client.request("PUT", quoted(name), body=orjson.dumps(body))


async def served_by(place: Place) -> set[str]:
    reply = await place.client.request("GET", quoted(place.names.served, "_mapping"))
    assert isinstance(reply, dict)
    return set(reply)


async def test_one_is_made_with_the_alias_on_it(place: Place) -> None:
    assert await installation(place.client, place.names, create=False) is None
    made = await asyncio.gather(*(installation(place.client, place.names, create=True) for _ in range(5)))
    assert len(set(made)) == 1
    assert made[0] is not None
    assert await installation(place.client, place.names, create=False) == made[0]
    assert await served_by(place) == {place.names.lease}


async def test_a_lease_index_that_was_lost_is_made_again_beside_what_is_served(place: Place) -> None:
    identity = "ab" * 16
    generation = f"{place.names.prefix}-generation"
    await make_index(
        place,
        generation,
        mappings={"_meta": {"installation": identity}},
        aliases={place.names.served: {"is_hidden": True}},
    )
    assert await installation(place.client, place.names, create=True) == identity
    assert await served_by(place) == {generation}


def generation_of(place: Place, term: int) -> str:
    return Generation(place.names.prefix, SCHEMA, term, START, "5f2c9a").name


async def test_nothing_begins_anew_beside_generations(place: Place) -> None:
    """Lease index and alias are gone: what was served is lost, and a person must say how to go on."""
    meta = {"installation": "ab" * 16, "published": START.isoformat()}
    await make_index(place, generation_of(place, 1), mappings={"_meta": meta})
    assert await installation(place.client, place.names, create=True) == "ab" * 16
    with pytest.raises(DamagedGeneration, match="is gone"):
        await served(place.client, place.names)


async def test_generations_of_several_installations_are_left_alone(place: Place) -> None:
    for term in (1, 2):
        meta = {"installation": f"{term:032x}", "published": START.isoformat()}
        await make_index(place, generation_of(place, term), mappings={"_meta": meta})
    with pytest.raises(DamagedGeneration, match="several installations"):
        await installation(place.client, place.names, create=True)


async def test_a_build_that_broke_off_keeps_nobody_from_beginning(place: Place) -> None:
    await make_index(place, generation_of(place, 1), mappings={"_meta": {"installation": "ab" * 16}})
    assert await installation(place.client, place.names, create=True) != "ab" * 16
    assert await served_by(place) == {place.names.lease}


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        pytest.param({}, "was not made by ims-catalog", id="of somebody else"),
        pytest.param({"installation": 7, "format": 1}, "was not made by ims-catalog", id="no id"),
        pytest.param({"installation": "ab" * 16, "format": 2}, "has format 2", id="of a newer version"),
    ],
)
async def test_a_foreign_lease_index_is_refused(place: Place, meta: dict[str, object], said: str) -> None:
    await make_index(place, place.names.lease, mappings={"_meta": meta})
    for create in (False, True):
        with pytest.raises(ForeignGeneration, match=said):
            await installation(place.client, place.names, create=create)


async def test_an_alias_on_a_foreign_index_is_left_alone(place: Place) -> None:
    foreign = f"{place.names.prefix}-foreign"
    mappings = {"_meta": {"installation": {"an": "object"}}}
    await make_index(place, foreign, aliases={place.names.served: {}}, mappings=mappings)
    with pytest.raises(DamagedGeneration, match=foreign):
        await installation(place.client, place.names, create=True)
    assert await served_by(place) == {foreign}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("", "-b", id="below another"),
        pytest.param("", "-b-c", id="far below another"),
        pytest.param("-b", "", id="above another"),
    ],
)
async def test_none_begins_among_the_names_of_another(place: Place, first: str, second: str) -> None:
    one, other = Names(place.names.prefix + first), Names(place.names.prefix + second)
    identity = await installation(place.client, one, create=True)
    with pytest.raises(ForeignGeneration, match=f"another installation, {one.prefix}, begin"):
        await installation(place.client, other, create=True)
    assert await installation(place.client, other, create=False) is None
    assert await installation(place.client, one, create=True) == identity
    assert await neighbours(place.client, other) == (one.prefix,)


async def test_what_only_looks_like_another_is_none(place: Place) -> None:
    await make_index(place, f"{place.names.prefix}-b-lease", mappings={"_meta": {"installation": "mine"}})
    await installation(place.client, Names(f"{place.names.prefix}x"), create=True)
    try:
        assert await installation(place.client, place.names, create=True) is not None
        assert await neighbours(place.client, place.names) == ()
    finally:
        await remove(place.client, Names(f"{place.names.prefix}x"))


async def test_who_may_not_see_others_goes_on(place: Place) -> None:
    names = Names(f"{place.names.prefix}-b")
    await installation(place.client, place.names, create=True)
    async with (
        guarded(place.url, roles(names.prefix)[f"{names.prefix}-indexer"]) as (url, guard),
        place.another_client(url) as client,
    ):
        assert await installation(client, names, create=True) is not None
        assert [place.names.lease in refused for refused in guard.refused] == [True]


async def test_what_is_made_is_hidden(place: Place) -> None:
    await installation(place.client, place.names, create=True)
    reply = await place.client.request("GET", quoted(place.names.lease, "_settings"))
    assert part(reply, place.names.lease, "settings", "index", "hidden") == "true"

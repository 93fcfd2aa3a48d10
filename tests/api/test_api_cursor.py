"""Cursors: bound to question, caller and generation; opaque; refused when touched."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.asking import Api, fill, serving
from tests.api.estate import GOLD, Planted, documents, record
from tests.api.test_api_errors import problem
from tests.contract.engine import Engine, embedded, publish, writing


async def _next(api: Api, query: str, by: str | None = None) -> str:
    cursor = (await api.get(f"/v1/images?limit=1&{query}", by=by)).json["next"]
    assert isinstance(cursor, str)
    return cursor


@pytest.mark.parametrize("place", [0, 5, 40, 100, -1])
async def test_a_touched_cursor_is_refused(api: Api, place: int) -> None:
    cursor = await _next(api, "platform=Ubuntu")
    letter = "A" if cursor[place] != "A" else "B"
    touched = cursor[:place] + letter + (cursor[place + 1 :] if place != -1 else "")
    assert (
        problem(await api.get("/v1/images", {"platform": "Ubuntu", "cursor": touched}), 400)["parameter"]
        == "cursor"
    )


@pytest.mark.parametrize("query", ["platform=CentOS", "platform=Ubuntu&sort=name", "q=debian", ""])
async def test_a_cursor_of_another_question_is_refused(api: Api, query: str) -> None:
    cursor = await _next(api, "platform=Ubuntu")
    error = problem(await api.get(f"/v1/images?{query}&cursor={cursor}"), 400)
    assert error["parameter"] == "cursor"
    assert "another question" in str(error["detail"])


async def test_the_same_question_in_other_words_may_go_on(api: Api) -> None:
    cursor = await _next(api, "platform=Ubuntu")
    assert (await api.get(f"/v1/images?q=ubuntu&cursor={cursor}")).status == 200


async def test_page_size_and_facets_may_change_between_pages(api: Api) -> None:
    cursor = await _next(api, "platform=Ubuntu")
    told = await api.get(f"/v1/images?platform=Ubuntu&limit=5&facets=gpu&cursor={cursor}")
    assert (told.status, len(told.ids)) == (200, 5)


async def test_a_cursor_of_another_caller_is_refused(tenants: Api) -> None:
    cursor = await _next(tenants, "platform=Ubuntu", by="alice")
    assert (await tenants.get(f"/v1/images?platform=Ubuntu&cursor={cursor}", by="alice")).status == 200
    for other in ("bob", "both", "nobody", "operator"):
        problem(await tenants.get(f"/v1/images?platform=Ubuntu&cursor={cursor}", by=other), 400)


async def _add(engine: Engine, number: int) -> None:
    engine.term += 1
    newest = [Planted(record(f"new-{n}", created_at="2026-11-23T00:00:00Z"), GOLD) for n in range(number)]
    async with writing(engine) as writer:
        await publish(engine, writer, [*documents(), *(planted.document for planted in newest)])


async def test_pages_stay_in_their_generation_until_it_is_gone(tmp_path: Path) -> None:
    generation = await fill(tmp_path, documents())
    engine = embedded(tmp_path)
    async with serving(tmp_path) as api:
        first = (await api.get("/v1/images?limit=2&platform=Ubuntu")).json
        assert first["catalog"]["generation"] == generation
        await _add(engine, 1)
        later = await _until_another(api, generation)
        path = f"/v1/images?limit=2&platform=Ubuntu&cursor={first['next']}"
        second = await api.get(path)
        assert second.status == 200
        assert second.json["catalog"]["generation"] == generation
        assert second.json["total"] == first["total"]
        await _add(engine, 2)
        await _until_another(api, generation, later)
        problem(await api.get(path), 410)


async def _until_another(api: Api, *known: str) -> str:
    """Ask until another generation answers; each question lets the take-over go on."""
    for _ in range(10_000):
        api.hand.move(2)
        generation = (await api.get("/v1/images?limit=0")).json["catalog"]["generation"]
        if generation not in known:
            return str(generation)
    raise AssertionError("the new generation is never taken over")


async def test_words_that_move_with_time_mean_the_same_on_all_pages(folder: Path) -> None:
    clock = [datetime(2026, 11, 24, tzinfo=UTC)]
    query = "/v1/images?limit=1&created_at=gte:2026-01-01&q=created in the last 300 days"
    async with serving(folder, question_now=lambda: clock[0]) as api:
        first = (await api.get(query)).json
        clock[0] = datetime(2026, 11, 27, 3, tzinfo=UTC)
        second = await api.get(f"{query}&cursor={first['next']}")
        assert second.status == 200
        assert second.json["interpretation"]["filters"] == first["interpretation"]["filters"]

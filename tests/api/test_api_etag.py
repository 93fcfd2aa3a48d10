"""Kept answers: what an ETag stands for, and when it is unchanged."""

from datetime import timedelta
from pathlib import Path

import pytest

from search_api.ledger_view import LOOK_SECONDS
from tests.api.asking import Api, fill, serving
from tests.api.estate import NOW, documents, run
from tests.contract.engine import embedded


@pytest.mark.parametrize("path", ["/v1/images", "/v1/facets", "/v1/images/gold-1", "/v1/fields", "/v1/runs"])
async def test_unchanged_answers_are_not_sent_again(api: Api, path: str) -> None:
    first = await api.get(path)
    etag = first.headers["ETag"]
    assert etag.startswith('W/"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Authorization"
    again = await api.get(path, If_None_Match=etag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert (await api.get(path, If_None_Match='W/"other"')).status == 200


async def test_relative_dates_change_an_answer_once_a_minute(folder: Path) -> None:
    clock = [NOW + timedelta(seconds=1)]
    path = "/v1/images?q=created in the last 300 days"
    async with serving(folder, question_now=lambda: clock[0]) as api:
        etag = (await api.get(path)).headers["ETag"]
        clock[0] = NOW + timedelta(seconds=59)
        assert (await api.get(path, If_None_Match=etag)).status == 304
        clock[0] = NOW + timedelta(seconds=61)
        assert (await api.get(path, If_None_Match=etag)).status == 200


async def test_each_form_of_an_answer_has_its_own(api: Api) -> None:
    forms: list[dict[str, str]] = [
        {},
        {"limit": "1"},
        {"facets": "platform"},
        {"fields": "id"},
        {"sort": "name"},
        {"platform": "Ubuntu"},
        {"q": "ubuntu"},
    ]
    tags = [(await api.get("/v1/images", form)).headers["ETag"] for form in forms]
    tags.append((await api.get("/v1/facets")).headers["ETag"])
    assert len(set(tags)) == len(tags)


async def test_callers_never_share_one(tenants: Api) -> None:
    alice = await tenants.get("/v1/images", by="alice")
    bob = await tenants.get("/v1/images", by="bob", If_None_Match=alice.headers["ETag"])
    assert bob.status == 200
    assert bob.headers["ETag"] != alice.headers["ETag"]


async def test_a_new_run_in_the_ledger_is_another_version(tmp_path: Path) -> None:
    await fill(tmp_path, documents())
    async with serving(tmp_path) as api:
        before = await api.get("/v1/images")
        ledger = embedded(tmp_path).ledger()
        await ledger.record(run("run-2", minutes=30))
        await ledger.close()
        assert (await api.get("/v1/images", If_None_Match=before.headers["ETag"])).status == 304
        for _ in range(10_000):
            api.hand.move(LOOK_SECONDS)
            told = await api.get("/v1/images", If_None_Match=before.headers["ETag"])
            if told.status != 304:
                break
        assert told.status == 200

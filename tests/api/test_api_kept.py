"""Kept answers: given again without asking the engine, never once what they depend on has changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engines.base import Readers
from search_api.kept import Kept
from search_api.ledger_view import LOOK_SECONDS
from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.estate import GOLD, NOW, Planted, documents, record, run, state
from tests.api.test_api_takeover import Disturbed
from tests.contract.engine import embedded, publish, writing


class Counting:
    """Wraps the readers of a service and counts what reaches the engine."""

    def __init__(self) -> None:
        self.disturbed: list[Disturbed] = []

    def __call__(self, inner: Readers) -> Readers:
        self.disturbed.append(Disturbed(inner))
        return self.disturbed[-1]

    @property
    def asked(self) -> int:
        return len(self.disturbed[-1].asked)


WORDS = {
    "all images": "/v1/images",
    "a sentence and facets": "/v1/images?q=ubuntu&facets=platform,firmware",
    "facets alone": "/v1/facets?platform=Ubuntu",
    "some fields": "/v1/images?fields=id,last_seen&limit=3",
    "a value that is looked for among private images": "/v1/images?platform=SecretOS",
}


@pytest.mark.parametrize("path", WORDS.values(), ids=WORDS)
async def test_the_same_words_are_answered_without_the_engine(folder: Path, path: str) -> None:
    counting = Counting()
    async with serving(folder, readers=counting) as api:
        first = await api.get(path)
        assert (await api.get(path)).body == first.body
        before = counting.asked
        again = await api.get(path)
        assert counting.asked == before
        assert (again.status, again.body, again.headers["ETag"]) == (200, first.body, first.headers["ETag"])
        assert again.headers["Content-Type"] == "application/json"
        assert again.headers["X-Content-Type-Options"] == "nosniff"
        assert (await api.get(path, If_None_Match=first.headers["ETag"])).status == 304
        assert counting.asked == before


async def test_a_body_is_answered_again_without_the_engine(folder: Path) -> None:
    counting = Counting()
    content = {"filter": {"field": "platform", "in": ["Ubuntu"]}, "facets": ["firmware"]}
    async with serving(folder, readers=counting) as api:
        first = await api.post(content)
        assert (await api.post(content)).body == first.body
        before = counting.asked
        assert (await api.post(content)).body == first.body
        assert counting.asked == before
        assert (await api.post({**content, "limit": 1})).body != first.body


async def test_forms_are_kept_apart(api: Api) -> None:
    for _ in range(3):
        assert "images" in (await api.get("/v1/images?platform=Ubuntu")).json
        assert "images" not in (await api.get("/v1/facets?platform=Ubuntu")).json


async def test_words_that_move_are_read_anew_each_minute(tmp_path: Path) -> None:
    made = NOW - timedelta(days=300)
    await fill(tmp_path, [Planted(record("edge", created_at=f"{made:%Y-%m-%dT%H:%M:%SZ}"), GOLD).document])
    clock = [NOW]
    async with serving(tmp_path, question_now=lambda: clock[0]) as api:
        path = "/v1/images?q=created in the last 300 days"
        for _ in range(3):
            assert (await api.get(path)).ids == ["edge"]
        clock[0] = NOW + timedelta(seconds=59)
        assert (await api.get(path)).ids == ["edge"]
        clock[0] = NOW + timedelta(days=1)
        assert (await api.get(path)).ids == []
        clock[0] = NOW
        assert (await api.get(path)).ids == ["edge"]


async def test_what_does_not_move_is_kept_over_the_minute(folder: Path) -> None:
    clock: list[datetime] = [NOW]
    counting = Counting()
    async with serving(folder, question_now=lambda: clock[0], readers=counting) as api:
        first = await api.get("/v1/images?platform=Ubuntu")
        assert (await api.get("/v1/images?platform=Ubuntu")).body == first.body
        before = counting.asked
        clock[0] = NOW + timedelta(minutes=5)
        assert (await api.get("/v1/images?platform=Ubuntu")).body == first.body
        assert counting.asked == before


async def test_the_cursor_of_a_kept_answer_leads_on_in_later_minutes(folder: Path) -> None:
    clock: list[datetime] = [NOW]
    async with serving(folder, question_now=lambda: clock[0]) as api:
        words = {"q": "created in the last 3000 days", "limit": "2"}
        first, *_ = [await api.get("/v1/images", words) for _ in range(3)]
        second = await api.get("/v1/images", {**words, "cursor": first.json["next"]})
        clock[0] = NOW + timedelta(minutes=1)
        again = await api.get(
            "/v1/images", {**words, "cursor": (await api.get("/v1/images", words)).json["next"]}
        )
        assert again.status == 200
        assert again.ids == second.ids != first.ids
        assert (await api.get("/v1/images", {**words, "cursor": first.json["next"]})).ids == second.ids


async def test_a_new_generation_is_answered_from(tmp_path: Path) -> None:
    await fill(tmp_path, documents())
    async with serving(tmp_path) as api:
        first, *_ = [await api.get("/v1/images?limit=1000") for _ in range(3)]
        engine = embedded(tmp_path)
        engine.term += 1
        another = Planted(record("another"), GOLD)
        async with writing(engine) as writer:
            generation = await publish(engine, writer, [*documents(), another.document])
        for _ in range(10_000):
            api.hand.move(2)
            told = await api.get("/v1/images?limit=1000")
            if told.json["catalog"]["generation"] == generation:
                break
        assert "another" in told.ids
        assert "another" not in first.ids
        assert told.headers["ETag"] != first.headers["ETag"]


async def test_a_new_run_is_told_of(tmp_path: Path) -> None:
    listed_later = state(GOLD, last_attempt=NOW, last_complete=NOW)
    generation = await fill(tmp_path, documents())
    async with serving(tmp_path) as api:
        first, *_ = [await api.get("/v1/images") for _ in range(3)]
        ledger = embedded(tmp_path).ledger()
        await ledger.record(replace(run("run-2", minutes=30, generation=generation), scopes=(listed_later,)))
        await ledger.close()
        for _ in range(10_000):
            api.hand.move(LOOK_SECONDS)
            later = await api.get("/v1/images")
            if later.body != first.body:
                break
    async with serving(tmp_path) as fresh:
        told = await fresh.get("/v1/images")
    assert later.body == told.body != first.body


async def test_no_caller_gets_what_another_was_answered(folder: Path) -> None:
    who = ("alice", "bob", "nobody", "both", "operator")
    path = "/v1/images?limit=1000"
    alone: dict[str, bytes] = {}
    for by in who:
        async with serving(folder, TokenAccess()) as api:
            alone[by] = (await api.get(path, by=by)).body
    assert len(set(alone.values())) >= 4
    async with serving(folder, TokenAccess()) as api:
        for by in (*who, *who, *who):
            assert (await api.get(path, by=by)).body == alone[by], by
        assert (await api.get(path)).status == 401


KEEPING: dict[str, tuple[Sequence[tuple[str, int]], set[str]]] = {
    "all that fits": ([("a", 3), ("b", 3)], {"a", "b"}),
    "the newest, where not all fits": (
        [(name, 10) for name in "abcdefghijklmnopqrstuvwxyz"],
        set("qrstuvwxyz"),
    ),
    "nothing that is too large": ([("a", 21), ("b", 20)], {"b"}),
}


@pytest.mark.parametrize(("put", "wanted"), KEEPING.values(), ids=KEEPING)
def test_keeps(put: Sequence[tuple[str, int]], wanted: set[str]) -> None:
    kept: Kept[str, str] = Kept(320)
    for name, size in put:
        kept.put(name, name.upper(), size)
    found = {name for name, _ in put if kept.get(name) == name.upper()}
    assert found >= wanted
    assert sum(size for name, size in put if name in found) <= 320


def test_what_is_asked_for_stays() -> None:
    kept: Kept[int, int] = Kept(320)
    kept.put(0, 7, 10)
    for number in range(1, 100):
        kept.put(number, number, 10)
        assert kept.get(0) == 7
    assert kept.get(1) is None

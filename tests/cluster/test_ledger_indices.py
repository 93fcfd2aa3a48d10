"""The ledger in OpenSearch beyond its contract: crashes between two writes, what a person sees, big ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from aiohttp import web

from engines.base import EngineUnavailable, ForeignGeneration
from engines.ledger import Keep, Run, ScopeState, State
from engines.opensearch import ledger as the_ledger
from engines.opensearch import run_documents
from engines.opensearch.client import quoted
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.ledger_indices import LEDGER_FORMAT, RUNS, index_body
from engines.opensearch.reply import entries, items, part, text
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.contract.engine import START
from tests.contract.test_ledger_rules import COMPLETE, HELD, RUN


@pytest.fixture
def ledger(place: Place) -> OpenSearchLedger:
    return OpenSearchLedger(place.client, place.names)


async def documents_of_scopes(place: Place) -> dict[str, str]:
    """Give the run that wrote each scope's document."""
    reply = await place.client.request(
        "POST", quoted(place.names.scopes, "_search"), body=b'{"size": 100, "query": {"match_all": {}}}'
    )
    return {text(hit, "_id"): text(hit, "_source", "run") for hit in items(reply, "hits", "hits")}


async def block(place: Place, index: str, *, closed: bool) -> None:
    body = orjson.dumps({"index": {"blocks": {"write": closed}}})
    await place.client.request("PUT", quoted(index, "_settings"), body=body)


async def test_reading_makes_no_index(place: Place, ledger: OpenSearchLedger) -> None:
    assert (await ledger.runs(5), await ledger.scope_states(), await ledger.revision()) == ((), {}, 0)
    reply = await place.client.request(
        "GET", quoted(place.names.all, "_mapping"), params={"expand_wildcards": "all"}
    )
    assert reply == {}


async def test_scopes_that_a_crash_left_out_are_seen_and_then_written(
    place: Place, ledger: OpenSearchLedger, caplog: pytest.LogCaptureFixture
) -> None:
    await ledger.record(replace(RUN, run="first"))
    await block(place, place.names.scopes, closed=True)
    later = replace(HELD, carried=7)
    await ledger.record(replace(RUN, run="second", scopes=(later,)))
    assert "run second is recorded" in caplog.text
    assert await documents_of_scopes(place) == {COMPLETE.scope: "first", HELD.scope: "first"}
    assert await ledger.scope_states() == {COMPLETE.scope: COMPLETE, HELD.scope: later}
    with pytest.raises(EngineUnavailable):
        await ledger.record(replace(RUN, run="third", scopes=(COMPLETE,)))
    await block(place, place.names.scopes, closed=False)
    await ledger.record(replace(RUN, run="third", scopes=(COMPLETE,)))
    assert await documents_of_scopes(place) == {COMPLETE.scope: "third", HELD.scope: "second"}
    assert await ledger.scope_states() == {COMPLETE.scope: COMPLETE, HELD.scope: later}


async def test_a_run_that_could_not_be_written_left_nothing(place: Place, ledger: OpenSearchLedger) -> None:
    await ledger.record(RUN)
    await block(place, place.names.runs, closed=True)
    with pytest.raises(EngineUnavailable, match="index write"):
        await ledger.record(replace(RUN, run="second", scopes=()))
    assert [run.run for run in await ledger.runs(5)] == [RUN.run]
    assert await ledger.revision() == 1


async def test_dates_are_dates_and_counts_are_numbers(place: Place, ledger: OpenSearchLedger) -> None:
    await ledger.record(RUN)
    for index, query in (
        (place.names.runs, {"range": {"started": {"gte": "2026-11-24", "lte": "2026-11-24"}}}),
        (place.names.runs, {"range": {"documents": {"gt": 2, "lt": 4}}}),
        (place.names.runs, {"term": {"problems": "name: too long: 2"}}),
        (place.names.scopes, {"range": {"last_attempt": {"gte": "2026-11-24"}}}),
        (place.names.scopes, {"bool": {"filter": {"term": {"state": "incomplete"}}}}),
    ):
        reply = await place.client.request(
            "POST", quoted(index, "_search"), body=orjson.dumps({"query": query})
        )
        assert items(reply, "hits", "hits"), query
    mapping = part(
        await place.client.request("GET", quoted(place.names.runs, "_mapping")), place.names.runs, "mappings"
    )
    assert entries(mapping, "properties").keys() == RUNS.keys()
    assert text(mapping, "dynamic") == "strict"


async def test_runs_recorded_at_the_same_time_all_stay(place: Place, ledger: OpenSearchLedger) -> None:
    names = [f"{number:06}" for number in range(6)]
    await ledger.record(bare("before", 0))
    ledgers = [OpenSearchLedger(place.client, place.names) for _ in names]
    await asyncio.gather(*(one.record(bare(name, 1)) for one, name in zip(ledgers, names, strict=True)))
    found = [run.run for run in await ledger.runs(50)]
    assert sorted(found) == [*names, "before"]
    paged, before = list[str](), None
    while page := await ledger.runs(1, before):
        before = page[0].run
        paged.append(before)
    assert paged == found


async def test_a_run_that_is_written_late_is_a_later_revision(place: Place) -> None:
    """A slow process draws its number first and writes last: who has read meanwhile looks again."""
    reader, quick = (OpenSearchLedger(place.client, place.names) for _ in range(2))
    await quick.record(replace(RUN, run="first"))
    read: list[int] = []

    async def meanwhile(request: web.Request) -> None:
        if request.method == "PUT" and request.path.endswith("/_doc/slow") and not read:
            await quick.record(replace(RUN, run="quick", scopes=()))
            read.append(await reader.revision())
            assert (await reader.scope_states())[HELD.scope] == HELD

    later = replace(HELD, carried=7)
    async with passing(place.url, meanwhile) as url, place.another_client(url) as client:
        await OpenSearchLedger(client, place.names).record(replace(RUN, run="slow", scopes=(later,)))
    assert await reader.revision() > read[0]
    assert (await reader.scope_states())[HELD.scope] == later


async def test_a_run_that_others_always_overtake_is_not_written_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_ledger, "TRIES", 3)
    quick = OpenSearchLedger(place.client, place.names)
    written: list[str] = []

    async def meanwhile(request: web.Request) -> None:
        if request.method == "PUT" and request.path.endswith("/_doc/slow"):
            written.append(f"quick{len(written)}")
            if len(written) < 6:
                await quick.record(replace(RUN, run=written[-1], scopes=()))

    async with passing(place.url, meanwhile) as url, place.another_client(url) as client:
        with pytest.raises(EngineUnavailable, match=r"other processes write to .*-runs all the time"):
            await OpenSearchLedger(client, place.names).record(replace(RUN, run="slow"))
    assert len(written) == 3


def many(count: int) -> Sequence[ScopeState]:
    return [
        ScopeState(f"prod/cn-north-4/{number:032x}/private", State.COMPLETE, None, START, START, 1, 0)
        for number in range(count)
    ]


async def test_many_scopes_and_many_runs_come_in_pages(
    ledger: OpenSearchLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_ledger, "SCOPES_AT_ONCE", 10)
    monkeypatch.setattr(run_documents, "RUNS_AT_ONCE", 3)
    states = many(23)
    await ledger.record(replace(RUN, run="wide", scopes=tuple(states)))
    await ledger.record(replace(RUN, run="narrow", scopes=(COMPLETE,)))
    assert await ledger.scope_states() == {state.scope: state for state in (*states, COMPLETE)}
    names = [f"{number:06}" for number in range(8)]
    for number, name in enumerate(names):
        await ledger.record(bare(name, number))
    found = await ledger.runs(7)
    assert [run.run for run in found] == names[:0:-1]
    assert [run.run for run in await ledger.runs(9, before=names[0])] == ["narrow", "wide"]
    monkeypatch.setattr(run_documents, "PLACES_AT_ONCE", 2)
    await ledger.trim(Keep(runs=5), START)
    assert [run.run for run in await ledger.runs(9)] == names[:2:-1]
    await ledger.trim(Keep(runs=1), START)
    assert [run.run for run in await ledger.runs(9)] == names[:6:-1]


def bare(name: str, minute: int) -> Run:
    return replace(RUN, run=name, started=START + timedelta(minutes=minute), scopes=(), problems={})


@pytest.mark.parametrize(
    ("name", "reason"),
    [("x" * 600, "y" * 40_000), ("授权" * 200, "😀" * 9_000), ('"/%', "")],
    ids=["long", "of many bytes", "of signs"],
)
async def test_names_and_reasons_of_any_kind(ledger: OpenSearchLedger, name: str, reason: str) -> None:
    run = replace(RUN, run=name, reason=reason, scopes=(replace(HELD, scope=name, reason=reason),))
    await ledger.record(run)
    await ledger.record(run)
    assert await ledger.runs(5) == (run,)
    assert await ledger.scope_states() == {name: run.scopes[0]}


async def test_a_ledger_of_a_newer_version_is_not_written(place: Place, ledger: OpenSearchLedger) -> None:
    body = index_body(RUNS)
    newer = {**body, "mappings": {**entries(body, "mappings"), "_meta": {"format": LEDGER_FORMAT + 1}}}
    await place.client.request("PUT", quoted(place.names.runs), body=orjson.dumps(newer))
    with pytest.raises(ForeignGeneration, match=f"has format {LEDGER_FORMAT + 1}"):
        await ledger.record(RUN)

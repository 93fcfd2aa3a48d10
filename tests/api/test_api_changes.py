"""`/v1/changes` and removed images: told to those who could see them, and to nobody else."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engines.ledger import ChangeKind, FieldChange, ImageChange, Keep, Ledger
from mappings.document import Document, store
from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.estate import (
    ALICE,
    ALICE_OWN,
    BOB_OWN,
    GOLD,
    NOW,
    PLANTED,
    Planted,
    documents,
    record,
    run,
    visible,
)
from tests.api.test_api_errors import problem
from tests.contract.engine import ENGINES, engine_in

GONE = (
    Planted(
        record(
            "gone-gold",
            name="Ubuntu of before",
            hw_firmware_type="uefi",
            __support_kvm="true",
            created_at="2025-01-01T00:00:00Z",
        ),
        GOLD,
    ),
    Planted(record("gone-bob", name="bob's lost", visibility="private", __imagetype="private"), BOB_OWN),
    Planted(
        record("gone-alice", name="alice's lost", visibility="private", __imagetype="private"), ALICE_OWN
    ),
)
FIRST = replace(run("20261124t070000z-aaaaaa"), published=True)
SECOND = replace(run("20261124t073000z-bbbbbb", minutes=30), published=True)


def change(document: Document, kind: ChangeKind, minutes: int, **fields: FieldChange) -> ImageChange:
    return ImageChange(
        at=NOW - timedelta(minutes=60 - minutes),
        run=(FIRST if minutes < 30 else SECOND).run,
        kind=kind,
        stored=replace(store(document), raw=b""),
        fields=fields,
    )


ADDED = [change(one.document, ChangeKind.ADDED, 0) for one in (*PLANTED, *GONE)]
LATER = [
    *(change(one.document, ChangeKind.REMOVED, 30) for one in GONE),
    change(PLANTED[0].document, ChangeKind.CHANGED, 31, name=FieldChange("old", "image gold-1")),
]


async def noted(ledger: Ledger, generation: str) -> None:
    for told, changes in ((FIRST, ADDED), (SECOND, LATER)):
        await ledger.note(told.run, changes)
        await ledger.record(replace(told, generation=generation))


@pytest.fixture
async def place(engine_name: str, tmp_path: Path) -> AsyncIterator[Path]:
    with engine_in(engine_name, tmp_path):
        generation = await fill(tmp_path, documents(), engine_name)
        ledger = ENGINES[engine_name](tmp_path).ledger()
        await noted(ledger, generation)
        await ledger.close()
        yield tmp_path


@pytest.fixture
async def known(place: Path, engine_name: str) -> AsyncIterator[Api]:
    async with serving(place, TokenAccess(), engine_name=engine_name) as served:
        yield served


async def told(api: Api, by: str = "operator", **params: str) -> list[tuple[str, str]]:
    answer = await api.get("/v1/changes", {"limit": "1000", **params}, by=by)
    assert answer.status == 200, answer.body
    return [(one["kind"], one["id"]) for one in answer.json["changes"]]


async def test_a_change_tells_what_the_cloud_said_before_and_says_now(known: Api) -> None:
    answer = await known.get("/v1/changes", {"since": "20261124t073000z-bbbbbb", "id": "gold-1"}, by="alice")
    assert answer.json["changes"] == [
        {
            "at": "2026-11-24T07:31:00Z",
            "run": SECOND.run,
            "kind": "changed",
            "id": "gold-1",
            "name": "image gold-1",
            "cloud": "huawei",
            "region": "cn-north-4",
            "fields": {"name": {"from": "old", "to": "image gold-1"}},
        }
    ]


@pytest.mark.parametrize(
    ("by", "projects"),
    [
        ("alice", {ALICE}),
        ("bob", {"b" * 32}),
        ("nobody", set()),
        ("both", {ALICE, "b" * 32}),
        ("operator", None),
    ],
)
async def test_only_what_the_caller_may_see_is_told(known: Api, by: str, projects: set[str] | None) -> None:
    mine = None if projects is None else frozenset(projects)
    expected = [
        (kind.value, str(one.document.fields["id"]))
        for kind, several in ((ChangeKind.ADDED, (*PLANTED, *GONE)), (ChangeKind.REMOVED, GONE))
        for one in several
        if visible(one.document, mine)
    ]
    assert await told(known, by) == [*expected, ("changed", "gold-1")]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        pytest.param(
            {"since": "2026-11-24T07:30:00Z", "image_type": "gold"}, ["gone-gold", "gold-1"], id="a moment"
        ),
        pytest.param(
            {"since": "20261124t073000z-bbbbbb", "platform": "ubuntu", "q": "uefi"},
            ["gone-gold", "gold-1"],
            id="a sentence",
        ),
        pytest.param({"q": '"Ubuntu of before"'}, ["gone-gold", "gone-gold"], id="words of a name"),
        pytest.param({"status": "deactivated"}, ["gold-5"], id="no default filters"),
        pytest.param({"platform": "BobOS"}, ["shared-1"], id="another's value, for who sees it shared"),
    ],
)
async def test_a_whole_question_may_be_asked(known: Api, params: Mapping[str, str], found: list[str]) -> None:
    assert [image for _, image in await told(known, "alice", **params)] == found


async def test_a_poller_goes_on_where_it_was(known: Api, place: Path, engine_name: str) -> None:
    seen: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await known.get("/v1/changes", {"limit": "3", **cursor}, by="alice")
        if not answer.json["changes"]:
            break
        seen += [(one["kind"], one["id"]) for one in answer.json["changes"]]
        cursor = {"cursor": answer.json["next"]}
    assert seen == await told(known, "alice")
    cursor = {"cursor": answer.json["next"]}
    ledger = ENGINES[engine_name](place).ledger()
    third = replace(run("20261124t080000z-cccccc", minutes=60), published=True)
    await ledger.note(third.run, [replace(LATER[-1], run=third.run)])
    await ledger.record(third)
    assert [one["run"] for one in (await known.get("/v1/changes", cursor, by="alice")).json["changes"]] == [
        third.run
    ]
    problem(await known.get("/v1/changes", cursor, by="bob"), 400)
    problem(await known.get("/v1/changes", {**cursor, "q": "uefi"}, by="alice"), 400)
    await ledger.close()


async def test_a_cursor_behind_which_changes_are_gone_says_so(
    known: Api, place: Path, engine_name: str
) -> None:
    answer = await known.get("/v1/changes", {"limit": "1"}, by="alice")
    ledger = ENGINES[engine_name](place).ledger()
    await ledger.trim(Keep(changes=2), NOW)
    await ledger.close()
    problem(await known.get("/v1/changes", {"cursor": answer.json["next"]}, by="alice"), 410)
    assert len(await told(known)) == 2


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"since": "yesterweek"}, id="no date"),
        pytest.param({"since": "20261124t073000z-ffffff"}, id="no run that is kept"),
        pytest.param({"limit": "0"}, id="no limit"),
        pytest.param({"cursor": "abc"}, id="no cursor"),
        pytest.param({"facets": "platform"}, id="counts"),
        pytest.param({"nonsense": "1"}, id="no field"),
    ],
)
async def test_what_is_wrong_is_named(known: Api, params: Mapping[str, str]) -> None:
    error = problem(await known.get("/v1/changes", params, by="alice"), 400)
    assert error["parameter"] in params


@pytest.mark.parametrize("path", ["", "/raw"])
async def test_a_removed_image_is_gone_for_those_who_could_see_it(known: Api, path: str) -> None:
    for by, identity, seen in (
        ("alice", "gone-gold", True),
        ("nobody", "gone-gold", True),
        ("alice", "gone-alice", True),
        ("operator", "gone-bob", True),
        ("alice", "gone-bob", False),
        ("nobody", "gone-alice", False),
    ):
        answer = await known.get(f"/v1/images/{identity}{path}", by=by)
        never = await known.get(f"/v1/images/never-seen{path}", by=by)
        assert answer.status == (410 if seen else 404)
        assert never.status == 404
        if not seen:
            assert (answer.body, dict(answer.headers) | {"Date": ""}) == (
                never.body,
                dict(never.headers) | {"Date": ""},
            )


async def test_a_removed_image_names_the_newer_one_of_its_family(known: Api) -> None:
    (image,) = (await known.get("/v1/images/gone-gold", by="alice")).json["images"]
    assert image == {
        "id": "gone-gold",
        "name": "Ubuntu of before",
        "cloud": "huawei",
        "region": "cn-north-4",
        "removed_at": "2026-11-24T07:30:00Z",
        "last_seen": "2026-11-24T07:00:00Z",
        "newer": {"id": "gold-1", "name": "image gold-1", "cloud": "huawei", "region": "cn-north-4"},
    }


async def test_one_run_is_told_by_its_name(known: Api) -> None:
    answer = await known.get(f"/v1/runs/{SECOND.run}", by="operator")
    assert (answer.status, answer.json["run"], answer.json["exit"]) == (200, SECOND.run, 0)
    assert (await known.get(f"/v1/runs/{SECOND.run}", by="alice")).json["exit"] is None
    assert (await known.get("/v1/runs/unknown", by="alice")).status == 404

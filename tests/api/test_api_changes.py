"""`/v1/changes` and removed images: told to those who could see them, and to nobody else."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engines.ledger import ChangeKind, FieldChange, ImageChange, Keep, Ledger
from engines.query import Position
from mappings.date import date_text, from_datetime
from mappings.document import Document, store
from search_api.cursor import Cursor, write_cursor
from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.estate import (
    ALICE,
    ALICE_OWN,
    ALICE_SHARED,
    BOB,
    BOB_OWN,
    BOB_SHARED,
    EARLIER,
    GOLD,
    NOW,
    PLANTED,
    YESTERDAY,
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
        seen=dict.fromkeys(document.scopes, EARLIER) if kind is ChangeKind.REMOVED else {},
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


async def test_a_cursor_tells_nothing_of_what_others_change(
    known: Api, place: Path, engine_name: str
) -> None:
    """Alice sees nothing of what becomes of bob's images: not in where she is, nor in how long it is."""

    async def following(cursor: str) -> str:
        answer = (await known.get("/v1/changes", {"id": "alice-1", "cursor": cursor}, by="alice")).json
        assert (answer["changes"], answer["more"]) == ([], False)
        return str(answer["next"])

    first = str((await known.get("/v1/changes", {"id": "alice-1"}, by="alice")).json["next"])
    idle = [await following(first), await following(first)]
    ledger = ENGINES[engine_name](place).ledger()
    third = replace(run("20261124t080000z-cccccc", minutes=60), published=True)
    bobs = [one for one in ADDED if one.stored == replace(store(GONE[1].document), raw=b"")]
    await ledger.note(third.run, [replace(one, run=third.run) for one in bobs * 30])
    await ledger.record(third)
    await ledger.close()
    known.hand.move(5)
    busy = [await following(first), await following(idle[0])]
    texts = [first, *idle, *busy]
    assert len(set(texts)) == len(texts)
    assert {len(text) for text in texts} == {len(first)}
    positions = [str(change.position) for change in await _all(place, engine_name)]
    for text in texts:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        assert not any(f"{position:0>20}".encode() in sealed for position in positions)


async def _all(place: Path, engine_name: str) -> Sequence[ImageChange]:
    ledger = ENGINES[engine_name](place).ledger()
    try:
        return await ledger.changes(0, 1_000)
    finally:
        await ledger.close()


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda text: text[:-1], id="cut"),
        pytest.param(lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"), id="touched at its end"),
        pytest.param(lambda text: ("A" if text[0] != "A" else "B") + text[1:], id="touched at its begin"),
        pytest.param(lambda text: text + "A", id="longer"),
        pytest.param(lambda text: text[::-1], id="turned round"),
        pytest.param(lambda _: "0", id="a position in clear"),
        pytest.param(
            lambda _: write_cursor(Cursor("", 0, Position((), "0"), b"m" * 12), b"o" * 32),
            id="sealed by somebody else",
        ),
    ],
)
async def test_a_forged_cursor_is_refused(known: Api, forge: Callable[[str], str]) -> None:
    cursor = (await known.get("/v1/changes", by="alice")).json["next"]
    error = problem(await known.get("/v1/changes", {"cursor": forge(cursor)}, by="alice"), 400)
    assert (error["parameter"], error["detail"]) == ("cursor", "is not one that this service gave")


async def test_a_cursor_of_a_search_or_of_runs_is_none_of_changes(known: Api) -> None:
    for path, params in (("/v1/images", {"limit": "1"}), ("/v1/runs", {"limit": "1"})):
        cursor = (await known.get(path, params, by="alice")).json["next"]
        error = problem(await known.get("/v1/changes", {"cursor": cursor}, by="alice"), 400)
        assert (error["parameter"], "another question" in str(error["detail"])) == ("cursor", True)


async def test_whether_more_is_to_be_looked_at_is_told(known: Api) -> None:
    told = (await known.get("/v1/changes", {"limit": "1000"}, by="alice")).json
    assert told["more"] is False
    assert (await known.get("/v1/changes", {"limit": "1"}, by="alice")).json["more"] is True


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("2026", 3),
        ("2026-11", 3),
        ("November 2026", 3),
        ("2026-11-24", 3),
        ("24.11.2026", 3),
        ("yesterday", 3),
        ("today", 3),
        ("7d", 3),
        ("last 7 days", 3),
        ("1 hour ago", 3),
        ("45 minutes ago", 2),
        ("30 minutes", 2),
        ("2026-11-24T07:30:30Z", 1),
        ("2026-11-24 07:30:30", 1),
        ("10 minutes ago", 0),
        ("2026-11-25", 0),
    ],
)
async def test_since_is_a_time_as_a_question_has_it(known: Api, since: str, found: int) -> None:
    """At 8 o'clock: images were added an hour ago, one was removed 30 minutes ago and one changed after."""
    asked = {"since": since, "q": "id:gone-gold OR id:gold-1"}
    changes = await told(known, "alice", **asked)
    assert len([one for one in changes if one != ("added", "gold-1")]) == found


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
        pytest.param({"since": "yesterday ubuntu"}, id="a date and something else"),
        pytest.param({"since": "before 2026"}, id="an end"),
        pytest.param({"since": "2026-01..2026-03"}, id="a begin and an end"),
        pytest.param({"since": ""}, id="nothing"),
        pytest.param({"since": "7" * 5000}, id="far too long"),
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


async def test_when_a_removed_image_was_seen_last_is_known_for_as_long_as_the_image_is(
    known: Api, place: Path, engine_name: str
) -> None:
    """The runs before it are trimmed, and each caller is told by the listings that are theirs."""
    ledger = ENGINES[engine_name](place).ledger()
    third = replace(run("20261124t074500z-cccccc", minutes=45), published=True)
    shared = record("gone-shared", visibility="shared", __imagetype="shared", owner="c" * 32)
    document = Planted(shared, ALICE_SHARED).document.stamped(
        scopes=(ALICE_SHARED.id, BOB_SHARED.id), visible_to=(ALICE, BOB)
    )
    seen = {ALICE_SHARED.id: EARLIER, BOB_SHARED.id: YESTERDAY}
    gone = replace(change(document, ChangeKind.REMOVED, 45), run=third.run, seen=seen)
    await ledger.note(third.run, [gone])
    await ledger.record(third)
    last = replace(run("20261124t080000z-dddddd", minutes=60), published=True)
    await ledger.record(last)
    await ledger.trim(Keep(runs=1), NOW)
    assert [one.run for one in await ledger.runs(9)] == [last.run]
    await ledger.close()
    for by, moment in (("alice", EARLIER), ("bob", YESTERDAY), ("both", EARLIER), ("operator", EARLIER)):
        answer = await known.get("/v1/images/gone-shared", by=by)
        assert answer.status == 410, by
        (image,) = answer.json["images"]
        assert image["last_seen"] == date_text(from_datetime(moment)), by


async def test_one_run_is_told_by_its_name(known: Api) -> None:
    answer = await known.get(f"/v1/runs/{SECOND.run}", by="operator")
    assert (answer.status, answer.json["run"], answer.json["exit"]) == (200, SECOND.run, 0)
    assert (await known.get(f"/v1/runs/{SECOND.run}", by="alice")).json["exit"] is None
    assert (await known.get("/v1/runs/unknown", by="alice")).status == 404

"""The plan: what becomes of every document, by case."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import pytest

from indexer.fate import Fate, Terms
from indexer.plan import Change, Decision, plan
from indexer.spool import Entry
from indexer.tally import Tally
from mappings.date import date_text
from mappings.document import Document, Stored, restore, stamp, store
from mappings.normalise import normalise
from mappings.scope import CloudKind, ImageType, Scope

EARLIER, NOW = 1_700_000_000_000, 1_800_000_000_000


def scope(image_type: ImageType, project: str | None = None, source: str = "s") -> Scope:
    status = "accepted" if image_type is ImageType.SHARED else None
    return Scope(source, "huawei", CloudKind.IMS, "r", image_type, project, status)


GOLD = scope(ImageType.GOLD)
MARKET = scope(ImageType.MARKET)
OWN = scope(ImageType.PRIVATE, "p1")
MEMBER = scope(ImageType.SHARED, "p2")
THIRD = scope(ImageType.SHARED, "p3")
OTHER_GOLD = scope(ImageType.GOLD, source="other")
SCOPES = {one.id: one for one in (GOLD, MARKET, OWN, MEMBER, THIRD, OTHER_GOLD)}


def document(image: str, by: Scope, name: str = "n") -> Document:
    read = normalise({"id": image, "name": name, "status": "active"}, by).document
    assert read is not None
    return read


def seen(image: str, by: Scope, name: str = "n") -> Entry:
    order = 0 if by.source == "s" else 1
    return Entry(order, by.id, store(document(image, by, name)))


def served(image: str, *by: Scope, name: str = "n", shadowed_by: tuple[str, ...] = ()) -> Stored:
    scopes = tuple(sorted(one.id for one in by))
    grants = tuple(sorted({project for one in by for project in one.grants}))
    return store(
        document(image, by[0], name).stamped(
            scopes=scopes, visible_to=grants, shadowed_by=shadowed_by, first_seen=EARLIER, listed=True
        )
    )


async def batches(stored: Iterable[Stored], size: int) -> AsyncIterator[Sequence[Stored]]:
    everything = sorted(stored, key=lambda one: one.key)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


class Everything(AbstractSet[tuple[str, str]]):
    """Whoever is asked for is gone."""

    def __contains__(self, one: object) -> bool:
        return True

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def __len__(self) -> int:
        return 1


async def planned(
    entries: Iterable[Entry], before: Iterable[Stored], *complete: Scope, size: int = 2, **terms: Any
) -> dict[str, Decision]:
    ordered = sorted(entries, key=lambda one: (one.stored.key, one.order, one.scope))
    agreed = Terms(started=date_text(NOW), whole=frozenset(one.id for one in complete))
    given = replace(agreed, **{"gone": Everything(), "confirmed": frozenset(SCOPES), **terms})
    decisions = [one async for batch in plan(ordered, batches(before, size), given) for one in batch]
    keys = [one.key for one in decisions]
    assert keys == sorted(set(keys)), "each key once, ascending"
    return {one.key.removeprefix("huawei/r/"): one for one in decisions}


def by(decision: Decision, fate: Fate) -> tuple[str, ...]:
    return tuple(sorted(scope for scope, told in decision.fates.items() if told is fate))


def fields(decision: Decision) -> dict[str, object]:
    assert decision.stored is not None
    values = restore(decision.stored).fields
    return {
        name: values.get(name)
        for name in ("name", "scopes", "visible_to", "shadowed_by", "first_seen", "listed")
    }


async def test_a_new_image_begins_now() -> None:
    decision = (await planned([seen("a", OWN)], [], OWN))["a/own"]
    assert (decision.change, by(decision, Fate.LISTED)) == (Change.ADDED, (OWN.id,))
    assert fields(decision) == {
        "name": "n",
        "scopes": (OWN.id,),
        "visible_to": ("p1",),
        "shadowed_by": None,
        "first_seen": NOW,
        "listed": True,
    }


async def test_the_same_image_stays_byte_for_byte() -> None:
    before = served("a", GOLD)
    decision = (await planned([seen("a", GOLD)], [before], GOLD))["a/public"]
    assert decision.change is Change.SAME
    assert decision.stored == before
    assert restore(before).fields["first_seen"] == EARLIER


@pytest.mark.parametrize(
    ("entries", "before", "complete", "expected"),
    [
        pytest.param(
            [seen("a", GOLD, "new")], [served("a", GOLD)], [GOLD], {"a/public": Change.CHANGED}, id="renamed"
        ),
        pytest.param([], [served("a", GOLD)], [GOLD], {"a/public": Change.REMOVED}, id="no longer listed"),
        pytest.param([], [served("a", GOLD)], [], {"a/public": Change.SAME}, id="its scope failed"),
        pytest.param(
            [seen("a", GOLD, "new")],
            [served("a", GOLD), served("b", GOLD)],
            [],
            {"a/public": Change.CHANGED, "b/public": Change.SAME},
            id="its scope failed after a page: fresh what was seen, carried what was not",
        ),
        pytest.param(
            [seen("b", GOLD)],
            [served("a", GOLD), served("a", OWN), served("b", GOLD)],
            [GOLD],
            {"a/own": Change.SAME, "a/public": Change.REMOVED, "b/public": Change.SAME},
            id="the views of one image go their own ways",
        ),
        pytest.param(
            [seen("a-b", GOLD), seen("a", GOLD), seen("a.b", GOLD), seen("a0", GOLD)],
            [served("a", GOLD), served("a-b", GOLD)],
            [GOLD],
            {
                "a-b/public": Change.SAME,
                "a.b/public": Change.ADDED,
                "a/public": Change.SAME,
                "a0/public": Change.ADDED,
            },
            id="ids that are the beginnings of others",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100], ids=["batches of 1", "of 2", "of 100"])
async def test_images_disappear_from_complete_scopes_only(
    entries: list[Entry],
    before: list[Stored],
    complete: list[Scope],
    expected: dict[str, Change],
    size: int,
) -> None:
    decisions = await planned(entries, before, *complete, size=size)
    assert {key: one.change for key, one in decisions.items()} == expected


async def test_one_of_two_scopes_still_lists_it() -> None:
    before = served("a", MEMBER, THIRD)
    decision = (await planned([seen("a", THIRD)], [before], MEMBER, THIRD))["a/shared"]
    assert (decision.change, by(decision, Fate.LISTED), by(decision, Fate.CARRIED)) == (
        Change.CHANGED,
        (THIRD.id,),
        (),
    )
    assert fields(decision)["visible_to"] == ("p3",), "the grant ends with the listing"


async def test_one_of_two_scopes_failed() -> None:
    before = served("a", MEMBER, THIRD)
    decision = (await planned([], [before], THIRD))["a/shared"]
    assert (by(decision, Fate.LISTED), by(decision, Fate.CARRIED)) == ((), (MEMBER.id,))
    assert fields(decision)["scopes"] == (MEMBER.id,)
    assert fields(decision)["visible_to"] == ("p2",)


async def test_a_scope_that_left_the_configuration_keeps_its_images() -> None:
    gone = served("a", scope(ImageType.PRIVATE, "p9", "removed"))
    decision = (await planned([], [gone], GOLD, OWN))["a/own"]
    assert decision.change is Change.SAME
    assert fields(decision)["visible_to"] == ("p9",)


@pytest.mark.parametrize(
    ("entries", "before", "complete", "shadowed_by"),
    [
        pytest.param([seen("a", OWN), seen("a", MEMBER)], [], [OWN, MEMBER], ("p1",), id="both are seen"),
        pytest.param([seen("a", MEMBER)], [served("a", OWN)], [MEMBER], ("p1",), id="the owner's is carried"),
        pytest.param([seen("a", MEMBER)], [], [MEMBER], None, id="the owner is not crawled"),
        pytest.param(
            [seen("a", MEMBER)],
            [served("a", OWN), served("a", MEMBER, shadowed_by=("p1",))],
            [OWN, MEMBER],
            None,
            id="the owner's left",
        ),
        pytest.param([seen("a", MEMBER), seen("b", OWN)], [], [OWN, MEMBER], None, id="another image"),
    ],
)
async def test_a_shared_image_tells_who_holds_the_owners(
    entries: list[Entry], before: list[Stored], complete: list[Scope], shadowed_by: tuple[str, ...] | None
) -> None:
    decisions = await planned(entries, before, *complete, size=1)
    assert fields(decisions["a/shared"])["shadowed_by"] == shadowed_by


async def test_of_two_served_documents_of_one_key_the_first_counts() -> None:
    before = [served("a", OWN, name="the owner's"), served("a", OWN, name="shown to all before")]
    decision = (await planned([], before))["a/own"]
    assert (decision.change, fields(decision)["name"]) == (Change.SAME, "the owner's")


async def test_the_first_source_tells_and_a_disagreement_is_counted() -> None:
    entries = [
        seen("a", OTHER_GOLD, "theirs"),
        seen("a", GOLD, "ours"),
        seen("b", GOLD),
        seen("b", OTHER_GOLD),
    ]
    decisions = await planned(entries, [], GOLD, OTHER_GOLD)
    assert fields(decisions["a/public"])["name"] == "ours"
    assert fields(decisions["a/public"])["scopes"] == tuple(sorted((GOLD.id, OTHER_GOLD.id)))
    assert (decisions["a/public"].disputed, decisions["b/public"].disputed) == (True, False)


async def test_counts_add_up() -> None:
    entries = [seen("a", GOLD), seen("new", GOLD), seen("b", MEMBER)]
    before = [served("a", GOLD), served("old", GOLD), served("b", MEMBER, THIRD), served("c", THIRD)]
    decisions = await planned(entries, before, GOLD, MEMBER)
    tally = Tally()
    tally.count(decisions.values())
    assert tally.documents == 4
    assert dict(tally.changes) == {Change.SAME: 3, Change.ADDED: 1, Change.REMOVED: 1}
    assert dict(tally.in_scope) == {GOLD.id: 2, MEMBER.id: 1, THIRD.id: 2}
    assert dict(tally.seen) == {GOLD.id: 2, MEMBER.id: 1}
    assert dict(tally.carried) == {THIRD.id: 2}
    assert not tally.nothing_changed


@pytest.mark.parametrize("shadowed_by", [(), ("p1", "p2")], ids=["by nobody", "by two"])
def test_a_stamp_gives_the_bytes_that_storing_would(shadowed_by: tuple[str, ...]) -> None:
    record = {
        "id": "a",
        "name": "n",
        "b.c": "1",
        "created_at": "2020-01-01T00:00:00.250Z",
        "tags": ["b", "a"],
    }
    read = normalise(record, MEMBER).document
    assert read is not None
    assert read.extra
    assert read.derived
    for before in (read, read.stamped(first_seen=NOW, shadowed_by=("p9",), listed=False)):
        stamped = stamp(
            store(before),
            {"first_seen": date_text(EARLIER), "listed": True},
            {"scopes": ["s"], "visible_to": [], "shadowed_by": shadowed_by},
        )
        assert stamped == store(
            before.stamped(
                first_seen=EARLIER, listed=True, scopes=("s",), visible_to=(), shadowed_by=shadowed_by
            )
        )


async def test_the_plan_streams() -> None:
    taken = 0

    def endless() -> Iterable[Entry]:
        nonlocal taken
        for number in range(10_000_000):
            taken += 1
            yield seen(f"{number:08}", GOLD)

    decisions = plan(endless(), batches([], 1), Terms(started=date_text(NOW), whole=frozenset({GOLD.id})))
    assert len(await anext(decisions)) <= 1000
    assert taken <= 1002, "what is not asked for is not read"
    await decisions.aclose()

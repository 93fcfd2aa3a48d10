"""A plan made in two steps, outlines first, decides what the plan made at once does: in any catalogue."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.comparison import compare
from indexer.difference import open_difference
from indexer.fate import Terms, key_hash
from indexer.plan import Change, Decision, image_of, plan
from indexer.spool import Entry
from indexer.survey import Survey
from mappings.document import Outline, Stored, told_body, told_digest
from mappings.scope import Scope
from tests.unit.test_plan import GOLD, MARKET, MEMBER, OTHER_GOLD, OWN, SCOPES, THIRD, batches, seen, served

ALL = (GOLD, MARKET, OWN, MEMBER, THIRD, OTHER_GOLD)
STARTED = "2026-11-24T06:17:00Z"


@dataclass
class Outlines:
    """The outlines of documents; `read` are the keys of those that were asked for whole."""

    stored: Sequence[Stored]
    size: int = 3
    read: list[str] = field(default_factory=list)

    async def outlines(self) -> AsyncGenerator[Sequence[Outline], None]:
        ordered = sorted(self.stored, key=lambda one: one.key)
        for start in range(0, len(ordered), self.size):
            yield [outline(one) for one in ordered[start : start + self.size]]

    async def documents(self, keys: Sequence[str]) -> Sequence[Stored]:
        self.read += keys
        return [one for one in self.stored if one.key in keys]


def outline(stored: Stored) -> Outline:
    told = told_digest(told_body(orjson.loads(stored.body)), stored.raw)
    return Outline(stored.key, stored.internal if len(stored.internal) < 400 else None, told)


async def decided(entries: Sequence[Entry], stored: Sequence[Stored], terms: Terms) -> list[Decision]:
    async with aclosing(plan(iter(entries), batches(stored, 2), terms)) as planned:
        return [one async for batch in planned for one in batch]


def ordered(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: (one.stored.key, one.order, one.scope))


@dataclass(frozen=True)
class Asking:
    """Which scopes were listed whole, which of them are held, and what is known of what is missing."""

    whole: set[str]
    confirmed: set[str]
    held: set[str]
    gone: bool
    before: bool

    def terms(self, keys: set[str]) -> tuple[Terms, Terms]:
        """Give the terms before anybody was asked, and after it."""
        first = Terms(
            started=STARTED,
            orders={"s": 0, "other": 1},
            whole=frozenset(self.whole),
            confirmed=frozenset(self.confirmed),
        )
        final = replace(
            first,
            whole=frozenset(self.whole - self.held),
            gone=frozenset((scope, key) for scope in SCOPES for key in keys if self.gone),
            missing_before={scope: {key_hash(key) for key in keys} for scope in SCOPES if self.before},
        )
        return first, final


Drawn = tuple[str, list[Scope], list[Scope], str]
"""An image: its id, who listed it before and now, and its name now."""

IMAGES = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.lists(st.sampled_from(ALL), unique=True, max_size=3),
        st.lists(st.sampled_from(ALL), unique=True, max_size=3),
        st.sampled_from(("n", "n", "n", "m")),
    ),
    unique_by=lambda image: image[0],
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(
    images=IMAGES,
    asked=st.builds(
        Asking,
        whole=st.sets(st.sampled_from(sorted(SCOPES))),
        confirmed=st.sets(st.sampled_from(sorted(SCOPES))),
        held=st.sets(st.sampled_from([GOLD.id, MARKET.id, OWN.id, OTHER_GOLD.id])),
        gone=st.booleans(),
        before=st.booleans(),
    ),
)
async def test_both_decide_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    images: list[Drawn],
    asked: Asking,
) -> None:
    entries, written = _catalogue(images)
    stored = await _published(written)
    first, final = asked.terms({one.key for one in stored})
    at_once, survey = await decided(entries, stored, first), Survey({})
    survey.count(at_once)
    outlines = Outlines(stored)
    with open_difference(tmp_path_factory.mktemp("difference")) as difference:
        in_steps = Survey({})
        async with aclosing(compare(iter(entries), outlines, first)) as compared:
            async for decisions in compared:
                in_steps.count(decisions)
                difference.take(decisions)
        assert in_steps.tally == survey.tally
        assert (in_steps.before, in_steps.unlisted) == (survey.before, survey.unlisted)
        end = await decided(entries, stored, final)
        tally = Survey({}).tally
        tally.count(end)
        assert await difference.tally(final) == tally
        async with aclosing(difference.planned(final)) as planned:
            few = {one.key: one async for batch in planned for one in batch}
        for one in end:
            if one.key in few:
                assert replace(few[one.key], seen=()) == replace(one, seen=())
            else:
                assert one.change is Change.SAME
    changed = {image_of(one.key) for one in end if one.change is not Change.SAME}
    assert {image_of(key) for key in few} >= changed


def _catalogue(images: list[Drawn]) -> tuple[list[Entry], list[Stored]]:
    entries: list[Entry] = []
    stored: dict[str, Stored] = {}
    for image, before, now, name in images:
        entries += [seen(image, by, name) for by in now]
        for by in before:
            one = served(image, by)
            stored[one.key] = one
    return ordered(entries), list(stored.values())


async def _published(stored: Sequence[Stored]) -> list[Stored]:
    """Let documents be as a run would have written them: each view knows of the others."""
    return [one.stored for one in await decided([], stored, Terms(started=STARTED)) if one.stored is not None]


async def test_only_what_is_not_as_it_was_is_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    same = ["a", "b", "c", "d"]
    stored = await _published([served(image, GOLD) for image in [*same, "changed", "gone"]])
    entries = ordered([*(seen(image, GOLD) for image in same), seen("changed", GOLD, "m"), seen("new", GOLD)])
    outlines = Outlines(stored)
    terms = Terms(started=STARTED, whole=frozenset({GOLD.id}))
    async with aclosing(compare(iter(entries), outlines, terms)) as compared:
        decisions = [one async for batch in compared for one in batch]
    assert [one.key.split("/")[2] for one in decisions] == ["a", "b", "c", "changed", "d", "gone", "new"]
    assert {key.split("/")[2] for key in outlines.read} == {"changed", "gone"}
    with open_difference(tmp_path_factory.mktemp("difference"), most=2) as difference:
        difference.take(decisions)
        assert (difference.kept, difference.whole, difference.few) == (3, False, False)

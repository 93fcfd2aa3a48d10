"""Whatever happens to an account and its catalogue, in any order: no living image is lost, no right outlives.

Images of two projects that share, and public ones, come, change and go; listings and questions fail; time
passes; processes end at any step of a run. After each run the catalogue is what the model says, and what
each project sees of it is held against what the cloud shows it. SOAK=1 draws many more.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engines.clock import Clock
from engines.ledger import Run
from ims_catalog.sandbox.answer import image_error
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.fault import Fault, matching
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from indexer.choice import EVERYTHING, Choice
from indexer.gate import GateLimits
from indexer.run import reindex
from mappings.document import Document, key_parts
from mappings.match import matches
from mappings.scope import View, granted_by, shared
from search_api.access import visible
from search_api.caller import Caller
from tests.faults import model
from tests.faults.installation import LIMITS, VIEWS, installed, scope_id
from tests.faults.seams import Ending, Moment, watched
from tests.soak import PATIENCE, SOAKING, drawn
from tests.virtual_time import START

T = TypeVar("T")

PAGE = 2
"""Images on a page, so that small listings have several."""

ESTATE = draw_estate(images=0, seed=3, regions=1, projects=2)
(REGION,) = ESTATE.regions
A, B = (project.id for project in ESTATE.projects)
LISTINGS = {scope_id(listing): listing for listing in ESTATE.listings()}
GATE = GateLimits(shrink=0.5, shrink_least=2)
ONCE = replace(LIMITS, attempts=1, failures_in_a_row=1_000)
"""What fails is not tried again, and says nothing of what comes after it."""

PROMISED = model.Limits(
    shrink=GATE.shrink,
    shrink_least=GATE.shrink_least,
    repeats=GATE.repeats,
    repeat_after=GATE.repeat_after,
    doubt=GATE.doubt,
    max_carry=timedelta(hours=24),
)

NAMES = st.sampled_from(("one", "two", "three"))
SCOPES = st.sampled_from(sorted(LISTINGS))
SHARED = st.sampled_from(sorted(filter(shared, LISTINGS)))
HOURS = st.sampled_from((1, 13, 25))
STEPS = (
    "writer.term",
    "ledger.memories",
    "writer.begin",
    "ledger.note",
    "build.add",
    "build.seal",
    "build.verify",
    "build.publish",
    "ledger.record",
    "ledger.trim",
)
MOMENTS = st.sampled_from(
    (
        *(Moment(f"{side} {step}") for step in STEPS for side in ("before", "after")),
        *(Moment(f"{side} ledger.intend", nth) for nth in (1, 2) for side in ("before", "after")),
    )
)
SEEDS = tuple(range(1, 11)) if SOAKING else (1, 2)
"""`make test` draws from the first two, the long form from ten, and more of each."""

VIEWERS = tuple(map(frozenset, ((), (A,), (B,), (A, B))))
UNAVAILABLE = image_error("IMG.0046", "unavailable", 500)


class Died(BaseException):
    """The process is no more: nothing that a run does at its end is done."""


def die() -> None:
    raise Died


@dataclass(frozen=True, slots=True)
class Failing:
    """A listing that cannot be read from a page on."""

    page: int
    fault: Fault


class CatalogueMachine(RuleBasedStateMachine):
    """An account with a catalogue beside it."""

    images: Bundle[str] = Bundle("images")
    own: Bundle[str] = Bundle("own")
    either = st.one_of(images, own)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.now = START
        self.folder = Path(self.opened.enter_context(tempfile.TemporaryDirectory()))
        self.sandbox: Sandbox = self.do(start_sandbox(ESTATE, largest_page=PAGE, now=lambda: self.now))
        self.cloud = self.sandbox.cloud
        self.account = model.Account(
            (A, B), {scope: VIEWS[one.image_type] for scope, one in LISTINGS.items()}
        )
        self.known = model.Knowledge()
        self.failing: dict[str, Failing] = {}
        self.mute: Fault | None = None
        self.serial = itertools.count(1)

    def do(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def teardown(self) -> None:
        self.do(self.sandbox.close())
        self.do(self.opened.aclose())
        self.runner.close()

    @initialize(target=images)
    def public_image(self) -> str:
        return self.made(None, "one")

    @initialize(target=own)
    def shared_image(self) -> str:
        image = self.made(A, "one")
        self.share(image, "accepted")
        return image

    @rule(target=images, name=NAMES)
    def create_public(self, name: str) -> str:
        return self.made(None, name)

    @rule(target=own, owner=st.sampled_from((A, B)), name=NAMES)
    def create_own(self, owner: str, name: str) -> str:
        return self.made(owner, name)

    def made(self, owner: str | None, name: str) -> str:
        number = next(self.serial)
        image = f"00000000-0000-4000-8000-{number * 7919 % 65536:012x}"
        kind = "gold" if owner is None else "private"
        record = {"id": image, "name": name, "__imagetype": kind, "owner": owner or "publisher"}
        self.cloud.add(REGION, {**record, "__description": "0"})
        self.account.images[image] = model.Image(image, owner, name, "0")
        return image

    @rule(image=either, text=st.integers(1, 9).map(str))
    def change(self, image: str, text: str) -> None:
        self.cloud.patch(REGION, image, __description=text)
        self.account.images[image].text = text

    @rule(image=either, name=NAMES)
    def rename(self, image: str, name: str) -> None:
        self.cloud.patch(REGION, image, name=name)
        self.account.images[image].name = name

    @rule(image=st.one_of(consumes(images), consumes(own)))
    def delete(self, image: str) -> None:
        self.cloud.delete(REGION, image)
        self.account.images[image].deleted = True

    @rule(image=own, status=st.sampled_from(("accepted", "accepted", "pending", "rejected")))
    def share(self, image: str, status: str) -> None:
        other = B if self.account.images[image].owner == A else A
        self.cloud.share(REGION, image, other, status)
        self.account.images[image].members[other] = status

    @rule(image=own)
    def unshare(self, image: str) -> None:
        for other in list(self.account.images[image].members):
            self.cloud.unshare(REGION, image, other)
            del self.account.images[image].members[other]

    @rule(image=either)
    def hide(self, image: str) -> None:
        self.cloud.hide(REGION, image)
        self.account.images[image].hidden = True

    @rule(image=either)
    def unhide(self, image: str) -> None:
        self.cloud.unhide(REGION, image)
        self.account.images[image].hidden = False

    @rule(scope=SCOPES, page=st.integers(1, 2))
    def listing_fails(self, scope: str, page: int) -> None:
        self.listing_recovers(scope)
        listing = LISTINGS[scope]
        picks = matching(image_type=listing.image_type, project=listing.project, page=page)
        self.failing[scope] = Failing(page, self.sandbox.fail(Fault(picks, UNAVAILABLE)))

    @precondition(lambda self: self.failing)
    @rule(scope=SCOPES)
    def listing_recovers(self, scope: str) -> None:
        failing = self.failing.pop(scope, None)
        if failing is not None:
            self.sandbox.faults.remove(failing.fault)

    @rule(scope=SHARED, hours=HOURS)
    def listing_is_out(self, scope: str, hours: int) -> None:
        """What is shared cannot be confirmed for a while."""
        self.listing_fails(scope, 1)
        self.time_passes(hours)
        self.ran(EVERYTHING)

    @rule(hours=HOURS)
    def cloud_is_out(self, hours: int) -> None:
        for scope in sorted(LISTINGS):
            self.listing_fails(scope, 1)
        self.time_passes(hours)
        self.ran(EVERYTHING)
        for scope in sorted(LISTINGS):
            self.listing_recovers(scope)

    @precondition(lambda self: self.mute is None)
    @rule()
    def answers_fail(self) -> None:
        if self.mute is None:
            self.mute = self.sandbox.fail(Fault(lambda one: "id" in one.parameters, UNAVAILABLE))

    @precondition(lambda self: self.mute is not None)
    @rule()
    def answers_return(self) -> None:
        if self.mute is not None:
            self.sandbox.faults.remove(self.mute)
            self.mute = None

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def run(self) -> None:
        self.ran(EVERYTHING)

    @rule(scope=SCOPES)
    def run_about_one_scope(self, scope: str) -> None:
        self.ran(Choice(frozenset({scope})))

    @rule(scope=SCOPES)
    def run_that_believes_a_listing(self, scope: str) -> None:
        self.ran(Choice(accepted=frozenset({scope})))

    @rule(moment=MOMENTS, name=st.integers(10, 99).map(str))
    def run_that_dies(self, moment: Moment, name: str) -> None:
        self.create_public(name)
        self.ran(EVERYTHING, Ending(moment, die))

    @rule()
    def healthy_run(self) -> None:
        """Everything answers; what is held is believed, as the catalogue tells to do."""
        for scope in list(self.failing):
            self.listing_recovers(scope)
        self.answers_return()
        held = frozenset(one.scope for one in self.whole_run(EVERYTHING).scopes if one.held)
        if held:
            assert self.whole_run(Choice(accepted=held)).exit == 0
        self.equals_the_cloud()

    @rule()
    def healthy_listings(self) -> None:
        """Nobody answers questions: the second of two whole listings decides."""
        for scope in list(self.failing):
            self.listing_recovers(scope)
        self.answers_fail()
        everything = Choice(accepted=frozenset(LISTINGS))
        assert [self.whole_run(everything).exit for _ in range(2)] == [0, 0]
        kept = {key for key, known in self.known.images.items() if known.scopes - known.away}
        assert kept == self.account.shown(frozenset()) | self.account.shown({A}) | self.account.shown({B})

    def whole_run(self, choice: Choice) -> Run:
        run = self.ran(choice)
        assert run is not None
        return run

    def equals_the_cloud(self) -> None:
        for projects in VIEWERS:
            seen, shown = self.known.visible(projects), self.account.shown(projects)
            assert shown <= seen
            assert all(
                self.account.alive(image) and self.account.images[image].hidden for image, _ in seen - shown
            )

    def ran(self, choice: Choice, ending: Ending | None = None) -> Run | None:
        """Let a run come to its end, or to that of its process, and hold what is served then to the model."""
        met = self.conditions(choice)
        wanted = model.expected(self.account, PROMISED, self.known, met)
        run, documents = self.do(self.reindexed(choice, ending))
        if run is not None:
            assert (run.exit, frozenset(one.scope for one in run.scopes if one.held)) == (
                wanted.exit,
                wanted.held,
            ), run.reason
        done = run is not None or (ending is not None and had_effect(ending.told))
        before, self.known = self.known, wanted.after if done else self.known
        assert {key: known_of(one) for key, one in documents.items()} == self.known.images
        for projects in VIEWERS:
            access = visible(Caller(projects))
            assert {key for key, one in documents.items() if matches(access, one)} == self.known.visible(
                projects
            )
        self.judge(before, met, done=done, believed=done and wanted.believed, held=wanted.held)
        return run

    def judge(
        self,
        before: model.Knowledge,
        met: model.Conditions,
        *,
        done: bool,
        believed: bool,
        held: frozenset[str],
    ) -> None:
        """Hold what is known now against the account alone: no image lost, nothing shown for too long."""
        listed = {
            (image, view)
            for scope, view in self.account.scopes.items()
            for image in self.account.listed(scope)
        }
        for key in before.images.keys() - self.known.images.keys():
            assert key not in listed, f"{key} is lost"
        for project in (A, B):
            seen, shown = (one({project}) for one in (self.known.visible, self.account.shown))
            scope = next(one for one in self.account.scopes if shared(one) and granted_by(one) == (project,))
            for image, view in before.visible({project}) & shown - seen:
                assert view is View.SHARED, f"{image} is lost to {project}"
                # What was never listed whole is seen for as long as it is listed.
                at = before.whole_at.get(scope)
                assert at is None or met.at - at > PROMISED.max_carry, f"{image} is lost to {project}"
            for image, view in seen - shown:
                if view is View.SHARED and done:
                    assert scope not in met.whole, f"{image} is still shown to {project}"
                    assert met.at - self.known.whole_at[scope] <= PROMISED.max_carry
        if believed and met.answering:
            for (image, _), known in self.known.images.items():
                passed = (known.scopes & met.whole) - held
                assert not passed or self.account.alive(image), f"{image} is still known"

    def conditions(self, choice: Choice) -> model.Conditions:
        due = frozenset(LISTINGS) if choice.due is None else frozenset(choice.due)
        seen, whole = {}, set()
        for scope in due:
            listed = self.account.listed(scope)
            pages = self.failing.get(scope)
            if pages is None or (pages.page == 2 and not listed):
                whole.add(scope)
                seen[scope] = listed
            else:
                seen[scope] = listed[: PAGE * (pages.page - 1)]
        return model.Conditions(self.now, seen, whole, due, self.mute is None, choice.accepted)

    async def reindexed(
        self, choice: Choice, ending: Ending | None
    ) -> tuple[Run | None, dict[model.Key, Document]]:
        clock = Clock(lambda: self.now, time.monotonic, asyncio.sleep)
        try:
            async with installed(self.sandbox, self.folder) as one:
                setup = replace(one.setup, clock=clock, gate=GATE)
                run = await reindex(
                    watched(setup, ending) if ending else setup,
                    (replace(one.source, ecs_endpoint=None),),
                    ONCE,
                    choice,
                )
                return run, by_image(await one.documents())
        except Died:
            async with installed(self.sandbox, self.folder) as one:
                return None, by_image(await one.documents())


def by_image(documents: Mapping[str, Document]) -> dict[model.Key, Document]:
    parts = ((key_parts(key), document) for key, document in documents.items())
    return {(image, view): document for (_, _, image, view), document in parts}


def had_effect(told: Sequence[str]) -> bool:
    """Tell whether a run whose process ended had published by then, or recorded that there was nothing to."""
    if "before writer.begin" in told:
        return "after build.publish" in told
    return (
        "after ledger.memories" in told
        and "after ledger.record" in told[told.index("after ledger.memories") :]
    )


def known_of(document: Document) -> model.Known:
    """Read a document in the words of the model."""
    away = frozenset(document.many("unlisted_by"))
    assert document.fields["listed"] == (away < frozenset(document.scopes))
    return model.Known(
        name=str(document.fields["name"]),
        text=str(document.fields["description"]),
        scopes=frozenset(document.scopes),
        away=away,
        visible_to=frozenset(document.many("visible_to")),
        shadowed_by=frozenset(document.many("shadowed_by")),
        former_names=document.many("former_names"),
    )


pytestmark = pytest.mark.timeout(PATIENCE)


@pytest.mark.parametrize("number", SEEDS)
def test_the_catalogue_is_what_the_model_says(number: int) -> None:
    seeded = seed(number)(type("Seeded", (CatalogueMachine,), {}))
    run_state_machine_as_test(seeded, settings=drawn(12, 50, soaking=(400, 80)))

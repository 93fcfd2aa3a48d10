"""Images that leave a listing: gone, unlisted, held, withdrawn, given up. Whole runs against the sandbox."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from engines.ledger import ChangeKind, ImageChange, Outcome, Run, State
from ims_catalog.sandbox.answer import image_error
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.fault import Fault
from ims_catalog.sandbox.server import start_sandbox
from indexer.choice import Choice
from indexer.run import purge, reindex, renormalise
from mappings.document import Document, key_of
from mappings.match import matches
from mappings.scope import View
from search_api.access import visible
from search_api.caller import Caller
from tests.faults.installation import LIMITS, Installation, installed, scope_id
from tests.faults.spoilt import gold, ids


def public(region: str, image: str) -> str:
    return key_of("huawei", region, image, View.PUBLIC)


def asked_by_id(one: Installation) -> list[str]:
    return [received.parameters["id"] for received in one.sandbox.requests if "id" in received.parameters]


async def changes(one: Installation, run: Run) -> dict[tuple[str, str], ImageChange]:
    """The changes of a run, by kind and key."""
    told = await one.ledger.changes(0, 10_000)
    return {(one.kind.value, one.stored.key): one for one in told if one.run == run.run}


async def document(one: Installation, key: str) -> Document:
    return (await one.documents())[key]


async def test_what_is_gone_goes_in_the_run_that_misses_it(wide: Installation) -> None:
    await wide.run()
    listing = gold(wide)
    image = ids(wide, listing)[2]
    wide.sandbox.cloud.delete(listing.region, image)
    run = await wide.run()
    assert (run.exit, run.removed, run.unlisted) == (0, 1, 0)
    assert image in asked_by_id(wide)
    assert await wide.held() == wide.model()
    (removal,) = await wide.ledger.removals(image)
    assert (removal.run, removal.stored.key) == (run.run, public(listing.region, image))


async def test_case_12_what_leaves_the_list_and_still_exists_is_unlisted(wide: Installation) -> None:
    await wide.run()
    cloud, listing = wide.sandbox.cloud, gold(wide)
    image = ids(wide, listing)[2]
    key = public(listing.region, image)
    before = await document(wide, key)
    cloud.patch(listing.region, image, name="was_latest_prev")
    cloud.hide(listing.region, image)
    run = await wide.run()
    assert (run.exit, run.removed, run.unlisted, run.changed) == (0, 0, 1, 0)
    after = await document(wide, key)
    assert (after.fields["listed"], after.fields["name"]) == (False, "was_latest_prev")
    assert after.many("former_names") == (before.fields["name"],)
    assert after.fields["first_seen"] == before.fields["first_seen"]
    told = (await changes(wide, run))["unlisted", key]
    assert {"listed", "name"} <= told.fields.keys()
    assert (await wide.states())[scope_id(listing)].unlisted == 1

    again = await wide.run()
    assert (again.outcome, again.exit) == (Outcome.UNCHANGED, 0)

    cloud.unhide(listing.region, image)
    back = await wide.run()
    assert (back.exit, back.changed, back.added) == (0, 1, 0)
    assert (await document(wide, key)).fields["listed"] is True
    assert (await document(wide, key)).fields["first_seen"] == before.fields["first_seen"]

    cloud.hide(listing.region, image)
    await wide.run()
    cloud.delete(listing.region, image)
    end = await wide.run()
    assert (end.removed, key in await wide.held()) == (1, False)

    history = await wide.ledger.changes(0, 10_000)
    assert [one.kind.value for one in history if one.stored.key == key] == [
        *("added", "unlisted", "changed", "unlisted", "removed")
    ], "it was never away"


async def test_case_12_where_nobody_can_say_the_second_whole_listing_decides(wide: Installation) -> None:
    await wide.run()
    cloud, listing = wide.sandbox.cloud, gold(wide)
    first, second = ids(wide, listing)[2:4]
    wide.sandbox.fail(Fault(lambda one: "id" in one.parameters, image_error("IMG.0046", "unavailable", 500)))
    cloud.delete(listing.region, first)
    run = await wide.run()
    assert (run.outcome, run.removed) == (Outcome.UNCHANGED, 0)
    assert public(listing.region, first) in await wide.held()

    failing = wide.sandbox.fail(
        Fault(lambda one: one.image_type == "gold", image_error("IMG.0061", "x", 500))
    )
    assert (await wide.run()).removed == 0
    wide.sandbox.faults.remove(failing)

    cloud.delete(listing.region, second)
    run = await wide.run()
    assert (run.outcome, run.removed) == (Outcome.PUBLISHED, 1)
    held = await wide.held()
    assert (public(listing.region, first) in held, public(listing.region, second) in held) == (False, True)
    assert (await wide.run()).removed == 1
    assert await wide.held() == wide.model()


async def test_case_12_an_image_that_was_missing_once_and_is_back_was_never_away(wide: Installation) -> None:
    await wide.run()
    cloud, listing = wide.sandbox.cloud, gold(wide)
    image = ids(wide, listing)[2]
    wide.sandbox.fail(Fault(lambda one: "id" in one.parameters, image_error("IMG.0046", "unavailable", 500)))
    for _ in range(2):
        cloud.hide(listing.region, image)
        assert (await wide.run()).removed == 0
        cloud.unhide(listing.region, image)
        assert (await wide.run()).outcome is Outcome.UNCHANGED
    assert await wide.held() == wide.model()


def unshared(one: Installation) -> tuple[Listing, str]:
    """A private image that only its owner sees."""
    cloud = one.sandbox.cloud
    return next(
        (listing, image)
        for listing in cloud.estate.listings()
        if listing.image_type == "private"
        for image in ids(one, listing)
        if not cloud.members(listing.region, image)
    )


def emptied(one: Installation, listing: Listing) -> Sequence[str]:
    images = ids(one, listing)
    for image in images:
        one.sandbox.cloud.hide(listing.region, image)
    return images


async def test_case_03_a_listing_that_emptied_is_held_until_it_is_accepted(wide: Installation) -> None:
    await wide.run()
    listing = gold(wide)
    scope = scope_id(listing)
    before = await wide.held()
    images = emptied(wide, listing)
    other, gone = unshared(wide)
    wide.sandbox.cloud.delete(other.region, gone)
    wide.sandbox.requests.clear()

    run = await wide.run()
    assert (run.exit, run.outcome, run.removed) == (4, Outcome.PUBLISHED, 1), "the others are published"
    assert not set(images) & set(asked_by_id(wide)), "the gate comes before any question"
    state = (await wide.states())[scope]
    assert (state.state, state.held, state.carried) == (State.INCOMPLETE, True, len(images))
    assert f"ims-catalog reindex --accept {scope}" in str(state.reason)
    assert before.keys() - (await wide.held()).keys() == {key_of("huawei", other.region, gone, View.OWN)}

    for image in images:
        wide.sandbox.cloud.delete(listing.region, image)
    run = await wide.run(choice=Choice(accepted=frozenset({scope})))
    assert (run.exit, run.removed) == (0, len(images))
    assert run.notes == (f"{scope} went from {len(images):,} to 0 images: accepted as asked for",)
    assert await wide.held() == wide.model()


async def test_case_03_the_same_loss_in_three_runs_over_a_day_is_accepted(wide: Installation) -> None:
    await wide.run()
    listing = gold(wide)
    for image in ids(wide, listing):
        wide.sandbox.cloud.delete(listing.region, image)
    for _ in range(3):
        assert (await wide.run()).exit == 4, "the time is not over"
    soon = replace(wide, gate=replace(wide.gate, repeat_after=timedelta(0)))
    run = await soon.run()
    assert run.exit == 0
    assert "the same images were missing in 4 whole listings" in run.notes[0]
    assert await wide.held() == wide.model()


async def test_most_listings_emptied_publish_nothing(wide: Installation) -> None:
    first = await wide.run()
    before = await wide.held()
    emptied_of_unshared(wide)
    run = await wide.run()
    assert (run.exit, run.outcome, run.generation) == (4, Outcome.HELD, first.generation)
    assert "lost so much that they are doubted" in str(run.reason)
    assert await wide.held() == before
    assert [entry.run for entry in await wide.ledger.runs(1)] == [run.run]


def emptied_of_unshared(one: Installation) -> None:
    """Hide all that nobody is shown as shared."""
    cloud = one.sandbox.cloud
    for listing in cloud.estate.listings():
        for image in ids(one, listing) if listing.image_type != "shared" else ():
            if not cloud.members(listing.region, image):
                cloud.hide(listing.region, image)


def shares(one: Installation) -> tuple[Listing, str]:
    listing = next(
        one_
        for one_ in one.sandbox.cloud.estate.listings()
        if one_.image_type == "shared" and one_.member_status == "accepted" and ids(one, one_)
    )
    return listing, ids(one, listing)[0]


async def test_case_13_a_share_that_is_withdrawn_ends_in_that_run(wide: Installation) -> None:
    await wide.run()
    listing, image = shares(wide)
    key = key_of("huawei", listing.region, image, View.SHARED)
    project = str(listing.project)
    owner = str(wide.sandbox.cloud.image(listing.region, image)["owner"])
    assert project in (await wide.held())[key].visible_to
    for status, seen in ((None, False), ("accepted", True), ("rejected", False), ("pending", False)):
        if status is None:
            wide.sandbox.cloud.unshare(listing.region, image, project)
        else:
            wide.sandbox.cloud.share(listing.region, image, project, status)
        run = await wide.run()
        assert run.exit == 0
        held = await wide.held()
        assert (key in held and project in held[key].visible_to) == seen, status
        assert held == wide.model()
        documents = await wide.documents()
        for each in wide.sandbox.projects:
            shown = (key in held and each.id in held[key].visible_to) and each.id != owner
            access = visible(Caller(frozenset({each.id})))
            assert (key in documents and matches(access, documents[key])) == shown, (status, each)


async def test_case_13_who_loses_an_image_that_others_still_see_is_told(tmp_path: Path) -> None:
    estate = draw_estate(images=200, seed=3, regions=1, projects=4)
    async with await start_sandbox(estate) as sandbox, installed(sandbox, tmp_path) as one:
        await one.run()
        listing, image = shares(one)
        cloud, region, project = sandbox.cloud, listing.region, str(listing.project)
        key = key_of("huawei", region, image, View.SHARED)
        owner = str(cloud.image(region, image)["owner"])
        here = {str(each.project) for each in estate.listings() if each.project}
        other = min(here - (await one.held())[key].visible_to - {owner})
        cloud.share(region, image, other)
        run = await one.run()
        won = (await changes(one, run))["added", key]
        assert (won.of_rights, orjson.loads(won.stored.internal)["visible_to"]) == (True, [other])
        cloud.unshare(region, image, project)
        cloud.patch(region, image, name="for who still sees it")
        run = await one.run()
        told = await changes(one, run)
        assert orjson.loads(told["removed", key].stored.internal)["visible_to"] == [project]
        assert project not in orjson.loads(told["changed", key].stored.internal)["visible_to"]
        assert (run.removed, run.added) == (0, 0), "no image went or came"


async def test_case_13_what_nobody_can_confirm_for_a_day_is_no_longer_shown(wide: Installation) -> None:
    await wide.run()
    listing, image = shares(wide)
    key, project = key_of("huawei", listing.region, image, View.SHARED), str(listing.project)
    failing = wide.sandbox.fail(
        Fault(
            lambda one: one.image_type == "shared" and one.project == project,
            image_error("IMG.0061", "x", 500),
        )
    )
    assert (await wide.run()).exit == 3
    assert project in (await wide.held())[key].visible_to
    run = await reindex(replace(wide.setup, max_carry=timedelta(0)), (wide.source,), LIMITS)
    assert (run.exit, run.outcome) == (3, Outcome.PUBLISHED)
    assert project not in (await wide.held())[key].visible_to
    assert key in await wide.held(), "it is kept, but nobody is shown it"
    wide.sandbox.faults.remove(failing)
    assert (await wide.run()).exit == 0
    assert await wide.held() == wide.model()


async def test_a_cloud_that_is_out_as_a_whole_does_not_go_on_granting(wide: Installation) -> None:
    first = await wide.run()
    before = await wide.held()
    wide.sandbox.fail(Fault(lambda one: one.service == "ims", image_error("IMG.0061", "x", 500)))
    run = await wide.run()
    assert (run.exit, run.outcome, run.generation) == (1, Outcome.FAILED, first.generation)
    run = await reindex(replace(wide.setup, max_carry=timedelta(0)), (wide.source,), LIMITS)
    assert (run.exit, run.outcome) == (1, Outcome.FAILED)
    assert "rights that were withdrawn or could not be confirmed have ended" in run.notes[-1]
    after = await wide.held()
    assert after.keys() == before.keys(), "no image is lost"
    assert not any(one.visible_to for key, one in after.items() if key.endswith("/shared"))
    assert all(one == before[key] for key, one in after.items() if not key.endswith("/shared"))


async def test_a_share_that_is_withdrawn_ends_though_all_else_is_held(wide: Installation) -> None:
    await wide.run()
    before = await wide.held()
    listing, image = shares(wide)
    wide.sandbox.cloud.unshare(listing.region, image, str(listing.project))
    emptied_of_unshared(wide)
    run = await wide.run()
    assert (run.exit, run.outcome) == (4, Outcome.HELD)
    key = key_of("huawei", listing.region, image, View.SHARED)
    after = await wide.held()
    assert key not in after or listing.project not in after[key].visible_to
    assert before.keys() - after.keys() <= {key}
    assert await wide.writer.served() == run.generation


async def test_case_06_a_source_that_is_no_longer_configured_stays_until_it_is_given_up(
    wide: Installation,
) -> None:
    other = replace(wide.source, name="other", regions=wide.source.regions[:1])
    await wide.run(wide.source, other)
    run = await wide.run(wide.source)
    assert (run.exit, run.outcome) == (0, Outcome.UNCHANGED)
    assert 'the source "other" is no longer configured' in run.notes[0]
    scopes = frozenset(scope for scope in await wide.states() if scope.startswith("other/"))
    run = await purge(wide.setup, (wide.source,), scopes)
    assert (run.exit, run.outcome, run.purged) == (0, Outcome.PUBLISHED, tuple(sorted(scopes)))
    assert await wide.held() == wide.model()
    assert not scopes & (await wide.states()).keys()
    assert (await wide.run(wide.source)).notes == ()


async def test_only_what_is_due_is_listed_and_the_rest_is_left_as_it_was(wide: Installation) -> None:
    await wide.run()
    listing = gold(wide)
    cloud, region = wide.sandbox.cloud, listing.region
    private, own = unshared(wide)
    cloud.delete(region, ids(wide, listing)[0])
    cloud.delete(private.region, own)
    states = await wide.states()
    run = await wide.run(choice=Choice(frozenset({scope_id(listing)})))
    assert (run.exit, run.removed) == (0, 1)
    assert {one.scope for one in run.scopes if one.state is State.COMPLETE} == {scope_id(listing)}
    assert {one.state for one in run.scopes if one.scope != scope_id(listing)} == {State.NOT_DUE}
    assert {name: state for name, state in (await wide.states()).items() if name != scope_id(listing)} == {
        name: state for name, state in states.items() if name != scope_id(listing)
    }
    run = await wide.run(choice=Choice(frozenset({"prod/"})))
    assert (run.exit, run.removed) == (0, 1)
    assert await wide.held() == wide.model()


async def test_what_is_served_is_read_anew_without_the_cloud(wide: Installation) -> None:
    first = await wide.run()
    before = await wide.held()
    wide.sandbox.requests.clear()
    run = await renormalise(wide.setup, (wide.source,))
    assert (run.exit, run.outcome, run.changed, run.added) == (0, Outcome.PUBLISHED, 0, 0)
    assert run.generation != first.generation
    assert wide.sandbox.requests == []
    assert await wide.held() == before
    assert (await wide.run()).outcome is Outcome.UNCHANGED


async def test_what_the_cloud_changed_is_told_field_by_field(wide: Installation) -> None:
    await wide.run()
    cloud, listing = wide.sandbox.cloud, gold(wide)
    image = ids(wide, listing)[2]
    old = cloud.image(listing.region, image)
    cloud.patch(listing.region, image, name="new", __os_bit="32", tier="gold")
    run = await wide.run()
    told = (await changes(wide, run))["changed", public(listing.region, image)]
    assert {name: (one.before, one.after) for name, one in told.fields.items()} == {
        "name": (old["name"], "new"),
        "os_bit": (old.get("__os_bit"), "32"),
        "extra.tier": (None, "gold"),
    }
    assert told.kind is ChangeKind.CHANGED


async def test_more_changes_than_are_kept_are_counted(wide: Installation) -> None:
    one = replace(wide, keep=replace(wide.setup.keep, changes=10))
    run = await one.run(limits=LIMITS)
    assert run.left_out == run.added - 10
    assert len(await one.ledger.changes(0, 100)) == 10
    assert f"{run.left_out:,} changes were not noted" in run.notes[0]


@pytest.mark.parametrize("published", [True, False], ids=["after it published", "before"])
async def test_a_run_whose_process_ended_is_settled_by_the_next(wide: Installation, published: bool) -> None:
    first = await wide.run()
    run = replace(first, run="20261124t000000z-dead00")
    meant = (
        run if published else replace(run, generation="ims-catalog-00000000-000009-20261124t061700z-dead00")
    )
    await wide.ledger.intend(meant, ())
    await wide.run()
    settled = await wide.ledger.run(run.run)
    assert settled is not None
    if published:
        assert settled == replace(
            run, notes=("its process ended before it could record that it had published",)
        )
    else:
        assert (settled.exit, settled.reason) == (1, "its process ended before it published")
        assert settled.generation == first.generation
    assert await wide.ledger.intended() is None

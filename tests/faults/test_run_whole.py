"""Runs against a healthy cloud: the catalogue equals the cloud, follows it, and is left alone otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from ims_catalog.sandbox.answer import forbidden
from ims_catalog.sandbox.estate import Listing, draw_estate
from ims_catalog.sandbox.fault import Fault
from ims_catalog.sandbox.server import start_sandbox
from indexer.sources.credential import ReadyToken
from mappings.date import from_datetime
from mappings.document import key_of
from mappings.scope import ImageType, View
from tests.faults.installation import Installation, installed, scope_id


async def test_the_catalogue_equals_the_cloud(wide: Installation) -> None:
    run = await wide.run()
    assert (run.exit, run.outcome.value, run.reason) == (0, "published", None)
    assert await wide.held() == wide.model()
    assert run.documents == run.added == len(wide.model()) > 600
    states = await wide.states()
    assert {state.state.value for state in states.values()} == {"complete"}
    assert {name: state.seen for name, state in states.items()} == {
        scope_id(listing): sum(1 for _ in wide.sandbox.cloud.records(listing))
        for listing in wide.sandbox.cloud.estate.listings()
    }
    assert [entry.run for entry in await wide.ledger.runs(10)] == [run.run]


@pytest.mark.parametrize("page_info", [False, True], ids=["no marker in answers", "page_info.next_marker"])
async def test_long_listings_are_walked_to_their_end(tmp_path: Path, page_info: bool) -> None:
    estate = draw_estate(images=3500, seed=5, regions=1, projects=2)
    async with (
        await start_sandbox(estate, page_info=page_info) as sandbox,
        installed(sandbox, tmp_path) as one,
    ):
        assert (await one.run()).exit == 0
        assert await one.held() == one.model()


async def test_companions_are_kept_beside(wide: Installation) -> None:
    await wide.run()
    served = await wide.writer.served()
    assert served is not None
    companions = await wide.writer.companions(served)
    for records in (companions.flavors, companions.os_versions):
        assert {record["region"] for record in records} == set(wide.sandbox.regions)
        assert {record["cloud"] for record in records} == {"huawei"}
    flavors = [record["id"] for record in companions.flavors if record["region"] == wide.sandbox.regions[0]]
    assert len(flavors) == len(set(flavors)) > 10


def listing_of(folder: Path) -> dict[str, int]:
    """What stands in a folder beside the ledger, and beside who is writing there."""
    return {
        path.name: path.stat().st_mtime_ns
        for path in sorted(folder.iterdir())
        if not path.name.startswith(("ledger", "writer"))
    }


async def test_an_unchanged_cloud_writes_nothing_but_the_ledger(wide: Installation) -> None:
    first = await wide.run()
    before = listing_of(wide.folder)
    second = await wide.run()
    assert (second.exit, second.outcome.value, second.generation) == (0, "unchanged", first.generation)
    assert listing_of(wide.folder) == before
    assert second.documents == first.documents
    assert (second.added, second.changed, second.removed) == (0, 0, 0)
    assert [entry.run for entry in await wide.ledger.runs(10)] == [second.run, first.run]
    complete = {state.last_complete for state in (await wide.states()).values()}
    assert min(moment for moment in complete if moment) >= second.started, "freshness is written down"


async def test_what_comes_goes_and_changes_is_followed(wide: Installation) -> None:
    first = await wide.run()
    cloud, region = wide.sandbox.cloud, wide.sandbox.regions[0]
    gold = [str(record["id"]) for record in cloud.records(Listing(region, "gold"))]
    cloud.delete(region, gold[0])
    cloud.patch(region, gold[1], name="renamed")
    new = cloud.add(region, {"name": "new", "__imagetype": "gold"})
    second = await wide.run()
    assert (second.exit, second.added, second.changed, second.removed) == (0, 1, 1, 1)
    assert await wide.held() == wide.model()
    documents = await wide.documents()
    seen_first = {
        image: documents[key_of("huawei", region, image, View.PUBLIC)].fields["first_seen"]
        for image in (gold[1], new)
    }
    assert seen_first == {gold[1]: from_datetime(first.started), new: from_datetime(second.started)}


async def test_an_image_is_shared_and_unshared(wide: Installation) -> None:
    cloud, region = wide.sandbox.cloud, wide.sandbox.regions[0]
    owner, member = [project.id for project in wide.sandbox.projects if project.region == region][:2]
    image = cloud.add(region, {"name": "mine", "owner": owner})
    own, shared = (key_of("huawei", region, image, view) for view in (View.OWN, View.SHARED))

    await wide.run()
    assert own in await wide.held()
    assert shared not in await wide.held()

    cloud.share(region, image, member)
    assert (await wide.run()).exit == 0
    document = (await wide.documents())[shared]
    assert document.many("visible_to") == (member,)
    assert document.many("shadowed_by") == (owner,)
    assert document.fields["image_type"] == "shared"
    assert (await wide.documents())[own].fields["image_type"] == "private"

    cloud.unshare(region, image, member)
    await wide.run()
    assert shared not in await wide.held()
    assert await wide.held() == wide.model()


async def test_two_sources_of_one_cloud_make_one_image_of_one_image(wide: Installation) -> None:
    second = replace(wide.source, name="second", image_types=(ImageType.GOLD,))
    run = await wide.run(wide.source, second)
    assert run.exit == 0
    held = await wide.held()
    assert held.keys() == wide.model().keys()
    gold = wide.model("second").items()
    for key, modelled in gold:
        if any(scope.endswith("/gold") for scope in modelled.scopes):
            assert held[key].scopes >= modelled.scopes, "both scopes stand behind it"
    assert run.problems.get("disagreement", 0) == 0


async def test_a_source_that_leaves_the_configuration_keeps_its_images(wide: Installation) -> None:
    one = replace(wide.source, name="one", regions=wide.sandbox.regions[:1])
    two = replace(wide.source, name="two", regions=wide.sandbox.regions[1:])
    await wide.run(one, two)
    before = await wide.held()
    run = await wide.run(one)
    assert (run.exit, run.outcome.value) == (0, "unchanged")
    assert await wide.held() == before


async def test_a_ready_made_token_crawls_its_project(wide: Installation) -> None:
    project = wide.sandbox.projects[0]
    source = replace(
        wide.source,
        regions=(project.region,),
        projects=(project.name,),
        credential=ReadyToken(SecretStr(wide.sandbox.token(project))),
    )
    assert (await wide.run(source)).exit == 0
    held = await wide.held()
    expected = {
        key
        for key, one in wide.model().items()
        if key.startswith(f"huawei/{project.region}/")
        and (not one.visible_to or project.id in one.visible_to)
    }
    assert held.keys() == expected


async def test_an_empty_cloud_is_a_catalogue_too(tmp_path: Path) -> None:
    empty = draw_estate(images=0, regions=1, projects=1)
    async with await start_sandbox(empty) as sandbox, installed(sandbox, tmp_path) as one:
        run = await one.run()
        assert (run.exit, run.outcome.value, run.documents) == (0, "published", 0)
        assert await one.writer.served() == run.generation


async def test_a_user_who_may_not_list_projects_crawls_their_own(wide: Installation) -> None:
    wide.sandbox.fail(Fault(lambda received: received.path.endswith("/v3/projects"), forbidden()))
    run = await wide.run()
    assert (run.exit, run.reason) == (0, None)
    assert await wide.held() == wide.model()

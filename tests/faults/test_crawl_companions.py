"""Flavors and OS versions: once per region and day, through the first account that may, else kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouds.os_version import OS_VERSION_TAGS
from engines.clock import system_clock
from ims_catalog.sandbox.answer import Answer, forbidden, image_error
from ims_catalog.sandbox.corpus import corpus
from ims_catalog.sandbox.fault import Fault, Received
from indexer.companions import Known, merge_companions, remembered
from indexer.sources.source import FlavorsFrom, Source
from mappings.scope import ImageType
from tests.faults.crawling import account, brought
from tests.faults.installation import Installation

NOON = datetime.now(UTC)


class Days:
    """Runs one after the other, each with what the one before it left."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.region = installation.sandbox.regions[0]
        self.installation = installation
        self.folder = folder
        self.known = Known()
        self.problems: list[str] = []

    async def run(self, hours: float, *sources: Source) -> int:
        """Crawl so many hours after noon; give how many requests for companions that took."""
        now = NOON + timedelta(hours=hours)
        clock = replace(system_clock(), now=lambda: now)
        self.installation.sandbox.login.now = clock.now
        requests = self.installation.sandbox.requests
        requests.clear()
        found = (await brought(sources or [self.source], self.folder, known=self.known, clock=clock)).crawled
        self.known = Known(
            merge_companions(self.known.companions, found.companions),
            {**self.known.memories, **{one.scope: one for one in remembered(found.companions, now)}},
        )
        self.problems = [str(one.reason) for one in found.companions if one.reason is not None]
        return sum(map(for_companions, requests))

    @property
    def source(self) -> Source:
        """The account, of whose images only few are listed."""
        return replace(account(self.installation.sandbox), image_types=(ImageType.MARKET,))


def for_companions(received: Received) -> bool:
    return received.service == "ecs" or received.path.endswith("os_version")


@pytest.fixture
def days(wide: Installation, tmp_path: Path) -> Days:
    """Three regions that are crawled again and again."""
    return Days(wide, tmp_path)


A_REGION = 1 + len(OS_VERSION_TAGS) + 3
"""Requests for the companions of a region: OS versions, those by tag, two pages of flavors and the end."""


async def test_they_are_fetched_once_a_day(days: Days) -> None:
    assert await days.run(0) == 3 * A_REGION
    before = days.known
    assert {one["region"] for one in before.companions.flavors} == set(days.source.regions)
    assert [await days.run(hours) for hours in (1, 23.9)] == [0, 0]
    assert days.known == before
    assert await days.run(24.1) == 3 * A_REGION
    assert days.known.companions == before.companions, "fetched, and the same: nothing to publish"
    assert await days.run(24.2) == 0, "from the last time on"
    assert await days.run(1) == 3 * A_REGION, "a clock that was set back is not trusted"


async def test_what_failed_is_kept_and_fetched_in_the_next_run(days: Days) -> None:
    await days.run(0)
    before = days.known.companions
    days.installation.sandbox.fail(
        Fault(lambda one: for_companions(one) and one.region == days.region, image_error("IMG.0030", "no"))
    )
    assert await days.run(30) == 2 * A_REGION + 2
    assert days.known.companions == before
    assert len(days.problems) == 2
    assert await days.run(31) == 2, "of that region only"
    days.installation.sandbox.faults.clear()
    assert await days.run(32) == A_REGION


async def test_two_accounts_of_a_region_ask_once(days: Days) -> None:
    second = replace(days.source, name="second")
    assert await days.run(0, days.source, second) == 3 * A_REGION
    down = replace(days.source, identity_endpoint=f"{days.installation.sandbox.url}/iam/down")
    assert await days.run(30, down, second) == 3 * A_REGION, "the first that may gives them"
    assert days.problems == []


async def test_tags_of_os_versions_are_kept(days: Days) -> None:
    await days.run(0)
    entries = {
        str(one["os_version"]): one
        for one in days.known.companions.os_versions
        if one["region"] == days.region
    }
    systems = [one for found in corpus().systems.values() for one in found if one.platform != "Windows"]
    assert entries.keys() == {one.os_version for one in systems}
    for system in systems:
        tags = entries[system.os_version]["tags"]
        assert tags == sorted(["bms", *system.architectures, *(["uefi"] if system.uefi else [])])


async def test_a_tag_that_a_region_does_not_know_is_untold(days: Days) -> None:
    days.installation.sandbox.fail(
        Fault(lambda one: one.parameters.get("tag") == "arm", image_error("IMG.0115", "tag is wrong"))
    )
    await days.run(0)
    entries = days.known.companions.os_versions
    assert all(one["untold_tags"] == ["arm"] for one in entries)
    assert not any("arm" in str(one["tags"]) for one in entries)


@pytest.mark.parametrize(
    ("chosen", "source"),
    [(FlavorsFrom.CLOUD, None), (FlavorsFrom.DOCUMENTED, "documented")],
)
async def test_flavors_come_from_where_they_are_wanted(
    days: Days, chosen: FlavorsFrom, source: str | None
) -> None:
    await days.run(0, replace(days.source, flavors=chosen))
    found = days.known.companions.flavors
    assert {one.get("source") for one in found} == {source}
    assert {one["region"] for one in found} == set(days.source.regions)
    assert any(one.service == "ecs" for one in days.installation.sandbox.requests) == (source is None)


async def test_another_choice_of_flavors_holds_at_once(days: Days) -> None:
    for chosen, source in (
        (FlavorsFrom.CLOUD, {None}),
        (FlavorsFrom.DOCUMENTED, {"documented"}),
        (FlavorsFrom.CLOUD, {None}),
        (FlavorsFrom.NONE, set()),
    ):
        await days.run(0, replace(days.source, flavors=chosen))
        assert {one.get("source") for one in days.known.companions.flavors} == source
        assert len(days.known.companions.os_versions) > 0


async def test_documented_flavors_stand_in_only_where_the_cloud_never_gave_any(days: Days) -> None:
    documented = replace(days.source, name="second", flavors=FlavorsFrom.DOCUMENTED)
    fault = days.installation.sandbox.fail(Fault(lambda one: one.service == "ecs", forbidden()))
    await days.run(0, days.source, documented)
    assert {one.get("source") for one in days.known.companions.flavors} == {"documented"}
    days.installation.sandbox.faults.remove(fault)
    await days.run(1, days.source, documented)
    assert {one.get("source") for one in days.known.companions.flavors} == {None}
    days.installation.sandbox.faults.append(fault)
    await days.run(30, days.source, documented)
    assert {one.get("source") for one in days.known.companions.flavors} == {None}, "those of yesterday"


async def test_an_answer_that_is_none_changes_nothing(days: Days) -> None:
    await days.run(0)
    before = days.known.companions
    for number, body in enumerate((b"<html>", b"{}", b'{"flavors": null}', b'[{"version_list": null}]')):
        days.installation.sandbox.faults.clear()
        days.installation.sandbox.fail(Fault(for_companions, Answer(200, body)))
        await days.run(30 + number)
        assert days.known.companions == before
        assert len(days.problems) == 6

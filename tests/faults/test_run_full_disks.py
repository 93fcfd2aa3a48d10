"""Runs while the disks of the cluster are full: what is served is answered, and runs go on after it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from engines.ledger import Outcome
from engines.opensearch.names import Names
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from tests.api.asking import Api, serving
from tests.cluster.passing import passing
from tests.contract.engine import prefix_of
from tests.faults.installation import Installation, cluster_place, installed_on
from tests.faults.spoilt import gold, ids
from tests.opensearch.direct import ask

ESTATE = draw_estate(images=200, seed=31, regions=1, projects=2)


@dataclass
class Disks:
    """The disks of the cluster: once they are at the flood stage all indices there take no more."""

    url: str
    names: Names
    fills: Callable[[web.Request], bool]
    full: bool = False

    def fill(self) -> None:
        self.full = True
        self._block(on=True)

    def clear(self) -> None:
        self.fills = never
        self._block(on=False)

    async def before(self, request: web.Request) -> None:
        if not self.full and self.fills(request):
            self.fill()

    def _block(self, *, on: bool) -> None:
        """Do with the block what a node does at the watermark."""
        settings = f"{self.url}/{self.names.all}/_settings?expand_wildcards=all"
        ask(settings, "PUT", {"index.blocks.read_only_allow_delete": True if on else None})


def never(_: web.Request) -> bool:
    return False


def before_the_run(_: web.Request) -> bool:
    return True


def in_the_middle_of_loading(request: web.Request) -> bool:
    return request.path.endswith("/_bulk")


def before_the_swap(request: web.Request) -> bool:
    return request.path == "/_aliases"


@asynccontextmanager
async def filling(folder: Path) -> AsyncIterator[tuple[Disks, Installation, Api]]:
    """Give a catalogue on a cluster with the service before it."""
    async with cluster_place(folder) as url, await start_sandbox(ESTATE) as sandbox:
        disks = Disks(url, Names(prefix_of(folder)), never)
        async with passing(url, disks.before) as by, installed_on(by, sandbox, folder) as one:
            assert (await one.run()).exit == 0
            async with serving(folder, engine_name="opensearch", question_now=None) as api:
                yield disks, one, api


@pytest.mark.parametrize("fills", [before_the_run, in_the_middle_of_loading, before_the_swap])
async def test_case_31_full_disks_stop_what_writes_and_nothing_else(
    tmp_path: Path, fills: Callable[[web.Request], bool]
) -> None:
    async with filling(tmp_path) as (disks, one, api):
        first = (await api.get("/v1/images?limit=0")).json
        confirmed = (await api.get("/readyz")).json["confirmed"]
        listing = gold(one)
        image = ids(one, listing)[0]
        one.sandbox.cloud.patch(listing.region, image, name="renamed")
        disks.fills = fills

        run = await one.run()
        assert disks.full
        assert (run.exit, run.outcome) == (1, Outcome.FAILED)
        assert "the cluster's disks are full" in str(run.reason)
        assert (await one.run()).exit == 1, "nor does the next run break anything"

        api.hand.move(2)
        told = await api.get("/v1/images?limit=5&q=image")
        assert told.status == 200
        assert (await api.get("/v1/images?limit=0&facets=platform")).json["total"] == first["total"]
        ready = (await api.get("/readyz")).json
        assert (ready["generation"], ready["confirmed"]) == (first["catalog"]["generation"], confirmed), (
            "how old this is tells that no run confirms it any more"
        )

        disks.clear()
        again = await one.run()
        assert (again.exit, again.outcome) == (0, Outcome.PUBLISHED)
        assert await one.held() == one.model()

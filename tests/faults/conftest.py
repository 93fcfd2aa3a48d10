"""Small clouds that can be spoilt, each with a catalogue beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from tests.contract.engine import ENGINES
from tests.faults.installation import Installation, cluster_place, installed, installed_on

WIDE = draw_estate(images=600, seed=11, regions=3, projects=6)
LONG = draw_estate(images=3500, seed=12, regions=1, projects=2)


@pytest.fixture
async def wide(tmp_path: Path) -> AsyncIterator[Installation]:
    """Three regions, six projects, every listing a page."""
    async with await start_sandbox(WIDE) as sandbox, installed(sandbox, tmp_path / "catalog") as one:
        yield one


@pytest.fixture(params=sorted(ENGINES))
async def each(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    """The same as `wide`, on either engine."""
    async with await start_sandbox(WIDE) as sandbox:
        if request.param == "embedded":
            async with installed(sandbox, tmp_path) as one:
                yield one
        else:
            async with cluster_place(tmp_path) as url, installed_on(url, sandbox, tmp_path) as one:
                yield one


@pytest.fixture
async def long(tmp_path: Path) -> AsyncIterator[Installation]:
    """One region whose public and private listings have several pages."""
    async with await start_sandbox(LONG) as sandbox, installed(sandbox, tmp_path / "catalog") as one:
        yield one

"""Small clouds that can be spoilt, each with a catalogue beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from tests.faults.installation import Installation, installed

WIDE = draw_estate(images=600, seed=11, regions=3, projects=6)
LONG = draw_estate(images=3500, seed=12, regions=1, projects=2)


@pytest.fixture
async def wide(tmp_path: Path) -> AsyncIterator[Installation]:
    """Three regions, six projects, every listing a page."""
    async with await start_sandbox(WIDE) as sandbox, installed(sandbox, tmp_path / "catalog") as one:
        yield one


@pytest.fixture
async def long(tmp_path: Path) -> AsyncIterator[Installation]:
    """One region whose public and private listings have several pages."""
    async with await start_sandbox(LONG) as sandbox, installed(sandbox, tmp_path / "catalog") as one:
        yield one

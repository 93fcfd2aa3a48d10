import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.estate import documents


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue that nobody changes."""
    place = tmp_path_factory.mktemp("catalogue")
    asyncio.run(fill(place, documents()))
    return place


@pytest.fixture
async def api(folder: Path) -> AsyncIterator[Api]:
    """The open service: everyone is the operator."""
    async with serving(folder) as served:
        yield served


@pytest.fixture
async def tenants(folder: Path) -> AsyncIterator[Api]:
    """The service with known callers."""
    async with serving(folder, TokenAccess()) as served:
        yield served

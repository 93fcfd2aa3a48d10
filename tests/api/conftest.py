import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.asking import Api, TokenAccess, fill, serving
from tests.api.estate import documents
from tests.contract.engine import ENGINES, engine_in

ON_BOTH_ENGINES = frozenset(
    {
        "test_api_changes",
        "test_api_costs",
        "test_api_cursor",
        "test_api_facet_click",
        "test_api_images",
        "test_api_isolation",
        "test_api_lookup",
        "test_api_search_body",
    }
)
"""Modules about what is answered; the others are about what stands before any engine."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_name" in metafunc.fixturenames:
        both = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH_ENGINES
        metafunc.parametrize("engine_name", sorted(ENGINES) if both else ["embedded"], scope="session")


@dataclass(frozen=True, slots=True)
class Filled:
    """A catalogue that nobody changes, and its engine."""

    engine_name: str
    folder: Path


@pytest.fixture(scope="session")
def filled(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    place = tmp_path_factory.mktemp("catalogue")
    with engine_in(engine_name, place):
        asyncio.run(fill(place, documents(), engine_name))
        yield Filled(engine_name, place)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of files that nobody changes."""
    place = tmp_path_factory.mktemp("catalogue")
    asyncio.run(fill(place, documents()))
    return place


@pytest.fixture
async def api(filled: Filled) -> AsyncIterator[Api]:
    """The open service: everyone is the operator."""
    async with serving(filled.folder, engine_name=filled.engine_name) as served:
        yield served


@pytest.fixture
async def tenants(filled: Filled) -> AsyncIterator[Api]:
    """The service with known callers."""
    async with serving(filled.folder, TokenAccess(), engine_name=filled.engine_name) as served:
        yield served

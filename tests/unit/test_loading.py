"""What each process loads: the time until a first answer is mostly that."""

import subprocess
import sys

import pytest

LOADED = {
    "the script that every process of serve begins with": (
        "ims_catalog.cli",
        {"typer", "pydantic", "asyncio", "aiohttp", "numpy", "mappings", "engines", "search_api", "indexer"},
    ),
    "the supervisor, which answers nothing": (
        "ims_catalog.cli.serve",
        {"aiohttp", "uvloop", "numpy", "pyroaring", "sqlite3", "search_api", "opensearchpy"},
    ),
    "a worker, until it has begun to read the catalogue": (
        "ims_catalog.worker",
        {"typer", "aiohttp", "search_api", "opensearchpy"},
    ),
}


@pytest.mark.parametrize(("module", "absent"), LOADED.values(), ids=LOADED)
def test_nothing_is_loaded_that_is_not_needed(module: str, absent: set[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"], capture_output=True, check=True
    )
    assert absent.isdisjoint(told.stdout.decode().split())

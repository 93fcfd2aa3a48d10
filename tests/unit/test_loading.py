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


def test_help_loads_little() -> None:
    """It is there at once: neither what draws on terminals nor what any command works with is loaded."""
    asked = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules))\n"
        "from ims_catalog.cli import main; main(['--help'])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True)
    loaded = told.stdout.decode()
    assert "reindex" in loaded
    assert {"rich", "pydantic", "asyncio", "orjson", "engines", "mappings"}.isdisjoint(loaded.split())

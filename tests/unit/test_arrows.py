"""The house: no circle between any two files. (The layers are held by import-linter, see pyproject.toml.)"""

import graphlib

import grimp
import pytest

PACKAGES = ("mappings", "clouds", "engines", "indexer", "search_api", "ims_catalog")


def circle(imports: dict[str, set[str]]) -> list[str] | None:
    """Give one circle of imports, or None."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found
    return None


def test_no_circle_between_any_two_files() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > len(PACKAGES)
    assert circle(imports) is None


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        pytest.param({"a": {"b"}, "b": {"c"}, "c": set()}, False, id="a line is no circle"),
        pytest.param({"a": {"b"}, "b": {"a"}}, True, id="two files that import each other"),
        pytest.param({"a": {"b"}, "b": {"c"}, "c": {"a"}}, True, id="three in a ring"),
    ],
)
def test_a_circle_is_found(imports: dict[str, set[str]], expected: bool) -> None:
    assert (circle(imports) is not None) is expected

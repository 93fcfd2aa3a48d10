from datetime import UTC, datetime

import pytest

from engines.generation import Generation, parse_generation

NAME = "ims-catalog-3f9a1c2e-000007-20261124t061700z-5f2c9a"
PARTS = Generation("ims-catalog", "3f9a1c2e", 7, datetime(2026, 11, 24, 6, 17, tzinfo=UTC), "5f2c9a")


def test_parts_make_the_name_and_the_name_gives_them_back() -> None:
    assert PARTS.name == NAME
    assert parse_generation(NAME) == PARTS


def test_names_sort_by_term() -> None:
    names = [Generation("a", "00000000", term, PARTS.time, "ffffff").name for term in (1, 9, 10, 999_999)]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("ims-catalog", id="a prefix alone"),
        pytest.param(NAME.upper(), id="capitals"),
        pytest.param(NAME + "\n", id="a line break behind it"),
        pytest.param("../" + NAME, id="a path"),
        pytest.param(NAME.replace("20261124", "20261324"), id="a month that is none"),
        pytest.param(NAME.replace("5f2c9a", "5f2c9"), id="a short run"),
        pytest.param(NAME.replace("000007", "0000007"), id="a term of another width"),
        pytest.param(NAME.replace("000007", "00000٧"), id="digits of another script"),
        pytest.param(NAME.replace("20261124", "٢0261124"), id="a year in another script"),
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_generation(name)

from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from engines.histogram import SPANS, SPREADABLE, edges, spreadable
from mappings.date import from_datetime
from mappings.fields import FIELDS, field_named

GIB = 1 << 30
LARGEST = 2**53 - 1


@pytest.mark.parametrize(
    ("name", "low", "high", "expected"),
    [
        pytest.param("min_disk", 40, 40, (40, 41), id="one number"),
        pytest.param("min_disk", 0, 0, (0, 1), id="nothing but zero"),
        pytest.param("min_disk", 0, 4, (0, 1, 2, 3, 4, 5), id="few numbers, each for itself"),
        pytest.param("min_disk", 10, 100, (*range(10, 120, 10),), id="close numbers in equal steps"),
        pytest.param("min_disk", 40, 401, (20, 50, 100, 200, 500), id="numbers far apart on 1, 2, 5"),
        pytest.param(
            "min_disk", 0, 1024, (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000), id="from zero on"
        ),
        pytest.param("min_disk", -1, 30, (-1, 0, 1, 2, 5, 10, 20, 50), id="on both sides of zero"),
        pytest.param("min_disk", -30, -1, (-50, -20, -10, -5, -2, -1, 0), id="below zero"),
        pytest.param("min_disk", -60, -20, (*range(-60, -10, 5),), id="close below zero"),
        pytest.param("min_disk", -20, 0, (-20, -10, -5, -2, -1, 0, 1), id="up to zero"),
        pytest.param(
            "min_ram", 512, 8192, (512, 1024, 2048, 4096, 8192, 16384), id="memory on powers of two"
        ),
        pytest.param(
            "min_ram",
            0,
            131072,
            (0, *(1 << power for power in range(7, 19))),
            id="memory, not stated for some",
        ),
        pytest.param("min_ram", 2048, 2048, (2048, 2080), id="one size, still round"),
        pytest.param(
            "image_size", GIB, 5 * GIB, (GIB, 2 * GIB, 4 * GIB, 8 * GIB), id="bytes on powers of two"
        ),
        pytest.param("image_size", 449261568, 449261568, (53 << 23, 54 << 23), id="one file, still round"),
        pytest.param(
            "image_size", 1, LARGEST, (0, *(1 << power for power in range(30, 54))), id="all there can be"
        ),
        pytest.param("min_disk", LARGEST, LARGEST, None, id="the largest"),
        pytest.param("min_disk", -LARGEST, LARGEST, None, id="everything"),
    ],
)
def test_numbers(name: str, low: int, high: int, expected: tuple[int, ...] | None) -> None:
    found = edges(field_named(name), low, high)
    assert expected is None or found == expected
    check(found, low, high)


def day(year: int, month: int = 1, of_month: int = 1, hour: int = 0) -> int:
    return from_datetime(datetime(year, month, of_month, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(
            day(2026, 2, 3, 4) + 5,
            day(2026, 2, 3, 4) + 6,
            (day(2026, 2, 3, 4), day(2026, 2, 3, 5)),
            id="an hour",
        ),
        pytest.param(
            day(2026, 2, 3) - 1,
            day(2026, 2, 3),
            (day(2026, 2, 2, 23), day(2026, 2, 3), day(2026, 2, 3, 1)),
            id="hours",
        ),
        pytest.param(
            day(2024, 2, 28, 1),
            day(2024, 3, 1, 2),
            (day(2024, 2, 28), day(2024, 2, 29), day(2024, 3, 1), day(2024, 3, 2)),
            id="days, with the one of a leap year",
        ),
        pytest.param(
            day(2026, 1, 7),
            day(2026, 2, 2),
            (
                day(2026, 1, 5),
                day(2026, 1, 12),
                day(2026, 1, 19),
                day(2026, 1, 26),
                day(2026, 2, 2),
                day(2026, 2, 9),
            ),
            id="weeks begin on Mondays",
        ),
        pytest.param(
            day(2025, 7, 31),
            day(2026, 2, 1),
            tuple(day(2025, month) for month in range(7, 13))
            + tuple(day(2026, month) for month in (1, 2, 3)),
            id="months",
        ),
        pytest.param(
            day(2022, 5),
            day(2024, 12, 31, 23),
            (*(day(year, month) for year in (2022, 2023, 2024) for month in (1, 4, 7, 10)), day(2025))[1:],
            id="quarters",
        ),
        pytest.param(
            day(1969, 12, 31), day(1980), tuple(day(year) for year in range(1969, 1982)), id="years"
        ),
        pytest.param(
            day(1955, 5), day(2026), tuple(day(year) for year in range(1955, 2035, 5)), id="five years"
        ),
        pytest.param(
            day(1),
            day(9999, 12, 31),
            (None, *(day(year) for year in range(500, 10_000, 500)), None),
            id="all",
        ),
        pytest.param(-(2**53), 2**53, None, id="years that no calendar of Python's knows"),
    ],
)
def test_dates(low: int, high: int, expected: tuple[int | None, ...] | None) -> None:
    found = edges(field_named("created_at"), low, high)
    if expected is not None:
        assert len(found) == len(expected)
        assert all(wanted in (None, bound) for bound, wanted in zip(found, expected, strict=True))
    check(found, low, high)


@pytest.mark.parametrize("name", SPREADABLE)
def test_bounds_always_ascend_around_what_they_hold(name: str) -> None:
    drawn = Random(name)
    for _ in range(500):
        size = 10 ** drawn.randrange(1, 17)
        low, high = sorted(drawn.randint(-size // 3, min(size, LARGEST)) for _ in range(2))
        check(edges(field_named(name), low, high), low, high)


def check(found: tuple[int, ...], low: int, high: int) -> None:
    assert 2 <= len(found) <= SPANS + 1
    assert found[0] <= low < found[1]
    assert found[-2] <= high < found[-1]
    assert all(before < after for before, after in pairwise(found))


def test_only_numbers_and_dates_in_order_are_spread() -> None:
    assert {"min_disk", "min_ram", "image_size", "created_at"} <= set(SPREADABLE)
    for field in FIELDS:
        if not spreadable(field):
            with pytest.raises(ValueError, match=f"{field.name}: .*min_disk"):
                edges(field, 0, 1)


def test_what_is_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="min_disk: 1 is less than 2"):
        edges(field_named("min_disk"), 2, 1)

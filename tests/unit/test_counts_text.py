"""Histograms and pivots on a terminal."""

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from ims_catalog.cli.counts_text import Cell, Histogram, Row, counted_texts, histogram_text, pivot_text


def shown(*parts: RenderableType, width: int = 120) -> list[str]:
    output = StringIO()
    console = Console(file=output, width=width, force_terminal=True, color_system=None)
    for part in parts:
        console.print(part)
    return [line.rstrip() for line in output.getvalue().splitlines()]


def histogram(*spans: tuple[int | str | None, int | str | None, int]) -> Histogram:
    return {"values": [{"from": low, "to": high, "count": count} for low, high, count in spans]}


def test_a_histogram_has_a_bar_as_long_as_its_count() -> None:
    counted = histogram((10, 20, 1000), (20, 1000, 500), (1000, 2000, 1), (2000, 5000, 0), (None, None, 25))
    assert shown(*histogram_text("min_disk", counted)) == [
        "",
        "min_disk, GB",
        f"  10 up to 20        1,000  {'█' * 40}",
        f"  20 up to 1,000       500  {'█' * 20}",
        "  1,000 up to 2,000      1  ▏",
        "  2,000 up to 5,000      0",
        "  not stated            25  █",
    ]


@pytest.mark.parametrize(
    ("name", "low", "high", "said"),
    [
        pytest.param("image_size", 1 << 30, 3 << 29, "1 GiB up to 1.5 GiB", id="bytes"),
        pytest.param("image_size", 0, 1 << 60, "0 bytes up to 1 EiB", id="all bytes"),
        pytest.param("image_size", 1 << 53, None, "from 8 PiB", id="open above"),
        pytest.param("min_ram", 1024, 2048, "1,024 up to 2,048", id="memory"),
        pytest.param(
            "created_at",
            "2025-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
            "2025-01-01 up to 2026-01-01",
            id="years",
        ),
        pytest.param(
            "created_at",
            "2026-03-01T12:00:00Z",
            "2026-03-01T13:00:00Z",
            "2026-03-01 12:00 up to 2026-03-01 13:00",
            id="hours",
        ),
        pytest.param("created_at", None, "0500-01-01T00:00:00Z", "before 0500-01-01", id="open below"),
    ],
)
def test_bounds(name: str, low: int | str | None, high: int | str | None, said: str) -> None:
    assert shown(*histogram_text(name, histogram((low, high, 3))))[2].startswith(f"  {said}  3  █")


def test_what_is_by_default_is_said_beneath() -> None:
    counted: Histogram = {
        "values": [
            {"from": 0, "to": 512, "count": 1500, "by_default": 1200},
            {"from": 512, "to": 1024, "count": 3},
            {"from": None, "to": None, "count": 1203},
        ]
    }
    assert shown(*histogram_text("min_ram", counted))[-1] == (
        "  Filled in by a rule where not stated: 1,200 of 0 up to 512"
    )
    rows = [row({**cell(f"r{number}", 9), "by_default": number}) for number in range(7)]
    columns: list[Cell] = [{**cell("bios", 9), "by_default": 2}, cell("uefi", 9)]
    lines = shown(*pivot_text({"fields": ["a", "b"], "values": rows, "columns": columns}))
    assert lines[-2:] == [
        "  Filled in by a rule where not stated: 1 of r1, 2 of r2, 3 of r3, 4 of r4 and others (2)",
        "  Filled in by a rule where not stated: 2 of bios",
    ]


def test_nothing_to_spread() -> None:
    assert shown(*histogram_text("min_disk", histogram((None, None, 0))))[2:] == ["  not stated  0"]


def cell(value: str | None, count: int, size: int | None = None) -> Cell:
    made: Cell = {"value": value, "label": value or "not stated", "count": count}
    if size is not None:
        made["sum"] = {"image_size": size}
    return made


def row(total: Cell, *cells: Cell) -> Row:
    return {**total, "values": cells}


def test_a_pivot_is_a_table_with_totals() -> None:
    table = pivot_text(
        {
            "fields": ["platform", "firmware"],
            "values": [row(cell("Ubuntu", 1200), cell("bios", 1100), cell("uefi", 100)), row(cell(None, 3))],
            "columns": [cell("bios", 1100), cell("uefi", 100)],
        }
    )
    assert [line.split() for line in shown(*table)[1:]] == [
        ["platform", "by", "firmware", "bios", "uefi", "total"],
        ["Ubuntu", "1,100", "100", "1,200"],
        ["not", "stated", "·", "·", "3"],
        ["total", "1,100", "100"],
    ]


def test_sums_stand_beneath_their_counts() -> None:
    table = pivot_text(
        {
            "fields": ["platform", "firmware"],
            "values": [row(cell("Ubuntu", 2, 3 << 40), cell("bios", 2, 3 << 40))],
            "columns": [cell("bios", 2, 3 << 40)],
        }
    )
    lines = [line.split() for line in shown(*table)]
    assert lines[2:4] == [["Ubuntu", "2", "2"], ["3", "TiB", "3", "TiB"]]
    assert counted_texts(1792, {"min_disk": 90956, "image_size": 5}) == ["1,792", "90,956 GB", "5 bytes"]


def test_of_a_large_pivot_the_largest_are_shown() -> None:
    columns = [cell(f"c{number}", 9) for number in range(9)]
    rows = [row(cell(f"r{number}", 9), *columns) for number in range(30)]
    lines = shown(*pivot_text({"fields": ["a", "b"], "values": rows, "columns": columns}))
    assert lines[-2:] == ["  and 10 more rows", "  and 3 more columns"]
    assert not any("c6" in line or "r20" in line for line in lines)


def test_labels_are_neither_markup_nor_commands() -> None:
    odd = cell("[red]\x1b[2J", 1)
    text = "\n".join(shown(*pivot_text({"fields": ["a", "b"], "values": [row(odd, odd)], "columns": [odd]})))
    assert "[red]" in text
    assert "\x1b[2J" not in text

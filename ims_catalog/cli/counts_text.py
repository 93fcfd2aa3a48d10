"""Histograms, a pivot and sums as a person reads them on a terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NotRequired, TypedDict

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from clouds.printable import printable
from mappings.fields import field_named

Sums = Mapping[str, int]
"""What `sum` gives beside a count, by field."""


class Span(TypedDict("Bounds", {"from": int | str | None, "to": int | str | None})):
    """What is shown of a span; both bounds None is what is not stated."""

    count: int
    by_default: NotRequired[int]


class Histogram(TypedDict):
    """What is shown of a histogram."""

    values: Sequence[Span]


class Cell(TypedDict):
    """What is shown of a cell; the value None is what is not stated."""

    value: str | int | bool | None
    label: str
    count: int
    by_default: NotRequired[int]
    sum: NotRequired[Sums]


class Row(Cell):
    """A cell of totals, and the cells of its row."""

    values: Sequence[Cell]


class Pivot(TypedDict):
    """What is shown of a pivot."""

    fields: Sequence[str]
    values: Sequence[Row]
    columns: Sequence[Cell]


_BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"


def histogram_text(name: str, histogram: Histogram) -> Iterator[Text]:
    """Show a histogram: a line for each span, with a bar as long as its count."""
    unit = field_named(name).unit
    yield Text()
    yield Text(f"{name}, {unit}" if unit and unit != "bytes" else name, style="bold")
    spans = histogram["values"]
    titles = [_span(span, unit) for span in spans]
    width, digits = max(map(cell_len, titles)), max(len(f"{span['count']:,}") for span in spans)
    most = max(span["count"] for span in spans)
    for title, span in zip(titles, spans, strict=True):
        line = Text(f"  {title.ljust(width)}  {span['count']:>{digits},}")
        bar = _bar(span["count"], most)
        yield line.append(f"  {bar}", style="cyan") if bar else line
    yield from by_default_text(
        [(title, span.get("by_default", 0)) for title, span in zip(titles, spans, strict=True)]
    )


def _span(span: Span, unit: str | None) -> str:
    low, high = span["from"], span["to"]
    if low is None and high is None:
        return "not stated"
    if low is None:
        return f"before {_bound(high, unit)}"
    if high is None:
        return f"from {_bound(low, unit)}"
    return f"{_bound(low, unit)} up to {_bound(high, unit)}"


def _bound(bound: int | str | None, unit: str | None) -> str:
    if isinstance(bound, int):
        return _size(bound) if unit == "bytes" else f"{bound:,}"
    return str(bound).removesuffix("T00:00:00Z").removesuffix(":00Z").replace("T", " ")


def _bar(count: int, most: int) -> str:
    """Draw a count in eighths of a character; what there is, however little, is seen."""
    eighths = max(count * _BAR * 8 // most, 1) if count else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


_COLUMNS = 6
_ROWS = 20


def pivot_text(pivot: Pivot) -> Iterator[RenderableType]:
    """Show a pivot as a table, its largest rows and columns first, totals last."""
    rows, columns = pivot["fields"]
    shown, further = pivot["columns"][:_COLUMNS], len(pivot["columns"]) - _COLUMNS
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(Text(f"{rows} by {columns}"))
    for column in (*shown, None):
        title = "total" if column is None else printable(column["label"])
        table.add_column(Text(title), justify="right")
    for row in pivot["values"][:_ROWS]:
        cells = {cell["value"]: cell for cell in row["values"]}
        found = [cells.get(column["value"]) for column in shown]
        table.add_row(Text(f"  {printable(row['label'])}"), *map(_cell, (*found, row)))
    if pivot["values"]:
        table.add_row(Text("  total", style="dim"), *[_cell(column, "dim") for column in shown], Text())
    yield Text()
    yield table
    for more, what in ((len(pivot["values"]) - _ROWS, "rows"), (further, "columns")):
        if more > 0:
            yield Text(f"  and {more} more {what}", style="dim")
    for totals in (pivot["values"], pivot["columns"]):
        yield from by_default_text([(cell["label"], cell.get("by_default", 0)) for cell in totals])


_DEFAULTS = 4


def by_default_text(counted: Iterable[tuple[str, int]]) -> Iterator[Text]:
    """Say how many of which counts did not state their value: these stand under "not stated" as well."""
    filled = [f"{number:,} of {printable(title)}" for title, number in counted if number]
    if filled:
        more = f" and others ({len(filled) - _DEFAULTS})" if len(filled) > _DEFAULTS else ""
        said = f"  Filled in by a rule where not stated: {', '.join(filled[:_DEFAULTS])}{more}"
        yield Text(said, style="dim")


def _cell(cell: Cell | None, style: str = "") -> Text:
    if cell is None:
        return Text("·", style="dim")
    return Text("\n".join(counted_texts(cell["count"], cell.get("sum", {}))), style=style)


def counted_texts(count: int, sums: Sums) -> list[str]:
    """Word a count, then each sum beside it: 1,792, 1.5 TiB."""
    return [f"{count:,}", *(amount_text(name, amount) for name, amount in sums.items())]


def amount_text(name: str, amount: int) -> str:
    """Word a sum over a field in its unit."""
    unit = field_named(name).unit
    return _size(amount) if unit == "bytes" else f"{amount:,} {unit or ''}".rstrip()


_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def _size(amount: int) -> str:
    """Write bytes in the largest unit of which there is one."""
    power = min(max(abs(amount).bit_length() - 1, 0) // 10, len(_UNITS) - 1)
    return f"{amount / 1024**power:,.4g} {_UNITS[power]}"

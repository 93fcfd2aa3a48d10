"""The `pivot` of an answer: counts by two fields at once, with totals of both and what is not stated."""

from collections.abc import Iterable

from engines.query import Cell, Pivot, PivotCounts
from search_api.facet_counts import beginning, by_default_member, sum_member


def pivot_json(pivot: Pivot, counts: PivotCounts, sums: tuple[str, ...]) -> bytes:
    """Write the section: rows as the engine orders them, each with its cells, and `columns`, their totals.

    "Not stated" comes last, and only where some are not. `by_default` says how many of a count have their
    value, in a row that of the row or of the column, by a rule, where there are some.
    """
    rows = ",".join(
        f'{_open(pivot.rows, row.total, sums)},"values":{_cells(pivot.columns, row.cells, sums)}}}'
        for row in counts.rows
    )
    distinct, exact = "{},{}".format(*counts.distinct), "true" if counts.exact else "false"
    return (
        f'{{"fields":["{pivot.rows}","{pivot.columns}"],"values":[{rows}],'
        f'"columns":{_cells(pivot.columns, counts.columns, sums)},"distinct":[{distinct}],"exact":{exact}}}'
    ).encode()


def _cells(name: str, cells: Iterable[Cell], sums: tuple[str, ...]) -> str:
    written = [f"{_open(name, cell, sums)}}}" for cell in cells]
    return f"[{','.join(written)}]"


def _open(name: str, cell: Cell, sums: tuple[str, ...]) -> str:
    """Write a cell up to its closing brace."""
    counted = f"{beginning(name, cell.value)}{cell.count}{by_default_member(cell.by_default)}"
    return f"{counted}{sum_member(sums, cell.sums)}"

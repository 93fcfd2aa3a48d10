"""What engines share in counting pivots: how cells stand, and how many there may be."""

from collections.abc import Iterable

from engines.costs import pivot_too_costly
from engines.query import FACET_LIMIT, Cell, FacetCounts, Pivot
from mappings.filter import Value

CELLS = FACET_LIMIT * FACET_LIMIT
"""Shown rows times shown columns of a pivot at most, those of "not stated" beside them."""


def check_cells(pivot: Pivot, rows: FacetCounts, columns: FacetCounts) -> None:
    """Refuse a pivot of more cells than one may have, as soon as its totals are known. Raises TooCostly."""
    if len(rows.buckets) * len(columns.buckets) > CELLS:
        raise pivot_too_costly(pivot)


def cells(counted: FacetCounts) -> tuple[Cell, ...]:
    """Give the totals of one of the two fields, "not stated" last if there is some."""
    shown = [Cell(*bucket) for bucket in counted.buckets]
    if counted.missing:
        shown.append(Cell(None, counted.missing, 0, counted.missing_sums))
    return tuple(shown)


def row_of(counted: Iterable[Cell]) -> tuple[Cell, ...]:
    """Put the cells of a row in order, those that count something: by count, then value, None last."""
    return tuple(sorted([cell for cell in counted if cell.count], key=_order))


def _order(cell: Cell) -> tuple[bool, int, Value]:
    # There is one of None: it is compared with nothing.
    return cell.value is None, -cell.count, 0 if cell.value is None else cell.value

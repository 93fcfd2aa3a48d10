"""Counting by two fields at once: totals as facets are counted, then the cells of those that are shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from engines.costs import pivot_too_costly
from engines.embedded.axis import EVERYWHERE, Axis, axis_of
from engines.embedded.bases import Base
from engines.embedded.bitmap import Bits, docs_of
from engines.embedded.column import Column
from engines.embedded.facets import count
from engines.embedded.index import Index
from engines.embedded.pairs import TooManyPairs, tally
from engines.embedded.sums import Sums
from engines.pivot import cells, check_cells, row_of
from engines.query import Cell, FacetCounts, FieldFacet, Pivot, PivotCounts, PivotRow
from mappings.filter import Value


def count_pivot(pivot: Pivot, base: Base, index: Index, sums: Sums) -> PivotCounts:
    """Count a pivot within a base.

    Raises UnknownField, ValueError for a field that is no facet, and TooCostly.
    """
    rows, columns = [
        sums.beside(count(facet, base, index), facet, base)
        for facet in (FieldFacet(pivot.rows, pivot.limit), FieldFacet(pivot.columns, pivot.limit))
    ]
    check_cells(pivot, rows, columns)
    try:
        found = _cells(
            _sides(index.column(pivot.rows), rows, base.bits),
            _sides(index.column(pivot.columns), columns, base.bits),
            [bucket.value for bucket in columns.buckets],
            sums,
        )
        # Without some the row of "not stated" is left out.
        shown = [PivotRow(total, row) for total, row in zip(cells(rows), found, strict=False)]
    except TooManyPairs:
        raise pivot_too_costly(pivot) from None
    return PivotCounts(tuple(shown), cells(columns), (rows.distinct, columns.distinct))


@dataclass(frozen=True, slots=True)
class _Side:
    """The places of one of the two fields, the documents that stand in them, and those of them whose value
    a rule filled in.
    """

    axis: Axis
    bits: Bits
    filled: Bits


def _sides(column: Column, counted: FacetCounts, within: Bits) -> tuple[_Side, _Side]:
    """Give the shown values of a field, as its facet orders them, and, as one place, "not stated"."""
    shown = axis_of(column, [bucket.value for bucket in counted.buckets])
    return (
        _Side(shown, within & column.present, within & column.derived),
        _Side(EVERYWHERE, within - column.stated, BitMap()),
    )


def _cells(
    rows: tuple[_Side, _Side], columns: tuple[_Side, _Side], values: Sequence[Value], sums: Sums
) -> Iterator[tuple[Cell, ...]]:
    """Give the cells of each row, the last row being that of "not stated"."""
    shown, unstated = columns
    for side in rows:
        inner, beside = _counted(side, shown, sums), _counted(side, unstated, sums)
        for of_values, of_none in zip(inner, beside, strict=True):
            counted = zip((*values, None), (*of_values, *of_none), strict=True)
            yield row_of([Cell(value, *each) for value, each in counted if each[0]])


def _counted(rows: _Side, columns: _Side, sums: Sums) -> Iterator[list[tuple[int, int, tuple[int, ...]]]]:
    """Give for each place of the rows, and each of the columns, count, how many by default, and sums."""
    within = rows.bits & columns.bits
    found = tally(docs_of(within), rows.axis, columns.axis, sums.held)
    filled = tally(docs_of(within & (rows.filled | columns.filled)), rows.axis, columns.axis, lambda _: ())
    for row in range(rows.axis.size):
        yield list(zip(found.counts[row].tolist(), filled.counts[row].tolist(), found.sums(row), strict=True))

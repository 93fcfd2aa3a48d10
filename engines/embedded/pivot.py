"""Counting by two fields at once: totals as facets are counted, then the cells of those that are shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from pyroaring import BitMap

from engines.costs import pivot_too_costly
from engines.embedded.axis import EVERYWHERE, Axis, axis_of
from engines.embedded.base import Base
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
    row_column, column = index.column(pivot.rows), index.column(pivot.columns)
    rows = count(FieldFacet(pivot.rows, pivot.limit), base, index)
    columns = count(FieldFacet(pivot.columns, pivot.limit), base, index)
    check_cells(pivot, rows, columns)
    row_sides, sides = _sides(row_column, rows, base.bits), _sides(column, columns, base.bits)
    try:
        found = _cells(row_sides, sides, [bucket.value for bucket in columns.buckets], sums)
        # Where all state the field there is no total of "not stated", and so no row.
        totals = _totals(rows, row_sides, sums)
        shown = [PivotRow(total, row) for total, row in zip(totals, found, strict=False)]
        column_totals = _totals(columns, sides, sums)
    except TooManyPairs:
        raise pivot_too_costly(pivot) from None
    return PivotCounts(tuple(shown), column_totals, (rows.distinct, columns.distinct))


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


def _totals(counted: FacetCounts, sides: tuple[_Side, _Side], sums: Sums) -> tuple[Cell, ...]:
    """Put sums beside the totals of a field."""
    totals = cells(counted)
    if not sums.asked:
        return totals
    added = chain.from_iterable(
        tally(docs_of(side.bits), EVERYWHERE, side.axis, sums.held).sums(0) for side in sides
    )
    return tuple([total._replace(sums=each) for total, each in zip(totals, added, strict=False)])


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

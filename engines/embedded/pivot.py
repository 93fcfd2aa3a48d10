"""Counting by two fields at once: a facet of the columns within each value of the rows."""

from engines.embedded.bases import Base
from engines.embedded.bitmap import Bits
from engines.embedded.column import Column
from engines.embedded.facets import count
from engines.embedded.index import Index
from engines.embedded.sums import Sums
from engines.query import Cell, FacetCounts, FieldFacet, Pivot, PivotCounts, PivotRow
from mappings.filter import Value


def count_pivot(pivot: Pivot, base: Base, index: Index, sums: Sums) -> PivotCounts:
    """Count a pivot within a base. Raises UnknownField, or ValueError for a field that is no facet."""
    row_facet, column_facet = FieldFacet(pivot.rows, pivot.limit), FieldFacet(pivot.columns, pivot.limit)

    def counted(facet: FieldFacet, within: Base) -> FacetCounts:
        return sums.beside(count(facet, within, index), facet, within)

    row_totals, column_totals = counted(row_facet, base), counted(column_facet, base)
    rows_column = index.column(pivot.rows)
    rows = [
        PivotRow(
            total, _cells(counted(column_facet, Base(_within(base, total.value, rows_column), base.capacity)))
        )
        for total in _cells(row_totals)
    ]
    return PivotCounts(tuple(rows), _cells(column_totals), (row_totals.distinct, column_totals.distinct))


def _cells(counted: FacetCounts) -> tuple[Cell, ...]:
    cells = [Cell(bucket.value, bucket.count, bucket.sums) for bucket in counted.buckets]
    if counted.missing:
        cells.append(Cell(None, counted.missing, counted.missing_sums))
    return tuple(cells)


def _within(base: Base, value: Value | None, column: Column) -> Bits:
    """Give the documents of a base that are counted for a value, or for none."""
    if value is None:
        return base.bits - column.stated
    if column.versions is not None:
        return base.bits & column.postings.union(column.versions.beginning_with(str(value)))
    ordinal = column.find(value)
    return base.bits & column.postings.union(range(0) if ordinal is None else range(ordinal, ordinal + 1))

"""Pivots: totals with the facets of a query, then the cells, page by page, so that all are exact."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engines.opensearch.aggregation import Aggregations, prefixed, under
from engines.opensearch.condition import Clause, clause, none_of, stated
from engines.opensearch.facets import Counting, faceted, value_of
from engines.opensearch.response import Aggregation, buckets_of, count_of, inner
from engines.opensearch.sums import sums_in, with_sums
from engines.query import Bucket, Cell, FacetCounts, FieldFacet, Pivot, PivotCounts, PivotRow
from mappings.field import Field
from mappings.filter import Condition, Operator, Value

PAGE = 10_000
"""Cells that one request gives."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows and columns by themselves, and the columns among the images that do not state the rows' field."""

    rows: FacetCounts
    columns: FacetCounts
    rowless: FacetCounts


@dataclass(frozen=True, slots=True)
class Pivoting:
    """How the pivot of a query is counted."""

    pivot: Pivot
    counting: Counting

    def total_aggregations(self) -> Aggregations:
        """Give what counts the totals. Raises UnknownField, or ValueError for a field that is no facet."""
        columns = self.counting.aggregations(self._columns)
        return {
            **prefixed("rows", self.counting.aggregations(self._rows)),
            **prefixed("columns", columns),
            "rowless": {"filter": self._without(self.pivot.rows), "aggs": columns},
        }

    def totals(self, among: Aggregation, size: int) -> Totals:
        """Read the totals out of a bucket of so many documents."""
        rowless = inner(among, "rowless")
        return Totals(
            self.counting.read(self._rows, under("rows", among), size),
            self.counting.read(self._columns, under("columns", among), size),
            self.counting.read(self._columns, rowless, count_of(rowless)),
        )

    def shown(self, totals: Totals) -> Clause:
        """Demand a value of one of the rows that are shown."""
        rows = tuple(bucket.value for bucket in totals.rows.buckets)
        return clause(_any_prefix(self.pivot.rows, rows), self.counting.known.derived)

    def cell_aggregations(self, totals: Totals, behind: object = None) -> Aggregations:
        """Give what counts a page of cells, on the first those too that do not state the columns' field."""
        paged: dict[str, object] = {
            "size": PAGE,
            "sources": [
                {"row": {"terms": {"field": self.pivot.rows}}},
                {"column": {"terms": {"field": self.pivot.columns}}},
            ],
        }
        if behind is not None:
            return {"cells": with_sums({"composite": {**paged, "after": behind}}, self.counting.sums)}
        return {
            "cells": with_sums({"composite": paged}, self.counting.sums),
            "columnless": {
                "filter": self._without(self.pivot.columns),
                "aggs": {"rows": self._rows_shown(totals)},
            },
        }

    def counts(self, totals: Totals, pages: Sequence[Aggregation]) -> PivotCounts:
        """Put totals and pages of cells together."""
        columnless = (
            self.counting.tallies(self._row_field, inner(inner(pages[0], "columnless"), "rows"))
            if pages
            else []
        )
        missing = {bucket.value: bucket for bucket in columnless}
        cells = self._cells_by_row(pages)
        rows = [
            PivotRow(
                Cell(total.value, total.count, total.sums),
                self._row(cells[total.value], missing.get(total.value)),
            )
            for total in totals.rows.buckets
        ]
        if totals.rows.missing:
            rows.append(
                PivotRow(Cell(None, totals.rows.missing, totals.rows.missing_sums), _cells(totals.rowless))
            )
        return PivotCounts(
            tuple(rows),
            _cells(totals.columns),
            (totals.rows.distinct, totals.columns.distinct),
            totals.rows.exact and totals.columns.exact,
        )

    @property
    def _rows(self) -> FieldFacet:
        return FieldFacet(self.pivot.rows, self.pivot.limit)

    @property
    def _columns(self) -> FieldFacet:
        return FieldFacet(self.pivot.columns, self.pivot.limit)

    @property
    def _row_field(self) -> Field:
        return faceted(self.pivot.rows)

    def _without(self, name: str) -> Clause:
        return none_of(stated(name, self.counting.known.derived))

    def _rows_shown(self, totals: Totals) -> Aggregations:
        """Count the values of the rows, of very many only those that are shown."""
        if self.counting.known.exact(self.pivot.rows):
            return self.counting.values(self._row_field, self.pivot.limit)
        shown = [bucket.value for bucket in totals.rows.buckets]
        terms = {"field": self.pivot.rows, "size": len(shown), "include": shown}
        return with_sums({"terms": terms}, self.counting.sums)

    def _cells_by_row(self, pages: Sequence[Aggregation]) -> Mapping[Value, list[Bucket]]:
        rows, columns = self._row_field, faceted(self.pivot.columns)
        found: defaultdict[Value, list[Bucket]] = defaultdict(list)
        for bucket in _pages_of_cells(pages):
            key = inner(bucket, "key")
            cell = Bucket(
                value_of(columns, key["column"]), count_of(bucket), 0, sums_in(bucket, self.counting.sums)
            )
            found[value_of(rows, key["row"])].append(cell)
        return found

    def _row(self, cells: list[Bucket], missing: Bucket | None) -> tuple[Cell, ...]:
        cells.sort(key=lambda bucket: (-bucket.count, bucket.value))
        shown = [Cell(bucket.value, bucket.count, bucket.sums) for bucket in cells[: self.pivot.limit]]
        if missing is not None:
            shown.append(Cell(None, missing.count, missing.sums))
        return tuple(shown)


def behind_page(page: Aggregation) -> object:
    """Give where the next page of cells begins; None behind the last."""
    cells = inner(page, "cells")
    return cells.get("after_key") if len(buckets_of(cells)) == PAGE else None


def _pages_of_cells(pages: Sequence[Aggregation]) -> Iterator[Aggregation]:
    for page in pages:
        yield from buckets_of(inner(page, "cells"))


def _any_prefix(name: str, values: tuple[Value, ...]) -> Condition:
    """Demand one of the values; on a version `in` takes in what begins so, as its facet counts."""
    return Condition(name, Operator.IN, values)


def _cells(counted: FacetCounts) -> tuple[Cell, ...]:
    cells = [Cell(bucket.value, bucket.count, bucket.sums) for bucket in counted.buckets]
    if counted.missing:
        cells.append(Cell(None, counted.missing, counted.missing_sums))
    return tuple(cells)

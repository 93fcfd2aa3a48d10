"""Pivots: totals with the facets of a query, then the cells of the rows and columns that are shown.

Shown values are named, so that a node counts no others: what it gives is bounded, and exact on any number of
shards.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engines.opensearch.aggregation import Aggregations, prefixed, under
from engines.opensearch.condition import Clause, all_of, any_of, filled_in, none_of, stated
from engines.opensearch.facets import Counting, faceted, value_of
from engines.opensearch.known import Known
from engines.opensearch.response import Aggregation, buckets_of, count_of, inner
from engines.opensearch.sums import sum_aggregations, sums_in
from engines.pivot import cells, check_cells, row_of
from engines.query import Cell, FacetCounts, FieldFacet, Pivot, PivotCounts, PivotRow
from mappings.filter import Value


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows and columns by themselves, without sums."""

    rows: FacetCounts
    columns: FacetCounts


@dataclass(frozen=True, slots=True)
class Pivoting:
    """How the pivot of a query is counted."""

    pivot: Pivot
    known: Known
    sums: tuple[str, ...]

    def total_aggregations(self) -> Aggregations:
        """Give what counts the totals. Raises UnknownField, or ValueError for a field that is no facet."""
        return {
            **prefixed("rows", self._counting.aggregations(self._rows)),
            **prefixed("columns", self._counting.aggregations(self._columns)),
        }

    def totals(self, among: Aggregation, size: int) -> Totals:
        """Read the totals out of a bucket of so many documents. Raises TooCostly."""
        rows = self._counting.read(self._rows, under("rows", among), size)
        columns = self._counting.read(self._columns, under("columns", among), size)
        check_cells(self.pivot, rows, columns)
        return Totals(rows, columns)

    def cell_aggregations(self, totals: Totals) -> Aggregations:
        """Give what counts the cells, which of them a rule filled in, and what adds up for the totals."""
        rows, columns, derived = self.pivot.rows, self.pivot.columns, self.known.derived
        no_row, no_column = (none_of(stated(name, derived)) for name in (rows, columns))
        added = sum_aggregations(self.sums)
        in_row = _side(columns, totals.columns, no_column, added)
        wanted = _side(rows, totals.rows, no_row, {**in_row, **added})
        if self.sums:
            wanted |= prefixed(_COLUMNS, in_row)
        if not derived.isdisjoint((rows, columns)):
            # Where one of the two is not stated, the other one was filled in.
            filled_in_row = _side(columns, totals.columns, all_of([no_column, filled_in(rows)]), {})
            filled = _side(rows, totals.rows, all_of([no_row, filled_in(columns)]), filled_in_row)
            wanted[_FILLED] = {"filter": any_of([filled_in(rows), filled_in(columns)]), "aggs": filled}
        return wanted

    def counts(self, totals: Totals, among: Aggregation) -> PivotCounts:
        """Put totals and cells together; of nothing there are none."""
        distinct = totals.rows.distinct, totals.columns.distinct
        exact = totals.rows.exact and totals.columns.exact
        if not among:
            return PivotCounts((), (), distinct, exact)
        of_rows = _read(self.pivot.rows, among)
        of_columns = _read(self.pivot.columns, under(_COLUMNS, among)) if self.sums else {}
        filled = _read(self.pivot.rows, inner(among, _FILLED)) if _FILLED in among else {}
        rows = [
            PivotRow(self._summed(total, of_rows), self._row(total.value, of_rows, filled))
            for total in cells(totals.rows)
        ]
        return PivotCounts(
            tuple(rows),
            tuple([self._summed(total, of_columns) for total in cells(totals.columns)]),
            distinct,
            exact,
        )

    @property
    def _counting(self) -> Counting:
        """How totals are counted: of all values of a field, so that sums are left to those that are shown."""
        return Counting(self.known, ())

    @property
    def _rows(self) -> FieldFacet:
        return FieldFacet(self.pivot.rows, self.pivot.limit)

    @property
    def _columns(self) -> FieldFacet:
        return FieldFacet(self.pivot.columns, self.pivot.limit)

    def _summed(self, total: Cell, found: "_Buckets") -> Cell:
        return total._replace(sums=sums_in(found[total.value], self.sums)) if self.sums else total

    def _row(self, value: Value | None, of_rows: "_Buckets", filled: "_Buckets") -> tuple[Cell, ...]:
        columns = self.pivot.columns
        defaults = _read(columns, filled[value]) if value in filled else {}
        counted: list[Cell] = []
        for column, bucket in _read(columns, of_rows[value]).items():
            # Of two that are not stated neither has a value that could have been filled in.
            stated_one = value is not None or column is not None
            by_default = count_of(defaults[column]) if stated_one and column in defaults else 0
            counted.append(Cell(column, count_of(bucket), by_default, sums_in(bucket, self.sums)))
        return row_of(counted)


_Buckets = Mapping[Value | None, Aggregation]
"""Buckets by the value of a field; that of None is of what does not state it."""

_FILLED = "filled in"
_COLUMNS = "columns"
_SHOWN = "shown"
_UNSTATED = "not stated"


def _side(name: str, counted: FacetCounts, unstated: Clause, within: Aggregations) -> Aggregations:
    """Give what counts the shown values of a field, and what does not state it; and more within each."""
    shown = [_term(bucket.value) for bucket in counted.buckets]
    wanted: Aggregations = {_UNSTATED: {"filter": unstated, **_aggs(within)}}
    if shown:
        # Depth first, as none of the values is one too many.
        terms = {"field": name, "size": len(shown), "include": shown, "collect_mode": "depth_first"}
        wanted[_SHOWN] = {"terms": terms, **_aggs(within)}
    return wanted


def _aggs(within: Aggregations) -> Aggregations:
    return {"aggs": within} if within else {}


def _term(value: Value) -> Value:
    """Write a value as it is named to a node, which reads text for a boolean."""
    return str(value).lower() if isinstance(value, bool) else value


def _read(name: str, among: Aggregation) -> _Buckets:
    field = faceted(name)
    shown = buckets_of(inner(among, _SHOWN)) if _SHOWN in among else ()
    found: dict[Value | None, Aggregation] = {value_of(field, bucket): bucket for bucket in shown}
    found[None] = inner(among, _UNSTATED)
    return found

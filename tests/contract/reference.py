"""What every engine must answer, in plain Python over the judge: slow, short, and easy to check by eye."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from engines.histogram import edges
from engines.narrowed import Narrowed
from engines.query import (
    DEFAULT_ORDER,
    Bucket,
    Cell,
    Facet,
    FacetCounts,
    FieldFacet,
    FilterFacet,
    HistogramCounts,
    Pivot,
    PivotCounts,
    PivotRow,
    Query,
    Sort,
    Span,
    facet_filter,
)
from mappings.document import Document
from mappings.field import Kind
from mappings.fields import field_named
from mappings.filter import And, Filter, Value
from mappings.match import matches
from mappings.text import tokens
from mappings.version import prefixes, sort_key


@dataclass(frozen=True)
class Expectation:
    """Keys of all hits in order, and all that is counted."""

    keys: tuple[str, ...]
    facets: Mapping[str, FacetCounts]
    histograms: Mapping[str, HistogramCounts] = field(default_factory=dict)
    pivot: PivotCounts | None = None
    sums: tuple[int, ...] = ()


def expect(narrowed: Narrowed, documents: Sequence[Document]) -> Expectation:
    query = narrowed.query
    found = _satisfying(documents, query.filter, *query.text, narrowed.access)
    facets = {
        facet.name: _count(
            facet,
            _satisfying(documents, facet_filter(query, facet), *query.text, narrowed.access),
            query.sums,
        )
        for facet in query.facets
    }
    histograms = {name: _spread(name, found) for name in query.histograms}
    pivot = None if query.pivot is None else _pivot(query.pivot, found, query.sums)
    keys = tuple(document.key for document in _ordered(found, query))
    return Expectation(keys, facets, histograms, pivot, _sums(found, query.sums))


def _satisfying(documents: Sequence[Document], *filters: Filter) -> list[Document]:
    return [document for document in documents if matches(And(filters), document)]


def _ordered(documents: list[Document], query: Query) -> list[Document]:
    """Sort by the last level first: Python's sort keeps what is equal in place."""
    ordered = sorted(documents, key=lambda document: document.key)
    for sort in reversed(query.sort or DEFAULT_ORDER):
        ordered = _sorted(ordered, sort)
    if query.text and not query.sort:
        words = {word for condition in query.text for word in tokens(str(condition.values[0]))}
        ordered.sort(key=lambda document: not words <= set(tokens(str(document.fields.get("name", "")))))
    return ordered


def _sorted(documents: list[Document], sort: Sort) -> list[Document]:
    there = [document for document in documents if sort.field in document.fields]
    missing = [document for document in documents if sort.field not in document.fields]
    there.sort(key=lambda document: _sort_value(sort.field, document), reverse=sort.descending)
    return there + missing


def _sort_value(name: str, document: Document) -> tuple[str, int]:
    (value,) = document.values_of(name)
    if isinstance(value, str):
        return (sort_key(value) if field_named(name).kind is Kind.VERSION else value), 0
    return "", value


def _count(facet: Facet, documents: Sequence[Document], sums: Sequence[str]) -> FacetCounts:
    if isinstance(facet, FilterFacet):
        named = {
            name: [document for document in documents if matches(given, document)]
            for name, given in facet.filters
        }
        buckets = [Bucket(name, len(held), 0, _sums(held, sums)) for name, held in named.items() if held]
        return FacetCounts(tuple(sorted(buckets, key=_order)), 0, len(buckets), True, _sums((), sums))
    by_value: dict[Value, list[Document]] = defaultdict(list)
    for document in documents:
        for value in _facet_values(facet.field, document):
            by_value[value].append(document)
    buckets = [
        Bucket(value, len(held), sum(facet.field in document.derived for document in held), _sums(held, sums))
        for value, held in by_value.items()
    ]
    missing = [document for document in documents if _not_stated(facet.field, document)]
    shown = tuple(sorted(buckets, key=_order)[: facet.limit])
    return FacetCounts(shown, len(missing), len(buckets), True, _sums(missing, sums))


def _sums(documents: Sequence[Document], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(
        sum(int(value) for document in documents for value in document.values_of(name)) for name in names
    )


def _not_stated(name: str, document: Document) -> bool:
    return name in document.derived or not document.values_of(name)


def _facet_values(name: str, document: Document) -> set[Value]:
    values = document.values_of(name)
    if field_named(name).kind is Kind.VERSION:
        return {prefix for value in values for prefix in prefixes(str(value))}
    return set(values)


def _order(bucket: Bucket) -> tuple[int, str, int]:
    if isinstance(bucket.value, str):
        return -bucket.count, bucket.value, 0
    return -bucket.count, "", bucket.value


def _cell_order(cell: Cell) -> tuple[bool, int, str, int]:
    return (True, 0, "", 0) if cell.value is None else (False, *_order(Bucket(cell.value, cell.count)))


def _spread(name: str, documents: Sequence[Document]) -> HistogramCounts:
    values = [
        (int(value), name in document.derived) for document in documents for value in document.values_of(name)
    ]
    missing = sum(_not_stated(name, document) for document in documents)
    if not values:
        return HistogramCounts((), missing)
    bounds = edges(field_named(name), min(values)[0], max(values)[0])
    spans = []
    for low, high in pairwise(bounds):
        derived = [filled_in for value, filled_in in values if low <= value < high]
        spans.append(Span(low, high, len(derived), sum(derived)))
    return HistogramCounts(tuple(spans), missing)


def _pivot(pivot: Pivot, documents: Sequence[Document], sums: Sequence[str]) -> PivotCounts:
    rows = _count(FieldFacet(pivot.rows, pivot.limit), documents, sums)
    columns = _count(FieldFacet(pivot.columns, pivot.limit), documents, sums)
    of_rows, of_columns = _holding(pivot.rows, documents), _holding(pivot.columns, documents)

    def cell(row: Value | None, column: Value | None) -> Cell:
        both = [document for key, document in of_rows[row].items() if key in of_columns[column]]
        named = (pivot.rows, row), (pivot.columns, column)
        filled = {name for name, value in named if value is not None}
        return Cell(
            column,
            len(both),
            sum(not filled.isdisjoint(document.derived) for document in both),
            _sums(both, sums),
        )

    def row(total: Cell) -> PivotRow:
        counted = [cell(total.value, column.value) for column in _cells(columns)]
        return PivotRow(total, tuple(sorted((each for each in counted if each.count), key=_cell_order)))

    return PivotCounts(
        tuple(row(total) for total in _cells(rows)), _cells(columns), (rows.distinct, columns.distinct)
    )


def _holding(name: str, documents: Sequence[Document]) -> Mapping[Value | None, Mapping[str, Document]]:
    """Sort documents, by key, by what they are counted for; under None those that do not state it."""
    held: dict[Value | None, dict[str, Document]] = defaultdict(dict)
    for document in documents:
        for value in _facet_values(name, document):
            held[value][document.key] = document
        if _not_stated(name, document):
            held[None][document.key] = document
    return held


def _cells(counted: FacetCounts) -> tuple[Cell, ...]:
    values = tuple(Cell(*bucket) for bucket in counted.buckets)
    return (*values, Cell(None, counted.missing, 0, counted.missing_sums)) if counted.missing else values

"""`Query`: what can be asked of an engine, and `Answer`: what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mappings.field import FacetLogic
from mappings.fields import FIELDS
from mappings.filter import EVERY, Condition, Filter, fields, keep

FACET_LIMIT = 100
"""Values that a facet gives at most, unless the query says otherwise."""

EXACT_VALUES = 10_000
"""A facet is exact while its field has at most so many values."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One level of an order; images without the value come last either way."""

    field: str
    descending: bool = False


DEFAULT_ORDER = (Sort("trust"), Sort("created_at", descending=True))
"""Used where a query names none: name hits if there is text, then these, then the key."""


@dataclass(frozen=True, slots=True)
class FieldFacet:
    """Count the values of a field; those of a version are all prefixes on components."""

    field: str
    limit: int = FACET_LIMIT

    @property
    def name(self) -> str:
        """The name under which the answer gives it."""
        return self.field


@dataclass(frozen=True, slots=True)
class FilterFacet:
    """Count named filters. Top-level conditions that mention only `lifted` fields do not narrow it."""

    name: str
    filters: tuple[tuple[str, Filter], ...]
    lifted: frozenset[str] = frozenset()


Facet = FieldFacet | FilterFacet


@dataclass(frozen=True, slots=True)
class Pivot:
    """Count by the values of two facet fields at once, within all that the query finds: nothing is lifted.

    A pivot is a rectangle: its rows and its columns are those of the most images, and each row has cells of
    these columns only. `PivotCounts.distinct` tells of how many.
    """

    rows: str
    columns: str
    limit: int = FACET_LIMIT
    """Rows at most, and columns at most; "not stated" comes beside them."""


SortValue = str | int | None
"""A value in a position: `str` for keywords, text and versions, `int` for numbers, dates and booleans."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an order: the sort values of the last hit, then its key. The next page begins behind it.

    Where text ranks, its rank is the first of the values: 0 where the name holds all the words, else 1.
    """

    values: tuple[SortValue, ...]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to an engine.

    `text` holds conditions on `TEXT` (`match`, `phrase`); like `filter` they must all hold, and with an empty
    `sort` images whose name alone holds all their tokens come first. `limit` 0 counts only.

    `histograms` names number and date fields to be spread over round bounds, `sums` number fields (those
    declared `summable`) to be added up over all that the query finds, and in every facet value and pivot cell
    as the facet or pivot counts it.
    """

    filter: Filter = EVERY
    text: tuple[Condition, ...] = ()
    facets: tuple[Facet, ...] = ()
    histograms: tuple[str, ...] = ()
    pivot: Pivot | None = None
    sums: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ()
    limit: int = 20
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """An image of an answer: `body` is its JSON object as stored, `scopes` the ids of those that list it."""

    key: str
    body: bytes
    scopes: tuple[str, ...]


class Bucket(NamedTuple):
    """A counted value. `by_default` of the `count` did not state it: a rule filled it in.

    `sums` adds up the fields of `Query.sums`, in their order; an image without one of them adds nothing.
    A tuple, as an answer has many: it is made in half the time of a frozen dataclass.
    """

    value: str | int | bool
    count: int  # type: ignore[assignment]
    by_default: int = 0
    sums: tuple[int, ...] = ()


class FacetCounts(NamedTuple):
    """A counted facet, by count, then value (text by code points, numbers by size, false before true).

    `missing` is how many did not state the field (0 for named filters), `distinct` how many values there
    are in all, `exact` whether the counts are; `missing_sums` adds up over those that did not state it.
    """

    buckets: tuple[Bucket, ...]
    missing: int
    distinct: int
    exact: bool = True
    missing_sums: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Images whose value is at least `low` and less than `high`; dates in milliseconds.

    `by_default` of the `count` did not state it: a rule filled it in.
    """

    low: int
    high: int
    count: int
    by_default: int = 0


@dataclass(frozen=True, slots=True)
class HistogramCounts:
    """Spans side by side, ascending, from that of the least value to that of the greatest; none if no image
    has a value. The bounds are those of `engines.histogram`. `missing` did not state the field; values that
    a rule filled in are counted in their span as well, which says how many: so all counts without those by
    default, and `missing`, make up what was found.
    """

    spans: tuple[Span, ...]
    missing: int


class Cell(NamedTuple):
    """A counted value of a pivot, as a `Bucket` is one of a facet; None is for those that did not state it.

    In a row, `by_default` of the `count` did not state the value of the row or did not state that of the
    column: a rule filled it in.
    """

    value: str | int | bool | None
    count: int  # type: ignore[assignment]
    by_default: int = 0
    sums: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PivotRow:
    """A value of the rows' field, and among its images the values of the columns' field."""

    total: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PivotCounts:
    """A counted pivot. Rows, their cells and `columns` (totals of the columns' field) stand by count, then
    value, "not stated" last and only where there is some; each is what a facet that lifts nothing counts.
    Cells that count nothing are left out. `distinct` values there are of the rows' field and of the columns'
    field: where that is more than are shown, the others were cut. `exact`: whether the counts are.
    """

    rows: tuple[PivotRow, ...]
    columns: tuple[Cell, ...]
    distinct: tuple[int, int]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine answers, from exactly one generation. `next` is None on the last page.

    `sums` adds up the fields of `Query.sums`, in their order, over all that the query finds.
    """

    generation: str
    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, FacetCounts]
    next: Position | None
    histograms: Mapping[str, HistogramCounts] = field(default_factory=dict)
    pivot: PivotCounts | None = None
    sums: tuple[int, ...] = ()


def facet_filter(query: Query, facet: Facet) -> Filter:
    """Give the filter that a facet counts under: that of the query without what it lifts."""
    fields_lifted = lifted_fields(facet)
    return keep(query.filter, lambda part: not is_lifted(fields(part), fields_lifted))


def lifted_fields(facet: Facet) -> frozenset[str]:
    """Give the fields whose conditions do not narrow a facet.

    A facet by OR lifts those on its own field, so that it counts what choosing another value would give.
    """
    if isinstance(facet, FilterFacet):
        return facet.lifted
    return _LIFTED_BY_FIELD.get(facet.field, _NONE)


def is_lifted(mentioned: frozenset[str], fields_lifted: frozenset[str]) -> bool:
    """Tell whether a part that mentions these fields is lifted: all of them are, and there are some."""
    return bool(mentioned) and mentioned <= fields_lifted


_NONE: frozenset[str] = frozenset()
_LIFTED_BY_FIELD = {each.name: frozenset((each.name,)) for each in FIELDS if each.facet is FacetLogic.OR}

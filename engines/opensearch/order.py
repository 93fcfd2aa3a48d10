"""Orders and positions: the sort of a query, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass

from engines.opensearch.condition import is_unicode
from engines.query import DEFAULT_ORDER, Position, Query, SortValue
from mappings.field import Field, Kind
from mappings.fields import field_named
from mappings.opensearch import KEY, order_field
from mappings.value import LARGEST


@dataclass(frozen=True, slots=True)
class Order:
    """The fields of an order, None for the rank that text gives, and which of them descend."""

    levels: tuple[tuple[Field | None, bool], ...]

    @property
    def sort(self) -> list[object]:
        """The `sort` of a search; the key is its last level."""
        return [*(_level(field, descending) for field, descending in self.levels), {KEY: "asc"}]

    def behind(self, position: Position) -> list[object]:
        """Give the `search_after` of a search. Raises ValueError for a position of another order."""
        if len(position.values) != len(self.levels):
            raise ValueError(f"a position of {len(position.values)} values in an order of {len(self.levels)}")
        placed = [
            _placed(field, descending, value)
            for (field, descending), value in zip(self.levels, position.values, strict=True)
        ]
        if any(isinstance(value, str) and not is_unicode(value) for value in (*placed, position.key)):
            raise ValueError("a position holds half a character")
        return [*placed, position.key]

    def position(self, values: Sequence[object]) -> Position:
        """Read the position of a hit from its sort values."""
        *found, key = values
        read = [_read(field, value) for (field, _), value in zip(self.levels, found, strict=True)]
        return Position(tuple(read), str(key))


def order_of(query: Query) -> Order:
    """Give the order of a query. Raises UnknownField, or ValueError for a field that is not sortable."""
    levels: list[tuple[Field | None, bool]] = [
        (_sortable(sort.field), sort.descending) for sort in query.sort or DEFAULT_ORDER
    ]
    if query.text and not query.sort:
        levels.insert(0, (None, True))
    return Order(tuple(levels))


def _sortable(name: str) -> Field:
    field = field_named(name)
    if not field.sortable or field.name != name:
        raise ValueError(f"{name}: images cannot be sorted by it")
    return field


_NUMBERS = frozenset((Kind.INTEGER, Kind.DATE))
_MISSING_ASCENDING = 2**63 - 1
_MISSING_DESCENDING = -(2**63)
"""What a missing number counts as, so that it stands last."""


def _level(field: Field | None, descending: bool) -> object:
    order = "desc" if descending else "asc"
    if field is None:
        return {"_score": order}
    return {order_field(field): {"order": order, "missing": "_last"}}


def _placed(field: Field | None, descending: bool, value: SortValue) -> object:
    if field is None:
        if value not in (0, 1) or not isinstance(value, int):
            raise ValueError(f"{value!r} is no rank by name")
        return 1 - value
    if field.kind not in _NUMBERS:
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{field.name}: {value!r} is no value of it")
        return value
    if value is None:
        return _MISSING_DESCENDING if descending else _MISSING_ASCENDING
    if not isinstance(value, int):
        raise ValueError(f"{field.name}: {value!r} is no value of it")
    # No document has a larger number, so that what lies beyond stands where this one does.
    return max(-LARGEST - 1, min(LARGEST + 1, int(value)))


def _read(field: Field | None, value: object) -> SortValue:
    if field is None:
        return int(value != 1)
    if field.kind not in _NUMBERS:
        return None if value is None else str(value)
    number = value if isinstance(value, int) else None
    return None if number in (_MISSING_ASCENDING, _MISSING_DESCENDING) else number

"""`bounded`: a quantity with the words that compare it: "at least 8 GB", "7.2 to 7.6", "since May 2025"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mappings.filter import Operator
from search_api.question.match import Item
from search_api.question.meaning import Bounds, Compares, Names, Role, When
from search_api.question.quantity import Lasting, Quantity, Size, Taken, Version, quantity, skip


@dataclass(frozen=True, slots=True)
class Bounded:
    """A quantity, its upper end if it is a range, and how it compares, as far as it was said."""

    first: Quantity
    last: Quantity | None
    operator: Operator | None
    when: When | None
    end: int


def bounded(items: Sequence[Item], at: int, now: datetime) -> Bounded | None:
    """Read the quantity that begins at an item, with what compares it before and behind; None without one."""
    operator, when, between, start = _before(items, at)
    found = quantity(items, start, now) if start < len(items) else None
    if found is None:
        return None
    first, end = found
    upper = _upper(items, end, now, first, between=between)
    if upper is not None:
        last, end = upper
        return Bounded(first, last, None, None, end)
    if operator is None and when is None:
        operator, when, end = behind(items, end)
    return Bounded(first, None, operator, when, end)


def _before(items: Sequence[Item], at: int) -> tuple[Operator | None, When | None, bool, int]:
    operator: Operator | None = None
    when: When | None = None
    between = False
    while at < len(items):
        item = items[at]
        compares, bounds = item.get(Compares), item.get(Bounds)
        known = False
        if compares is not None and not compares.behind:
            operator, known = compares.operator, True
        if bounds is not None and not bounds.behind:
            when, known = bounds.when, True
        if item.is_role(Role.BETWEEN):
            between = known = True
        if not known:
            filler = skip(items, at)
            if filler == at or not (operator or when or between):
                break
            at = filler
        else:
            at += 1
    return operator, when, between, at


def _upper(
    items: Sequence[Item], at: int, now: datetime, first: Quantity, *, between: bool
) -> tuple[Quantity, int] | None:
    """Read the upper end of a range: behind "to", or behind "and" if it began with "between"."""
    if at + 1 >= len(items):
        return None
    joins = items[at].is_role(Role.TO) or (between and items[at].is_role(Role.AND))
    found = quantity(items, at + 1, now) if joins else None
    if found is None or not _comparable(first, found[0]):
        return None
    return found


def _comparable(first: Quantity, last: Quantity) -> bool:
    return isinstance(last, type(first)) or (
        isinstance(first, Version) and isinstance(last, Size | Taken | Lasting)
    )


def behind(items: Sequence[Item], at: int) -> tuple[Operator | None, When | None, int]:
    """Read "or later" behind a quantity, or behind the name of what is measured."""
    place = at
    if place + 1 < len(items) and items[place].get(Names) is not None and items[place + 1].has(Compares):
        place += 1
    if place < len(items):
        compares, bounds = items[place].get(Compares), items[place].get(Bounds)
        ends = place + 1 if place == at else at
        if compares is not None and compares.behind:
            both = bounds.when if bounds is not None and bounds.behind else None
            return compares.operator, both, ends
        if bounds is not None and bounds.behind and place == at:
            return None, bounds.when, ends
    return None, None, at

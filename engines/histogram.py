"""`edges`: the round bounds over which the values of a number or date field are spread."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import count

from mappings.field import Field, Kind
from mappings.fields import FIELDS

SPANS = 24
"""Spans of a histogram at most."""


def spreadable(field: Field) -> bool:
    """Tell whether the values of a field can be spread: numbers and dates that images are sorted by."""
    return field.kind in (Kind.INTEGER, Kind.DATE) and field.filterable and field.sortable


def check_spreadable(field: Field) -> None:
    """Raise ValueError for a field whose values cannot be spread."""
    if not spreadable(field):
        raise ValueError(f"{field.name}: cannot be spread; these can: {', '.join(SPREADABLE)}")


def edges(field: Field, low: int, high: int) -> tuple[int, ...]:
    """Give ascending round bounds, the first at most `low`, the last greater than `high`; spans lie between.

    Numbers stand on the ladder 1, 2, 5, 10, ..., sizes in MB and bytes on powers of two, and in equal round
    steps where they are close together. Dates (milliseconds) stand on bounds of the calendar in UTC: hours,
    days, weeks from Monday, months, quarters, years, or a round number of years. Raises ValueError for a
    field that cannot be spread, or `high` less than `low`.
    """
    check_spreadable(field)
    if high < low:
        raise ValueError(f"{field.name}: {high} is less than {low}")
    if field.kind is Kind.DATE:
        return _on_calendar(low, high)
    return _on_numbers(_twos, 4, low, high) if field.unit in _BINARY else _on_numbers(_tens, 10, low, high)


SPREADABLE = tuple(each.name for each in FIELDS if spreadable(each))
"""The fields that can be spread."""

_BINARY = frozenset(("MB", "bytes"))
_HALF = SPANS // 2
_FINEST = 64
"""Equal steps are no finer than this part of the greatest number: else bounds were not round."""


def _tens() -> Iterator[int]:
    for power in count():
        for digit in (1, 2, 5):
            yield digit * 10**power


def _twos() -> Iterator[int]:
    for power in count():
        yield 1 << power


def _on_numbers(rungs: Callable[[], Iterator[int]], close: int, low: int, high: int) -> tuple[int, ...]:
    """Spread numbers; they are close if one is at most so many times the other."""
    least, most = sorted((abs(low), abs(high)))
    same_sign = low > 0 or high < 0
    if high - low < _HALF or (same_sign and most <= least * close):
        width = max(-(-(high - low + 1) // (_HALF - 1)), most // _FINEST)
        step = next(rung for rung in rungs() if rung >= width)
        return tuple(number * step for number in range(low // step, high // step + 2))
    return _on_ladder(rungs, low, high)


def _on_ladder(rungs: Callable[[], Iterator[int]], low: int, high: int) -> tuple[int, ...]:
    """Take rungs on either side of zero. What is much smaller than the largest lies in one span beside zero.

    Where zero itself is the least, nothing is known of how small the others are: half as many rungs do.
    """
    kept = SPANS if low > 0 or high < 0 else _HALF
    below = _up_to(rungs, -low)[-kept:] if low < 0 else []
    above = _up_to(rungs, high + 1)[-kept:] if high >= 0 else []
    bounds = [*(-rung for rung in reversed(below)), 0, *above]
    return _cut(bounds, low, high)


def _up_to(rungs: Callable[[], Iterator[int]], most: int) -> list[int]:
    """Give the rungs up to the first that is at least `most`."""
    found: list[int] = []
    for rung in rungs():
        found.append(rung)
        if rung >= most:
            break
    return found


def _cut(bounds: Sequence[int], low: int, high: int) -> tuple[int, ...]:
    """Keep from the last bound that is at most `low` to the first that is greater than `high`."""
    return tuple(bounds[bisect_right(bounds, low) - 1 : bisect_right(bounds, high) + 1])


_HOUR = 3_600_000
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_MONDAY = 4 * _DAY
"""The first Monday of 1970."""


def _on_calendar(low: int, high: int) -> tuple[int, ...]:
    """Take the smallest unit that gives no more spans than there may be."""
    for step, start in ((_HOUR, 0), (_DAY, 0), (_WEEK, _MONDAY)):
        first, last = (low - start) // step, (high - start) // step + 1
        if last - first <= SPANS:
            return tuple(start + number * step for number in range(first, last + 1))
    first_month, last_month = _month_of(low), _month_of(high)
    step = next(step for step in _month_steps() if last_month // step - first_month // step < SPANS)
    return tuple(
        _milliseconds(number * step) for number in range(first_month // step, last_month // step + 2)
    )


def _month_steps() -> Iterator[int]:
    """Give lengths in months: a month, a quarter, and round numbers of years."""
    yield from (1, 3)
    for years in _tens():
        yield 12 * years


_CYCLE_YEARS = 400
_CYCLE_DAYS = 146_097
"""The Gregorian calendar repeats itself after so long; `date` knows the years from 1 to 9999 only."""
_EPOCH = date(1970, 1, 1).toordinal() - 1


def _month_of(moment: int) -> int:
    """Count the months from January of the year 0 to the month of a moment."""
    cycle, day = divmod(moment // _DAY + _EPOCH, _CYCLE_DAYS)
    within = date.fromordinal(day + 1)
    return (cycle * _CYCLE_YEARS + within.year) * 12 + within.month - 1


def _milliseconds(month: int) -> int:
    """Give the moment at which a month begins."""
    year, index = divmod(month, 12)
    cycle, within = divmod(year - 1, _CYCLE_YEARS)
    day = cycle * _CYCLE_DAYS + date(within + 1, index + 1, 1).toordinal() - 1
    return (day - _EPOCH) * _DAY

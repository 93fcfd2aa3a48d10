"""Dates in words: what a date takes in, what is told from today, and how lengths of time are taken away."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mappings.date import from_datetime
from mappings.filter import And, Condition, Filter, Operator
from search_api.question.meaning import When


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` on, before `end` (milliseconds); None is open. A moment has `end` equal to `start`."""

    start: int | None
    end: int | None


def interval(text: str) -> Interval | None:
    """Read a written date by its precision: a year, month or day is all of it, a moment is one.

    Of 03/04/2025 the month comes first, unless that cannot be; of 3.4.2025 the day does. None for what is no
    date.
    """
    try:
        for pattern, order in _DATES:
            found = pattern.fullmatch(text)
            if found is not None:
                parts = dict(zip(order, map(int, found.groups(default="0")), strict=True))
                return _calendar(parts["y"], parts.get("m", 0), parts.get("d", 0))
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.upper())
            exact = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
            return Interval(exact, exact)
    except (ValueError, OverflowError):
        return None
    return None


def months_of(year: int, first: int, count: int) -> Interval | None:
    """So many months of a year; None for a year that no calendar has."""
    try:
        start = datetime(year, first, 1, tzinfo=UTC)
        index = year * 12 + first - 1 + count
        return Interval(
            from_datetime(start), from_datetime(datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC))
        )
    except ValueError:
        return None


def day_of(year: int, month: int, day: int) -> Interval | None:
    """One day; None for one that is not in the calendar."""
    try:
        start = datetime(year, month, day, tzinfo=UTC)
        return Interval(from_datetime(start), from_datetime(start + timedelta(days=1)))
    except (ValueError, OverflowError):
        return None


def period(name: str, now: datetime) -> Interval:
    """A day, week, month, quarter or year told from today. Weeks begin on Monday."""
    today = now.astimezone(UTC).date()
    which, _, unit = name.partition("_")
    back = 1 if which in ("last", "yesterday") else 0
    if not unit:
        start = today - timedelta(days=back)
        return Interval(_midnight(start), _midnight(start + timedelta(days=1)))
    if unit == "week":
        start = today - timedelta(days=today.weekday() + 7 * back)
        return Interval(_midnight(start), _midnight(start + timedelta(days=7)))
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = (today.year * 12 + today.month - 1) // months * months - months * back
    return Interval(_month_start(first), _month_start(first + months))


def ago(count: int, unit: str, now: datetime) -> int | None:
    """The moment so long before now, in milliseconds; None if that is before the calendar begins."""
    try:
        if unit in _SECONDS:
            return from_datetime(now - timedelta(seconds=count * _SECONDS[unit]))
        index = now.year * 12 + now.month - 1 - count * {"month": 1, "quarter": 3, "year": 12}[unit]
        year, month = divmod(index, 12)
        day = min(now.day, monthrange(year, month + 1)[1])
        return from_datetime(now.replace(year=year, month=month + 1, day=day))
    except (ValueError, OverflowError):
        return None


def within(field: str, when: When, taken: Interval) -> Filter:
    """Demand that a date field lies after, since, before, until or in an interval; its end is included."""
    exact = taken.start == taken.end
    match when:
        case When.AFTER:
            bounds = [
                (Operator.GT if exact else Operator.GTE, taken.end if taken.end is not None else taken.start)
            ]
        case When.SINCE:
            bounds = [(Operator.GTE, taken.start)]
        case When.BEFORE:
            bounds = [(Operator.LT, taken.start)]
        case When.UNTIL:
            bounds = [(Operator.LTE if exact else Operator.LT, taken.end)]
        case When.IN:
            if exact and taken.start is not None:
                return Condition(field, Operator.IN, (taken.start,))
            bounds = [(Operator.GTE, taken.start), (Operator.LT, taken.end)]
    parts = tuple(Condition(field, operator, (bound,)) for operator, bound in bounds if bound is not None)
    return parts[0] if len(parts) == 1 else And(parts)


_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)
_DATES = (
    (re.compile(r"((?:19|20)\d\d)(?:-(\d\d?)(?:-(\d\d?))?)?", re.ASCII), "ymd"),
    (re.compile(r"((?:19|20)\d\d)/(\d\d?)/(\d\d?)", re.ASCII), "ymd"),
    (re.compile(r"(0?[1-9]|1[0-2])/(\d\d?)/((?:19|20)\d\d)", re.ASCII), "mdy"),
    (re.compile(r"(\d\d?)[/.](\d\d?)[/.]((?:19|20)\d\d)", re.ASCII), "dmy"),
)


def _calendar(year: int, month: int, day: int) -> Interval | None:
    if day:
        return day_of(year, month, day)
    return months_of(year, month, 1) if month else months_of(year, 1, 12)


def _midnight(day: date) -> int:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _month_start(index: int) -> int:
    return _midnight(date(index // 12, index % 12 + 1, 1))

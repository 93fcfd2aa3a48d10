"""Quantities: numbers with their units, versions, dates and lengths of time, read from items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from search_api.clause import Span
from search_api.question.lex import Shape
from search_api.question.match import Item, Number, Shaped
from search_api.question.meaning import (
    Calendar,
    Length,
    Month,
    PartOfYear,
    Period,
    Role,
    SizeUnit,
    TimeUnit,
)
from search_api.question.moment import Interval, ago, day_of, interval, months_of, period


@dataclass(frozen=True, slots=True)
class Size:
    """An amount of information, in bytes."""

    bytes: Decimal
    unit: int = 1
    """Bytes of the unit that it was told in."""


@dataclass(frozen=True, slots=True)
class Bits:
    """A word size."""

    count: str


@dataclass(frozen=True, slots=True)
class Version:
    """A number that may be a version, a year, or an amount whose unit is told elsewhere.

    `pack` is a service pack that belongs to a version told before.
    """

    text: str
    plain: bool = True
    glued: bool = False
    pack: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A stretch of time; `since` marks one that reaches to now (the last 7 days, this week)."""

    interval: Interval
    since: bool = False
    ago: bool = False
    """A moment told by its distance from now: "more than 3 days ago" lies before it."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """A length of time: 3 years."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Unused:
    """A quantity of something that images say nothing about."""


Quantity = Size | Bits | Version | Taken | Lasting | Unused


def quantity(items: Sequence[Item], at: int, now: datetime) -> tuple[Quantity, int] | None:
    """Read the quantity that begins at an item; give it with where it ends, or None."""
    for reader in (_since_now, _date, _length, _number):
        found = reader(items, at, now)
        if found is not None:
            return found
    return None


def spans(items: Sequence[Item], begin: int, end: int) -> tuple[Span, ...]:
    """Where the words of some items stand."""
    return tuple(item.span for item in items[begin:end])


def year_of(text: str) -> int | None:
    """A number that may be a year of an image."""
    return int(text) if len(text) == 4 and text.isdigit() and text[:2] in ("19", "20") else None


def skip(items: Sequence[Item], at: int) -> int:
    """Step over filler that nothing else can be made of."""
    while at < len(items) and items[at].is_role(Role.FILLER) and len(items[at].means) == 1:
        at += 1
    return at


def _get(items: Sequence[Item], at: int) -> Item | None:
    return items[at] if at < len(items) else None


def _since_now(items: Sequence[Item], at: int, now: datetime) -> tuple[Quantity, int] | None:
    """Read "last 7 days", "3 days ago"."""
    if items[at].is_role(Role.LAST):
        found = _length(items, at + 1, now) if at + 1 < len(items) else None
        if found is not None and isinstance(found[0], Lasting):
            start = ago(found[0].count, found[0].unit, now)
            return Taken(Interval(start, None), since=True), found[1]
    return None


def _length(items: Sequence[Item], at: int, now: datetime) -> tuple[Quantity, int] | None:
    length = items[at].get(Length)
    unit_at = at
    if length is not None:
        count, unit = length.count, length.unit
    else:
        following = _get(items, at + 1)
        number, named = items[at].get(Number), following.get(TimeUnit) if following else None
        if named is not None and number is not None and number.text.isdigit() and len(number.text) < 7:
            if following is not None and following.has(Calendar) and year_of(number.text):
                return None
            count, unit, unit_at = int(number.text), named.unit, at + 1
        elif (alone := items[at].get(TimeUnit)) is not None and at > 0 and items[at - 1].is_role(Role.LAST):
            count, unit = 1, alone.unit
        else:
            return None
    end = unit_at + 1
    behind = _get(items, end)
    if behind is not None and behind.is_role(Role.AGO):
        start = ago(count, unit, now)
        return Taken(Interval(start, start), ago=True), end + 1
    return Lasting(count, unit), end


def _date(items: Sequence[Item], at: int, now: datetime) -> tuple[Quantity, int] | None:
    item = items[at]
    named = item.get(Period)
    if named is not None:
        return Taken(period(named.name, now), since=named.name.startswith("this_")), at + 1
    shaped = item.get(Shaped)
    if shaped is not None and shaped.shape is Shape.DATE:
        taken = interval(shaped.text)
        return None if taken is None else (Taken(taken), at + 1)
    part = item.get(PartOfYear)
    if part is not None:
        year, end = _year(items, skip(items, at + 1))
        taken = months_of(year or now.year, part.first, part.months) if year else None
        return None if taken is None else (Taken(taken), end)
    return _month_first(items, at, now) or _day_first(items, at, now) or _year_first(items, at)


def _month_first(items: Sequence[Item], at: int, now: datetime) -> tuple[Quantity, int] | None:
    """Read "May 2025", "March 15, 2024"."""
    month = items[at].get(Month)
    if month is None:
        return None
    year, end = _year(items, skip(items, at + 1))
    if year is not None:
        return _taken(months_of(year, month.number, 1), end)
    if at + 2 < len(items) and items[at + 1].is_role(Role.TO, Role.AND) and items[at + 2].has(Month):
        year, _ = _year(items, at + 3)
        return None if year is None else _taken(months_of(year, month.number, 1), at + 1)
    day, end = _day(items, at + 1)
    if day is not None:
        after = end + 1 if end < len(items) and items[end].is_shape(Shape.COMMA) else end
        year, year_end = _year(items, after)
        return _taken(day_of(year or now.year, month.number, day), year_end if year else end)
    return None


def _day_first(items: Sequence[Item], at: int, now: datetime) -> tuple[Quantity, int] | None:
    """Read "15 March 2024"."""
    day, end = _day(items, at)
    month = items[end].get(Month) if day is not None and end < len(items) else None
    if day is None or month is None:
        return None
    year, year_end = _year(items, end + 1)
    return _taken(day_of(year or now.year, month.number, day), year_end if year else end + 1)


def _year_first(items: Sequence[Item], at: int) -> tuple[Quantity, int] | None:
    """Read "2024年5月3日", "2024年上半年", "2025 Q3"."""
    number = items[at].get(Number)
    year = year_of(number.text) if number else None
    if year is None:
        return None
    end = at + 2 if _unit(items, at + 1, "year") else at + 1
    part = items[end].get(PartOfYear) if end < len(items) else None
    if part is not None:
        return _taken(months_of(year, part.first, part.months), end + 1)
    return _month_and_day(items, end, year) if end == at + 2 else None


def _month_and_day(items: Sequence[Item], at: int, year: int) -> tuple[Quantity, int] | None:
    """Read what follows a year: "5月", "5月3日", or nothing."""
    month = _counted(items, at, "month")
    if month is None:
        return _taken(months_of(year, 1, 12), at)
    day = _counted(items, at + 2, "day")
    if day is None:
        return _taken(months_of(year, month, 1), at + 2)
    return _taken(day_of(year, month, day), at + 4)


def _taken(found: Interval | None, end: int) -> tuple[Quantity, int] | None:
    return None if found is None else (Taken(found), end)


def _counted(items: Sequence[Item], at: int, unit: str) -> int | None:
    number = items[at].get(Number) if at < len(items) else None
    small = number is not None and number.text.isdigit() and len(number.text) <= 2
    return int(number.text) if number is not None and small and _unit(items, at + 1, unit) else None


def _unit(items: Sequence[Item], at: int, unit: str) -> bool:
    calendar = items[at].get(Calendar) if at < len(items) else None
    return calendar is not None and calendar.unit == unit


def _year(items: Sequence[Item], at: int) -> tuple[int | None, int]:
    number = items[at].get(Number) if at < len(items) else None
    year = year_of(number.text) if number else None
    return year, at + 1


def _day(items: Sequence[Item], at: int) -> tuple[int | None, int]:
    number = items[at].get(Number) if at < len(items) else None
    if (
        number is None
        or not number.text.isdigit()
        or not 1 <= int(number.text[:4]) <= 31
        or len(number.text) > 2
    ):
        return None, at
    ordinal = at + 1 < len(items) and items[at + 1].text in ("st", "nd", "rd", "th")
    return int(number.text), at + 2 if ordinal else at + 1


def _number(items: Sequence[Item], at: int, _now: datetime) -> tuple[Quantity, int] | None:
    """Read a number with the unit, the service pack or the release behind it."""
    item = items[at]
    following = _get(items, at + 1)
    if item.is_role(Role.PACK) and following is not None and (pack := following.get(Number)):
        return Version(pack.text, plain=False, pack=True), at + 2
    if item.is_role(Role.RELEASE):
        return Version("R2", plain=False, pack=True), at + 1
    number = item.get(Number)
    if number is None:
        return None
    measured = _measured(number, following)
    return (measured, at + 2) if measured is not None else _version(items, at, number)


def _measured(number: Number, unit: Item | None) -> Quantity | None:
    if unit is None:
        return None
    size = unit.get(SizeUnit)
    if size is not None and number.text.count(".") <= 1 and not number.text.lower().endswith("x"):
        return Size(Decimal(number.text) * size.size, size.size)
    if unit.is_role(Role.BITS):
        return Bits(number.text)
    return Unused() if unit.is_role(Role.UNUSED) else None


def _version(items: Sequence[Item], at: int, number: Number) -> tuple[Quantity, int]:
    """Read "2012 R2", "12 SP3", "20.03 LTS SP3", or the number alone."""
    version = number.text.lower().removesuffix(".x")
    after = at + 1
    while after < len(items) and items[after].text.casefold() in ("lts", "release", "update"):
        after += 1
    following, behind = _get(items, after), _get(items, after + 1)
    if following is not None and following.is_role(Role.RELEASE) and after == at + 1:
        return Version(f"{version}R2", plain=False), at + 2
    pack = behind.get(Number) if behind is not None else None
    if following is not None and following.is_role(Role.PACK) and pack is not None:
        return Version(f"{version}.{pack.text}", plain=False), after + 2
    return Version(version, plain="." not in version, glued=number.glued), at + 1

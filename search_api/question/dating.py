"""Dates in a sentence: which field they bound, and from which side."""

from mappings.filter import And, Condition, Filter, Operator
from search_api.clause import Span
from search_api.question.bounded import Bounded, behind
from search_api.question.meaning import Names, Role, When
from search_api.question.moment import Interval, ago, within
from search_api.question.quantity import Lasting, Taken, skip
from search_api.question.reading import DATED, Reading
from search_api.question.unit import Unit

Measured = tuple[Unit | None, int]
"""What a quantity demands (None where images say nothing about it), and where its words end."""


def dated(reading: Reading, at: int, read: Bounded, taken: Taken) -> Measured:
    """Read "created in May 2025", "since 2024", "between January and March"."""
    name, end, span = _field(reading, read.end)
    if isinstance(read.last, Taken):
        when, interval = When.IN, Interval(taken.interval.start, read.last.interval.end)
    else:
        when, interval = _side(read, taken), taken.interval
    given = within(name, When.BEFORE if reading.stale else when, interval)
    return _unit(reading, given, name, reading.spans(at, end, span), bound=when is not When.IN), end


def aged(reading: Reading, at: int, read: Bounded, length: Lasting) -> Measured | None:
    """Read "older than 3 years", "at least 30 days old", "untouched for 180 days"; None if nothing is bound.

    "Older", "newer" and the like compare dates; "more", "less" and the like, and nothing at all, lengths.
    """
    operator, when, end = read.operator, read.when, read.end
    item = reading.item(end)
    old = item is not None and item.is_role(Role.OLD)
    if old:
        end += 1
        if operator is None and when is None:
            operator, when, end = behind(reading.items, end)
    name, end, span = _field(reading, end)
    moment = ago(length.count, length.unit, reading.now)
    told = operator is not None or when is not None or old
    if moment is None or not (told or reading.stale):
        return None
    older = when in (When.BEFORE, When.UNTIL) if when else operator not in (Operator.LT, Operator.LTE)
    far = reading.stale or older
    given = Condition(name, Operator.LT if far else Operator.GTE, (moment,))
    return _unit(reading, given, name, reading.spans(at, end, span), bound=True), end


_SIDES = {
    Operator.GT: When.AFTER,
    Operator.GTE: When.SINCE,
    Operator.LT: When.BEFORE,
    Operator.LTE: When.UNTIL,
    Operator.IN: When.IN,
}


def aged_between(reading: Reading, at: int, read: Bounded, count: str, last: Lasting) -> Measured | None:
    """Read "between 30 and 60 days old": the unit stands behind the second number."""
    item = reading.item(read.end)
    old = item is not None and item.is_role(Role.OLD)
    name, end, span = _field(reading, read.end + 1 if old else read.end)
    nearest = ago(int(count), last.unit, reading.now) if count.isdigit() and len(count) < 10 else None
    farthest = ago(last.count, last.unit, reading.now)
    if nearest is None or farthest is None or farthest > nearest:
        return None
    given = And((Condition(name, Operator.GTE, (farthest,)), Condition(name, Operator.LT, (nearest,))))
    return _unit(reading, given, name, reading.spans(at, end, span), bound=True), end


_BY_LENGTH_AGO = {
    Operator.GT: When.BEFORE,
    Operator.GTE: When.UNTIL,
    Operator.LT: When.AFTER,
    Operator.LTE: When.SINCE,
}


def _side(read: Bounded, taken: Taken) -> When:
    if taken.ago and read.when is None and read.operator in _BY_LENGTH_AGO:
        return _BY_LENGTH_AGO[read.operator]
    if read.when in (None, When.IN) and read.operator is None:
        return When.SINCE if taken.since else When.IN
    if read.when is not None:
        return read.when
    return _SIDES.get(read.operator or Operator.IN, When.IN)


def _field(reading: Reading, end: int) -> tuple[str, int, Span | None]:
    """The date field that was named before, or stands right behind; creation if none is named."""
    if reading.stale:
        return "updated_at", end, reading.dated_span
    target = skip(reading.items, end)
    item = reading.item(target)
    names = item.get(Names) if item is not None else None
    named_before = reading.name in DATED
    if names is not None and names.field in DATED and not named_before:
        return names.field, target + 1, None
    if item is not None and item.is_role(Role.STALE):
        reading.stale = True
        return "updated_at", target + 1, None
    return reading.dated or "created_at", end, reading.dated_span if named_before else None


def _unit(reading: Reading, given: Filter, name: str, spans: tuple[Span, ...], *, bound: bool) -> Unit:
    reading.stale, reading.name, reading.clings = False, None, False
    why = "a day, month or year is all of it, its end included"
    return Unit(given, frozenset((name,)), spans, why, bound=bound)

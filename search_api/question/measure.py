"""`measure`: what a quantity is of: memory, disk, a file, a date, a version, bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Operator, conditions
from mappings.version import canonical_version
from search_api.clause import Span
from search_api.question.bounded import Bounded
from search_api.question.match import Item
from search_api.question.meaning import Compares, Names, Role, When
from search_api.question.moment import Interval, ago, months_of, within
from search_api.question.quantity import (
    Bits,
    Lasting,
    Size,
    Taken,
    Unused,
    Version,
    quantity,
    skip,
    year_of,
)
from search_api.question.unit import Mark, Marked, Node, Unit
from search_api.question.value import LARGEST, in_unit

SIZED = ("min_ram", "min_disk", "image_size", "max_ram")
DATED = ("created_at", "updated_at")
SQUEEZED = ("Ubuntu", "openEuler")
"""Their releases are yy.mm, which people also write without the point: ubuntu2204."""


@dataclass(slots=True)
class Context:
    """What was said before that a quantity may belong to.

    `name` is a field named just before, `name_span` its words; `dated` the date field last named; `platform`
    the OS last named; `clings` whether the last thing said was an OS or its version.
    """

    name: str | None = None
    name_span: Span | None = None
    dated: str | None = None
    dated_span: Span | None = None
    stale: bool = False
    platform: str | None = None
    clings: bool = False
    capacity: Role | None = None

    def names(self, field: str, span: Span) -> None:
        """Remember that a field was named."""
        if field in DATED:
            self.dated, self.dated_span = field, span
        self.name, self.name_span = field, span

    def names_platform(self, given: Filter) -> None:
        """Remember the OS that a demand is about."""
        for condition in conditions(given):
            if condition.field == "platform":
                self.platform = str(condition.values[-1])

    def take_named(self, otherwise: str, allowed: tuple[str, ...]) -> str:
        """Use the field named just before, if it is one of those allowed."""
        name = self.name if self.name in allowed else None
        self.name = None
        return name or otherwise

    def phrase_ends(self) -> None:
        """A comma or "but" ends what was said of a floor."""
        self.capacity = None


Measured = tuple[list[Unit], int, str | None]
"""Nodes, where the words end, and a note."""


def measure(
    items: Sequence[Item], at: int, read: Bounded, context: Context, nodes: Sequence[Node], now: datetime
) -> Measured | None:
    """Find out what a quantity measures; None where it is a bare number that belongs to nothing."""
    match read.first:
        case Size():
            return _size(items, at, read, context)
        case Bits(count):
            return _bits(items, at, read, count, context)
        case Taken():
            return _date(items, at, read, read.first, context)
        case Lasting():
            return _age(items, at, read, read.first, context, now)
        case Unused():
            words = " ".join(item.text for item in items[at : read.end])
            return [], read.end, f"“{words}” was not used: images state nothing about it"
        case Version():
            return _number(items, at, read, read.first, context, nodes, now)


def _spans(items: Sequence[Item], begin: int, end: int, *more: Span | None) -> tuple[Span, ...]:
    found = {item.span for item in items[begin:end]} | {span for span in more if span is not None}
    return tuple(sorted(found))


def _size(items: Sequence[Item], at: int, read: Bounded, context: Context) -> Measured | None:
    named = context.name if context.name in SIZED else None
    name_span = context.name_span if named else None
    end = read.end
    note = None
    if named is None:
        target = skip(items, end)
        names = items[target].get(Names) if target < len(items) else None
        if names is not None and names.field in SIZED:
            named, end = names.field, target + 1
        else:
            named = "min_ram"
            words = " ".join(item.text for item in items[at : read.end])
            note = f"“{words}” was read as memory"
    operator = read.operator
    if operator is None and end < len(items) and (behind := items[end].get(Compares)) and behind.behind:
        operator, end = behind.operator, end + 1
    context.name = None
    context.clings = False
    condition = _sized(named, read, operator, context)
    if condition is None:
        return None
    unit = Unit(condition, frozenset((named,)), _spans(items, at, end, name_span), _WHY_SIZE[named], bound=True)
    return [unit], end, note


_WHY_SIZE = {
    "min_ram": "memory is the floor that an image states: what fits or runs on N has a floor of at most N",
    "min_disk": "disk is the floor that an image states: what fits on N has a floor of at most N",
    "image_size": "the size of the image file",
    "max_ram": "the largest memory that an image works with",
}


def _sized(name: str, read: Bounded, operator: Operator | None, context: Context) -> Filter | None:
    field = field_named(name)
    assert isinstance(read.first, Size)
    first = in_unit(field, read.first.bytes)
    if isinstance(read.last, Size):
        upper = in_unit(field, read.last.bytes)
        lower, above = Condition(name, Operator.GTE, (_up(first),)), Condition(name, Operator.LTE, (_down(upper),))
        return None if max(first, upper) > LARGEST else And((lower, above))
    if first > LARGEST:
        return None
    if operator is None:
        operator = {Role.NEEDS: Operator.GTE, Role.UNFIT: Operator.GT}.get(context.capacity or Role.FITS, Operator.LTE)
    value = _up(first) if operator in (Operator.GTE, Operator.LT) else _down(first)
    return Condition(name, operator, (value,))


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _down(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_FLOOR))


def _bits(items: Sequence[Item], at: int, read: Bounded, count: str, context: Context) -> Measured | None:
    if count not in ("32", "64"):
        return None
    context.clings = False
    condition = Condition("os_bit", Operator.IN, (count,))
    return [Unit(condition, frozenset(("os_bit",)), _spans(items, at, read.end), "bits of the OS")], read.end, None


def _when(read: Bounded) -> When | None:
    if read.when is not None:
        return read.when
    return {
        Operator.GT: When.AFTER,
        Operator.GTE: When.SINCE,
        Operator.LT: When.BEFORE,
        Operator.LTE: When.UNTIL,
        Operator.IN: When.IN,
    }.get(read.operator) if read.operator else None


def _dated(items: Sequence[Item], end: int, context: Context) -> tuple[str, int, Span | None]:
    """The date field that was named before, or stands right behind."""
    if context.stale:
        return "updated_at", end, context.dated_span
    target = skip(items, end)
    names = items[target].get(Names) if target < len(items) else None
    if names is not None and names.field in DATED and (context.dated is None or context.name not in DATED):
        return names.field, target + 1, None
    if target < len(items) and items[target].is_role(Role.STALE):
        context.stale = True
        return "updated_at", target + 1, None
    return context.dated or "created_at", end, context.dated_span if context.name in DATED else None


def _date(items: Sequence[Item], at: int, read: Bounded, taken: Taken, context: Context) -> Measured | None:
    name, end, name_span = _dated(items, read.end, context)
    last = read.last
    if isinstance(last, Taken):
        taken = Taken(Interval(taken.interval.start, last.interval.end))
        when = When.IN
    elif read.when in (None, When.IN) and read.operator is None:
        when = When.SINCE if taken.since else When.IN
    else:
        when = _when(read) or When.IN
    if context.stale:
        given = within(name, When.BEFORE, taken.interval)
    else:
        given = within(name, when, taken.interval)
    unit = _date_unit(given, name, _spans(items, at, end, name_span), bound=when is not When.IN or taken.since)
    context.stale, context.name, context.clings = False, None, False
    return [unit], end, None


def _date_unit(given: Filter, name: str, spans: tuple[Span, ...], *, bound: bool) -> Unit:
    why = "a day, month or year is all of it, its end included"
    return Unit(given, frozenset((name,)), spans, why, bound=bound)


def _age(
    items: Sequence[Item], at: int, read: Bounded, length: Lasting, context: Context, now: datetime
) -> Measured | None:
    """Read "older than 3 years", "untouched for 180 days"."""
    name, end, name_span = _dated(items, read.end, context)
    when = _when(read)
    moment = ago(length.count, length.unit, now)
    if moment is None or (when is None and not context.stale):
        return None
    older = context.stale or when in (When.BEFORE, When.AFTER) and read.operator in (Operator.LT,)
    # "older than" tells the age: it lies further back; "newer than" and "at most" lie nearer.
    far = older or read.operator in (Operator.GTE,)
    condition = Condition(name, Operator.LT if far else Operator.GTE, (moment,))
    unit = _date_unit(condition, name, _spans(items, at, end, name_span), bound=True)
    context.stale, context.name, context.clings = False, None, False
    return [unit], end, None


def _number(
    items: Sequence[Item],
    at: int,
    read: Bounded,
    number: Version,
    context: Context,
    nodes: Sequence[Node],
    now: datetime,
) -> Measured | None:
    """A number without a unit belongs to the word just before it."""
    if isinstance(read.last, Size):
        unit = read.last.bytes / _figure(read.last, items, read.end)
        scaled = Bounded(Size(Decimal(number.text) * unit), read.last, None, None, read.end) if number.plain or (
            number.text.count(".") < 2 and not number.pack and "R" not in number.text
        ) else None
        return None if scaled is None else _size(items, at, scaled, context)
    year = _as_year(items, at, read, number, context, nodes)
    if year is not None:
        upper = year_of(read.last.text) if isinstance(read.last, Version) else None
        end_of = Taken(months_of(upper, 1, 12) or year) if upper else None
        return _date(items, at, Bounded(Taken(year), end_of, read.operator, read.when, read.end), Taken(year), context)
    if context.name in SIZED and number.plain:
        return _in_own_unit(items, at, read, number, context)
    bits = _listed_bits(items, read.end, number, now)
    if bits:
        return _bits(items, at, read, number.text, context)
    if context.name == "version" or _belongs(read, context, nodes):
        return _version(items, at, read, number, context, nodes)
    return None


def _figure(last: Size, items: Sequence[Item], end: int) -> Decimal:
    """The number that stands before the unit of an upper end, to find the unit's size."""
    for item in reversed(items[:end]):
        for meaning in item.means:
            text = getattr(meaning, "text", None)
            if isinstance(text, str) and text.replace(".", "", 1).isdigit():
                return Decimal(text) or Decimal(1)
    return Decimal(1)


def _as_year(
    items: Sequence[Item], at: int, read: Bounded, number: Version, context: Context, nodes: Sequence[Node]
) -> Interval | None:
    """A year stands behind a date word; behind Windows and "older than" it is a version."""
    year = year_of(number.text) if number.plain and not number.glued else None
    if year is None or context.name == "version":
        return None
    dated = context.name in DATED or context.stale
    listed = _after_mark(nodes, Mark.OR, Mark.AND, Mark.COMMA) and _last_topic(nodes) & set(DATED)
    told = read.when is not None and (read.operator is None or context.platform != "Windows")
    behind = not context.clings and read.end < len(items) and (names := items[read.end].get(Names)) and names.field in DATED
    return months_of(year, 1, 12) if dated or listed or told or behind else None


def _last_topic(nodes: Sequence[Node]) -> frozenset[str]:
    return next((node.topic for node in reversed(nodes) if isinstance(node, Unit)), frozenset())


def _after_mark(nodes: Sequence[Node], *marks: Mark) -> bool:
    return bool(nodes) and isinstance(nodes[-1], Marked) and nodes[-1].mark in marks


def _in_own_unit(items: Sequence[Item], at: int, read: Bounded, number: Version, context: Context) -> Measured | None:
    """Read "min ram 4096": a number without a unit is in the field's."""
    factor = Decimal(1) / in_unit(field_named(context.name or ""), Decimal(1))
    last = read.last
    upper = Size(Decimal(last.text) * factor) if isinstance(last, Version) and last.plain else None
    return _size(
        items, at, Bounded(Size(Decimal(number.text) * factor), upper, read.operator, None, read.end), context
    )


def _listed_bits(items: Sequence[Item], end: int, number: Version, now: datetime) -> bool:
    """Read the 32 of "32 or 64 bit"."""
    if number.text not in ("32", "64") or end + 1 >= len(items) or not items[end].is_role(Role.OR, Role.AND, Role.TO):
        return False
    following = quantity(items, end + 1, now)
    return following is not None and isinstance(following[0], Bits)


def _belongs(read: Bounded, context: Context, nodes: Sequence[Node]) -> bool:
    """Whether a number is the version of the OS told before."""
    if context.platform is None:
        return False
    return context.clings or read.operator is not None or _after_mark(nodes, Mark.NOT, Mark.NOT_ONE, Mark.WITHOUT)


def _version(
    items: Sequence[Item], at: int, read: Bounded, number: Version, context: Context, nodes: Sequence[Node]
) -> Measured | None:
    text = number.text
    if number.pack:
        base = _last_version(nodes)
        if base is None:
            return None
        text = f"{base}R2" if text == "R2" else f"{base}.{text}"
    elif number.glued and number.plain and len(text) == 4 and context.platform in SQUEEZED:
        text = f"{text[:2]}.{text[2:]}"
    first = _canonical(text)
    if first is None:
        return None
    name_span = context.name_span if context.name == "version" else None
    context.name, context.clings = None, True
    spans = _spans(items, at, read.end, name_span)
    if isinstance(read.last, Version):
        upper = read.last.text
        if read.last.pack:
            upper = f"{first.rsplit('.', 1)[0]}.{upper}"
        last = _canonical(upper)
        if last is None:
            return None
        given: Filter = And((Condition("version", Operator.GTE, (first,)), Condition("version", Operator.LTE, (last,))))
        return [Unit(given, _VERSION, spans, _WHY_VERSION)], read.end, None
    operator = read.operator or Operator.IN
    given = Condition("version", operator, (first,))
    return [Unit(given, _VERSION, spans, _WHY_VERSION, bound=operator is not Operator.IN)], read.end, None


_VERSION = frozenset(("version",))
_WHY_VERSION = "a number belongs to the OS just before it; 7 takes 7.9 in"


def _last_version(nodes: Sequence[Node]) -> str | None:
    for node in reversed(nodes):
        if isinstance(node, Unit) and node.topic == _VERSION:
            found = list(conditions(node.filter))
            return str(found[-1].values[-1]) if found else None
    return None


def _canonical(text: str) -> str | None:
    try:
        return canonical_version(text)
    except ValueError:
        return None


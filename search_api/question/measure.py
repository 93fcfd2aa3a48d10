"""`measure`: what a quantity is of: memory, disk, a file, a date, a version, bits."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Operator, conditions, fields
from mappings.version import canonical_version
from search_api.question.bounded import Bounded
from search_api.question.dating import Measured, aged, aged_between, dated
from search_api.question.joining import union
from search_api.question.lex import Shape
from search_api.question.meaning import Compares, Names, Role, Says
from search_api.question.moment import Interval, months_of
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
from search_api.question.reading import DATED, Reading
from search_api.question.unit import Mark, Unit
from search_api.question.value import LARGEST, in_unit

SIZED = ("min_ram", "min_disk", "image_size", "max_ram")
LONGEST_LIST = 8
"""Numbers that share a unit at most: the time to read does not grow with the square of a text."""
WINDOWS = "Windows"
"""Its versions are years."""
SQUEEZED = ("Ubuntu", "openEuler")
"""Their releases are yy.mm, which people also write without the point: ubuntu2204."""


def measure(reading: Reading, at: int, read: Bounded) -> Measured | None:
    """Find out what a quantity measures; None where it is a bare number that belongs to nothing."""
    match read.first:
        case Size():
            return _size(reading, at, read, read.first)
        case Bits(count):
            return _bits(reading, at, read, count)
        case Taken():
            return dated(reading, at, read, read.first)
        case Lasting():
            return aged(reading, at, read, read.first)
        case Unused():
            words = " ".join(item.text for item in reading.items[at : read.end])
            reading.notes.append(f"“{words}” was not used: images state nothing about it")
            return None, read.end
        case Version():
            return _number(reading, at, read, read.first)


_WHY_SIZE = {
    "min_ram": "memory is the floor that an image states: what fits or runs on N has a floor of at most N",
    "min_disk": "disk is the floor that an image states: what fits on N has a floor of at most N",
    "image_size": "the size of the image file",
    "max_ram": "the largest memory that an image works with",
}


def _size(
    reading: Reading, at: int, read: Bounded, first: Size, others: tuple[Size, ...] = ()
) -> Measured | None:
    """An amount of information is of what was named before it, or stands behind it; else of memory.

    `others` are told with it as alternatives.
    """
    before = reading.name if reading.name in SIZED else None
    name, end = (before, read.end) if before else _named_behind(reading, at, read)
    operator = read.operator
    behind = reading.item(end)
    compares = behind.get(Compares) if behind is not None else None
    if operator is None and compares is not None and compares.behind:
        operator, end = compares.operator, end + 1
    sized = [_sized(reading, name, read, each, operator) for each in (*others, first)]
    each_given = [given for given in sized if given is not None]
    if len(each_given) < len(sized):
        return None
    given = union(each_given)
    spans = reading.spans(at, end, reading.name_span if before else None)
    reading.name, reading.clings = None, False
    return Unit(given, frozenset((name,)), spans, _WHY_SIZE[name], bound=True), end


def _named_behind(reading: Reading, at: int, read: Bounded) -> tuple[str, int]:
    target = skip(reading.items, read.end)
    item = reading.item(target)
    names = item.get(Names) if item is not None else None
    if names is not None and names.field in SIZED:
        return names.field, target + 1
    bounded_before = _bounded_before(reading) if read.operator is not None else None
    if bounded_before is not None:
        return bounded_before, read.end
    words = " ".join(item.text for item in reading.items[at : read.end])
    told = [names.field for item in reading.items[at : read.end] if (names := item.get(Names))]
    name = told[0] if told else "min_ram"
    reading.notes.append(f"“{words}” was read as {field_named(name).label.lower()}")
    return name, read.end


def _bounded_before(reading: Reading) -> str | None:
    """What the bound just before was of: "disk over 40 GB and under 100 GB"."""
    last = next((node for node in reversed(reading.nodes) if isinstance(node, Unit)), None)
    if last is None or not last.bound or len(last.topic) != 1 or reading.last_marks(Mark.COMMA, Mark.OR):
        return None
    name = next(iter(last.topic))
    return name if name in SIZED else None


def _sized(
    reading: Reading, name: str, read: Bounded, first: Size, operator: Operator | None
) -> Filter | None:
    field = field_named(name)
    lower = in_unit(field, first.bytes)
    upper = in_unit(field, read.last.bytes) if isinstance(read.last, Size) else None
    if max(lower, upper or lower) > LARGEST:
        return None
    if upper is not None:
        floor = Condition(name, Operator.GTE, (_up(lower),))
        return And((floor, Condition(name, Operator.LTE, (_down(upper),))))
    if operator is None:
        meant = {Role.NEEDS: Operator.GTE, Role.UNFIT: Operator.GT}
        operator = meant.get(reading.capacity or Role.FITS, Operator.LTE)
    return Condition(
        name, operator, (_up(lower) if operator in (Operator.GTE, Operator.LT) else _down(lower),)
    )


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _down(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_FLOOR))


def _bits(reading: Reading, at: int, read: Bounded, count: str) -> Measured | None:
    if count not in ("32", "64"):
        return None
    reading.clings = False
    given = Condition("os_bit", Operator.IN, (count,))
    return Unit(given, frozenset(("os_bit",)), reading.spans(at, read.end), "bits of the OS"), read.end


def _number(reading: Reading, at: int, read: Bounded, number: Version) -> Measured | None:
    """A number without a unit belongs to the word just before it."""
    sized = _with_unit_elsewhere(reading, at, read, number)
    if sized is not None:
        return sized
    year = _as_year(reading, read, number)
    if year is not None:
        upper = year_of(read.last.text) if isinstance(read.last, Version) else None
        through = Taken(months_of(upper, 1, 12) or year) if upper else None
        return dated(
            reading, at, Bounded(Taken(year), through, read.operator, read.when, read.end), Taken(year)
        )
    if reading.name in SIZED and number.plain:
        return _in_own_unit(reading, at, read, number)
    if _listed_bits(reading, read.end, number):
        return _bits(reading, at, read, number.text)
    if reading.name == "version" or _belongs(reading, read) or _before_os(reading, at, read, number):
        return _version(reading, at, read, number)
    return None


def _with_unit_elsewhere(reading: Reading, at: int, read: Bounded, number: Version) -> Measured | None:
    """Read a number whose unit stands behind a later one."""
    if isinstance(read.last, Size):
        return _with_unit_behind(reading, at, read, number, read.last)
    if isinstance(read.last, Lasting):
        return aged_between(reading, at, read, number.text, read.last)
    return _with_shared_unit(reading, at, read, number)


def _with_unit_behind(
    reading: Reading, at: int, read: Bounded, number: Version, last: Size
) -> Measured | None:
    """Read the 4 of "between 4 and 8 GB"."""
    if not number.text.replace(".", "", 1).isdigit():
        return None
    first = Size(Decimal(number.text) * last.unit)
    return _size(reading, at, Bounded(first, last, None, None, read.end), first)


def _with_shared_unit(reading: Reading, at: int, read: Bounded, number: Version) -> Measured | None:
    """Read the 2 of "2 or 4 GB", the 2 and the 4 of "2, 4 or 8 GB"."""
    listed = _list_with_unit(reading, read, number)
    if listed is None:
        return None
    told, last, end = listed
    whole = Bounded(last, None, read.operator, read.when, end)
    if isinstance(last, Unused):
        return measure(reading, at, whole)
    return _size(reading, at, whole, last, tuple(Size(Decimal(text) * last.unit, last.unit) for text in told))


def _list_with_unit(
    reading: Reading, read: Bounded, number: Version
) -> tuple[list[str], Size | Unused, int] | None:
    """The bare numbers of a list "a, b or c", the amount that is its last, and where that ends."""
    told, end = [number], read.end
    year = reading.clings and year_of(number.text) is not None
    if read.last is not None or year:
        return None
    while len(told) <= LONGEST_LIST and told[-1].text.isdigit() and not told[-1].pack:
        sign = reading.item(end)
        joins = sign is not None and (sign.is_role(Role.OR) or sign.is_shape(Shape.COMMA))
        found = quantity(reading.items, end + 1, reading.now) if joins and reading.item(end + 1) else None
        if sign is None or found is None:
            return None
        last, end = found
        if not isinstance(last, Version):
            if sign.is_role(Role.OR) and isinstance(last, Size | Unused):
                return [each.text for each in told], last, end
            return None
        told.append(last)
    return None


def _in_own_unit(reading: Reading, at: int, read: Bounded, number: Version) -> Measured | None:
    """Read "min ram 4096": a number without a unit is in the field's."""
    unit = int(Decimal(1) / in_unit(field_named(reading.name or ""), Decimal(1)))
    last = read.last
    upper = Size(Decimal(last.text) * unit, unit) if isinstance(last, Version) and last.plain else None
    first = Size(Decimal(number.text) * unit, unit)
    return _size(reading, at, Bounded(first, upper, read.operator, None, read.end), first)


def _as_year(reading: Reading, read: Bounded, number: Version) -> Interval | None:
    """A year stands behind a date word; behind Windows and "older than" it is a version."""
    year = year_of(number.text) if number.plain and not number.glued else None
    if year is None or reading.name == "version":
        return None
    last = next((node for node in reversed(reading.nodes) if isinstance(node, Unit)), None)
    listed = reading.last_marks(Mark.OR, Mark.AND, Mark.COMMA) and last is not None and last.topic & {*DATED}
    told = read.when is not None and (read.operator is None or reading.platform != WINDOWS)
    item = reading.item(read.end)
    names = item.get(Names) if item is not None and not reading.clings else None
    behind = names is not None and names.field in DATED
    told = told or _years_alone(reading, read)
    dated_before = reading.name in DATED or reading.stale
    return months_of(year, 1, 12) if dated_before or listed or told or behind else None


def _years_alone(reading: Reading, read: Bounded) -> bool:
    """Whether a range is of years: "2020 to 2022"; those of Windows are versions."""
    last = read.last
    if not isinstance(last, Version) or year_of(last.text) is None or reading.name is not None:
        return False
    following = reading.item(skip(reading.items, read.end))
    says = following.get(Says) if following is not None else None
    beside = [str(part.values[0]) for part in conditions(says.filter) if part.values] if says else []
    return WINDOWS not in (reading.platform, *beside)


def _listed_bits(reading: Reading, end: int, number: Version) -> bool:
    """Read the 32 of "32 or 64 bit"."""
    sign = reading.item(end)
    if number.text not in ("32", "64") or sign is None or not sign.is_role(Role.OR, Role.AND, Role.TO):
        return False
    following = quantity(reading.items, end + 1, reading.now) if reading.item(end + 1) else None
    return following is not None and isinstance(following[0], Bits)


def _belongs(reading: Reading, read: Bounded) -> bool:
    """Whether a number is the version of the OS told before."""
    if reading.platform is None:
        return False
    negated = reading.last_marks(Mark.NOT, Mark.NOT_ONE, Mark.WITHOUT)
    return reading.clings or read.operator is not None or negated


def _before_os(reading: Reading, at: int, read: Bounded, number: Version) -> bool:
    """Whether a number that looks like a version stands right before an OS: "v22.04 ubuntu"."""
    following = reading.item(read.end)
    says = following.get(Says) if following is not None else None
    last = reading.nodes[-1] if reading.nodes else None
    behind_text = isinstance(last, Unit) and last.is_text
    if says is None or behind_text or reading.clings or fields(says.filter) != {"platform"}:
        return False
    return (
        not number.plain
        or read.last is not None
        or any(item.text[:1] in "vV" for item in reading.items[at : read.end])
    )


_VERSION = frozenset(("version",))
_WHY_VERSION = "a number belongs to the OS just before it; 7 takes 7.9 in"


def _version(reading: Reading, at: int, read: Bounded, number: Version) -> Measured | None:
    first = _canonical(_told(reading, number))
    last = _upper(first, read.last) if isinstance(read.last, Version) else None
    if first is None or (isinstance(read.last, Version) and last is None):
        return None
    spans = reading.spans(at, read.end, reading.name_span if reading.name == "version" else None)
    reading.name, reading.clings = None, True
    if last is not None:
        ends = (Condition("version", Operator.GTE, (first,)), Condition("version", Operator.LTE, (last,)))
        return Unit(And(ends), _VERSION, spans, _WHY_VERSION), read.end
    operator = read.operator or Operator.IN
    given = Condition("version", operator, (first,))
    return Unit(given, _VERSION, spans, _WHY_VERSION, bound=operator is not Operator.IN), read.end


def _told(reading: Reading, number: Version) -> str:
    """Write out a version: a service pack belongs to the one before, 2204 of Ubuntu is 22.04."""
    if number.pack:
        base = _last_version(reading)
        return "" if base is None else f"{base}R2" if number.text == "R2" else f"{base}.{number.text}"
    text = number.text
    if number.glued and number.plain and len(text) == 4 and reading.platform in SQUEEZED:
        return f"{text[:2]}.{text[2:]}"
    return text


def _upper(first: str | None, last: Version) -> str | None:
    """The upper end of a range; "SP2 through SP5" are of one version."""
    head = (first or "").rpartition(".")[0]
    return _canonical(f"{head}.{last.text}" if last.pack else last.text)


def _last_version(reading: Reading) -> str | None:
    for node in reversed(reading.nodes):
        if isinstance(node, Unit) and node.topic == _VERSION:
            found = list(conditions(node.filter))
            return str(found[-1].values[-1]) if found else None
    return None


def _canonical(text: str) -> str | None:
    try:
        return canonical_version(text)
    except ValueError:
        return None

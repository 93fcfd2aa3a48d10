"""What a known phrase may mean. A phrase can have several meanings; the words around it decide."""

from dataclasses import dataclass
from enum import StrEnum

from engines.query import Sort
from mappings.filter import Filter, Operator


@dataclass(frozen=True, slots=True)
class Says:
    """The phrase is a demand by itself: `uefi`. `text` is what of it is searched as text besides."""

    filter: Filter
    text: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """The phrase names a field: `memory`."""

    field: str


@dataclass(frozen=True, slots=True)
class Orders:
    """The phrase is an order: `newest`."""

    sort: Sort


@dataclass(frozen=True, slots=True)
class Compares:
    """The phrase compares with the value after it (`at least`), or before it (`or later`)."""

    operator: Operator
    behind: bool = False


class When(StrEnum):
    """How a date bounds."""

    AFTER = "after"
    SINCE = "since"
    BEFORE = "before"
    UNTIL = "until"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The phrase says how the date after it (`since`), or before it, bounds."""

    when: When
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week, month, quarter or year told from today: `last_month`."""

    name: str


@dataclass(frozen=True, slots=True)
class PartOfYear:
    """So many months of a year from its `first` month on: `Q3`."""

    months: int
    first: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month by name."""

    number: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """The unit behind a number of a written date: `year` in 2024年."""

    unit: str


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """A unit of time: `day`."""

    unit: str


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time: `half a year` is 6 months."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class SizeUnit:
    """A unit of information, in bytes; 1 GB is 1024 MB."""

    size: int


class Role(StrEnum):
    """Words that give a sentence its shape."""

    NOT = "not"
    """Negates the thing after it, with all that is said of that thing."""
    NOT_ONE = "not_one"
    """Negates one word."""
    WITHOUT = "without"
    """Negates each of the list after it."""
    NOR = "nor"
    AND = "and"
    OR = "or"
    BUT = "but"
    TO = "to"
    BETWEEN = "between"
    NEEDS = "needs"
    FITS = "fits"
    UNFIT = "unfit"
    STALE = "stale"
    """Not updated since, or for."""
    LAST = "last"
    AGO = "ago"
    OLD = "old"
    """Behind a length of time: an age."""
    ABSENT = "absent"
    """Behind the name of a field: nothing is stated for it."""
    PER = "per"
    BY = "by"
    SORTED = "sorted"
    ASCENDING = "ascending"
    DESCENDING = "descending"
    TOP = "top"
    COUNT = "count"
    BREAKDOWN = "breakdown"
    WHICH = "which"
    LITERAL = "literal"
    """What follows is a name, whatever it looks like."""
    BITS = "bits"
    PACK = "pack"
    RELEASE = "release"
    UNUSED = "unused"
    """The unit of a quantity that images say nothing about."""
    END = "end"
    """Ends what a negation covers."""
    FILLER = "filler"


Meaning = (
    Says
    | Names
    | Orders
    | Compares
    | Bounds
    | Period
    | PartOfYear
    | Month
    | Calendar
    | TimeUnit
    | Length
    | SizeUnit
    | Role
)

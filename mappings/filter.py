"""The filter tree: what a question demands of an image.

    Filter = And(filters) | Or(filters) | Not(filter) | Condition(field, operator, values)

`And(())` holds for every image, `Or(())` for none. A negation holds for images that lack the attribute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

Value = str | int | bool
"""By the field's kind: `str`, `int` (a number, or a date in milliseconds) or `bool`."""


class Operator(StrEnum):
    """How a condition compares. All but `exists` look at effective values."""

    IN = "in"
    """One of the values; on a version, one of them is a prefix on components."""
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    EXISTS = "exists"
    """The cloud stated a value (a value that a rule filled in does not count)."""
    PREFIX = "prefix"
    """Keyword and text fields: the value begins so."""
    WILDCARD = "wildcard"
    """Keyword and text fields: `*` any run, `?` any one character; at least 2 literal characters."""
    MATCH = "match"
    """Text: holds all the tokens, in any order, the values of the field taken as one text."""
    PHRASE = "phrase"
    """Text: holds the tokens side by side, in this order, within one value."""

    # That of Enum is Python code, and conditions are keys wherever something is remembered.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    `field` is the name of a `Field`, `extra.KEY`, or `TEXT` (all fields searched as text). `values` has at
    least one element, exactly one for every operator but `in`, and none for `exists`.
    """

    field: str
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class And:
    """All of them hold."""

    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them holds."""

    filters: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    filter: "Filter"


Filter = And | Or | Not | Condition

TEXT = "text"
"""The name that stands for all fields searched as text."""

EVERY = And(())
"""Holds for every image."""


def conjunction(*filters: Filter) -> Filter:
    """Join by And: flat, without what holds anyway, each once, in order."""
    flat = dict.fromkeys([part for given in filters for part in conjuncts(given)])
    return next(iter(flat)) if len(flat) == 1 else And(tuple(flat))


def conjuncts(given: Filter) -> tuple[Filter, ...]:
    """Give the parts that must all hold: those of nested Ands, else the filter itself."""
    if not isinstance(given, And):
        return (given,)
    if not any(isinstance(part, And) for part in given.filters):
        return given.filters
    return tuple([inner for part in given.filters for inner in conjuncts(part)])


def conditions(given: Filter) -> Sequence[Condition]:
    """Give every condition of the tree, in order of reading, negated ones too."""
    found: list[Condition] = []
    _gather(given, found)
    return found


def _gather(given: Filter, onto: list[Condition]) -> None:
    if isinstance(given, Condition):
        onto.append(given)
    elif isinstance(given, Not):
        _gather(given.filter, onto)
    else:
        for part in given.filters:
            _gather(part, onto)


def fields(given: Filter) -> frozenset[str]:
    """Names of the fields that the tree mentions."""
    if isinstance(given, Condition):
        return frozenset((given.field,))
    return frozenset([condition.field for condition in conditions(given)])


def keep(given: Filter, wanted: Callable[[Filter], bool]) -> Filter:
    """Join those top-level parts that are wanted."""
    return conjunction(*(part for part in conjuncts(given) if wanted(part)))

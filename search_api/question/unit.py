"""What the reading of a sentence is made of: units that demand something, and marks between them."""

from dataclasses import dataclass
from enum import Enum, auto

from mappings.filter import Filter
from search_api.clause import Span


class Mark(Enum):
    """What stands between units."""

    AND = auto()
    OR = auto()
    NOR = auto()
    COMMA = auto()
    BUT = auto()
    NOT = auto()
    NOT_ONE = auto()
    WITHOUT = auto()
    END = auto()
    WRITTEN_AND = auto()
    WRITTEN_OR = auto()
    WRITTEN_NOT = auto()
    OPEN = auto()
    CLOSE = auto()


@dataclass(frozen=True, slots=True)
class Unit:
    """One demand, and the words that make it.

    `topic` is what it is about (field names): two units of one topic are alternatives. `bound` marks a limit
    (at least, before), which narrows instead. `parts` are the demands of a unit that was put together and can
    be told apart again. `is_text` marks words that are searched.
    """

    filter: Filter
    topic: frozenset[str]
    spans: tuple[Span, ...]
    why: str
    bound: bool = False
    is_text: bool = False
    parts: tuple["Unit", ...] = ()


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark, and its words."""

    mark: Mark
    spans: tuple[Span, ...]


Node = Unit | Marked

"""What a question became: clauses that know their words, and what was left over."""

from dataclasses import dataclass, field
from enum import StrEnum

from engines.query import Sort
from mappings.filter import EVERY, Condition, Filter

Span = tuple[int, int]
"""Begin and end of words in the question, in code points."""


@dataclass(slots=True)
class Written:
    """How answers show a clause, once one has: `shown` behind its id, as JSON, and `short` in the summary.

    Kept with the clause, so that it is remembered as long as the clause is.
    """

    shown: bytes | None = None
    short: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One demand of a question, as it was understood.

    `filter` is the whole demand (a negated one is a Not). `default` marks one that nobody typed. `source`
    names the parameter it came from; `span` is set for words of the sentence, from the first to the last of
    its `words`, between which there may be others.
    """

    filter: Filter
    label: str
    why: str
    source: str
    span: Span | None = None
    words: tuple[Span, ...] = ()
    negated: bool = False
    default: bool = False
    written: Written = field(default_factory=Written, init=False, compare=False, repr=False)


class Reason(StrEnum):
    """Why words were left aside."""

    FILLER = "filler"
    REPEATED = "repeated"
    UNDERSTOOD_ELSEWHERE = "understood elsewhere"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Words of the sentence that mean nothing for the answer."""

    span: Span
    reason: Reason


class Intent(StrEnum):
    """What is wanted of the images."""

    LIST = "list"
    COUNT = "count"
    FACET = "facet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, understood. Everything in `clauses` is in `filter`, everything in `filter` has a clause."""

    filter: Filter = EVERY
    clauses: tuple[Clause, ...] = ()
    text: tuple[Condition, ...] = ()
    text_words: str = ""
    text_spans: tuple[Span, ...] = ()
    sort: tuple[Sort, ...] = ()
    facets: tuple[str, ...] = ()
    limit: int | None = None
    intent: Intent = Intent.LIST
    ignored: tuple[Ignored, ...] = ()
    notes: tuple[str, ...] = ()

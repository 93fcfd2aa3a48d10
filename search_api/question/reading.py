"""`Reading`: a sentence being read: its items, what was found, and what was said before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mappings.filter import TEXT, Condition, Filter, Operator, conditions, fields
from search_api.clause import Ignored, Reason, Span
from search_api.question.match import Item, Shaped
from search_api.question.meaning import Role
from search_api.question.unit import Mark, Marked, Node, Unit
from search_api.vocabulary import Vocabulary

DATED = ("created_at", "updated_at")
NEGATIONS = (Mark.NOT, Mark.NOT_ONE, Mark.WITHOUT, Mark.WRITTEN_NOT)


@dataclass(slots=True)
class Reading:
    """What there is to read, what was found, and what a later word may belong to.

    `nodes` are in order of reading. `names` are fields that were named, kept as text until something is
    found that they belong to. `name` is the one named just before, `name_span` its words; `dated` the date
    field last named; `stale` whether "not updated" is what is dated; `platform` the OS last named; `clings`
    whether the last thing said was an OS or its version; `capacity` whether a floor is needed or to be met.
    """

    items: Sequence[Item]
    vocabulary: Vocabulary
    now: datetime
    nodes: list[Node] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: list[tuple[Item, str]] = field(default_factory=list)
    name: str | None = None
    name_span: Span | None = None
    dated: str | None = None
    dated_span: Span | None = None
    stale: bool = False
    platform: str | None = None
    clings: bool = False
    capacity: Role | None = None

    def item(self, at: int) -> Item | None:
        """The item at a place, None behind the last."""
        return self.items[at] if at < len(self.items) else None

    def names_field(self, name: str, span: Span) -> None:
        """Remember that a field was named."""
        if name in DATED:
            self.dated, self.dated_span = name, span
        self.name, self.name_span = name, span

    def names_platform(self, given: Filter) -> None:
        """Remember the OS that a demand is about."""
        for condition in conditions(given):
            if condition.field == "platform" and condition.values:
                self.platform = str(condition.values[-1])
                self.clings = True

    def leave(self, begin: int, end: int, reason: Reason) -> None:
        """Leave words aside."""
        self.ignored.extend(Ignored(item.span, reason) for item in self.items[begin:end])

    def mark(self, mark: Mark, span: Span) -> None:
        """Note what stands between demands. A comma or "but" ends what was said of a floor.

        A negation of a negation is none.
        """
        last = self.nodes[-1] if self.nodes else None
        if mark in NEGATIONS and isinstance(last, Marked) and last.mark in NEGATIONS:
            self.nodes.pop()
            self.ignored.extend(Ignored(words, Reason.UNDERSTOOD_ELSEWHERE) for words in (*last.spans, span))
            return
        self.nodes.append(Marked(mark, (span,)))
        if mark in (Mark.COMMA, Mark.BUT):
            self.capacity = None

    def last_marks(self, *marks: Mark) -> bool:
        """Whether the last thing read is one of these marks."""
        last = self.nodes[-1] if self.nodes else None
        return isinstance(last, Marked) and last.mark in marks

    def spans(self, begin: int, end: int, *more: Span | None) -> tuple[Span, ...]:
        """Where some items stand, and some words beside them."""
        found = {item.span for item in self.items[begin:end]} | {span for span in more if span is not None}
        return tuple(sorted(found))


def asks(given: Filter, spans: tuple[Span, ...], why: str) -> Unit:
    """A demand on fields."""
    return Unit(given, fields(given), spans, why)


def searches(item: Item) -> Unit:
    """A demand on text: any order, but what is quoted stands side by side."""
    shaped = item.get(Shaped)
    quoted = item.quoted
    words = shaped.text if quoted and shaped is not None else item.text
    why = "quoted words are searched side by side" if quoted else "no known word: searched as text"
    operator = Operator.PHRASE if quoted else Operator.MATCH
    return Unit(Condition(TEXT, operator, (words,)), frozenset((TEXT,)), (item.span,), why, is_text=True)

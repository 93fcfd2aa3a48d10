"""`read`: a sentence becomes a `Question`."""

from datetime import datetime

from mappings.filter import TEXT, Condition, Not, Operator, conditions, conjunction
from mappings.text import tokens
from search_api.clause import Clause, Ignored, Question, Reason
from search_api.explain import label_of
from search_api.question.arrange import arrange
from search_api.question.demand import demands
from search_api.question.joining import flat
from search_api.question.lex import lex, narrowed
from search_api.question.logic import combine
from search_api.question.match import match
from search_api.question.reading import NEGATIONS
from search_api.question.unit import Marked, Unit
from search_api.question.words import traditional
from search_api.vocabulary import Vocabulary


def read(text: str, vocabulary: Vocabulary, now: datetime) -> Question:
    """Understand a sentence: every word ends as a demand, as text, or among what was ignored.

    Total: whatever is not understood is searched as text. Time grows with the length of the text.
    """
    text = narrowed(text)
    items = match(text, lex(text, traditional()), vocabulary)
    arranged = arrange(items)
    reading = demands(
        [item for index, item in enumerate(items) if index not in arranged.used], vocabulary, now
    )
    units = flat(combine(reading.nodes))
    searched = [unit for unit in units if unit.is_text and tokens(_words(unit))]
    asked = [unit for unit in units if not unit.is_text]
    clauses = tuple(_clause(unit, text) for unit in asked)
    used = {span for unit in (*searched, *asked) for span in unit.spans}
    marks = [
        Ignored(span, Reason.UNDERSTOOD_ELSEWHERE)
        for node in reading.nodes
        if isinstance(node, Marked)
        for span in node.spans
    ]
    idle = [
        f"“{text[slice(*span)]}” was not used: it negates nothing that was understood"
        for node in reading.nodes
        if isinstance(node, Marked) and node.mark in NEGATIONS
        for span in node.spans
        if span not in used
    ]
    order = [Ignored(items[index].span, Reason.UNDERSTOOD_ELSEWHERE) for index in sorted(arranged.used)]
    empty = [Ignored(span, Reason.FILLER) for unit in units if unit.is_text for span in unit.spans]
    ignored = [entry for entry in (*reading.ignored, *marks, *order, *empty) if entry.span not in used]
    return Question(
        filter=conjunction(*(clause.filter for clause in clauses)),
        clauses=clauses,
        text=_text(searched),
        text_words=" ".join(text[slice(*span)] for unit in searched for span in unit.spans),
        text_spans=tuple(span for unit in searched for span in unit.spans),
        sort=tuple(arranged.sort),
        facets=tuple(dict.fromkeys(arranged.facets)),
        limit=arranged.limit,
        intent=arranged.intent,
        ignored=tuple(sorted(ignored, key=lambda entry: entry.span)),
        notes=tuple(dict.fromkeys((*reading.notes, *idle))),
    )


def _words(unit: Unit) -> str:
    return " ".join(str(value) for part in conditions(unit.filter) for value in part.values)


def _clause(unit: Unit, text: str) -> Clause:
    span = (unit.spans[0][0], max(end for _, end in unit.spans)) if unit.spans else None
    return Clause(
        filter=unit.filter,
        label=label_of(unit.filter),
        why=unit.why,
        source="q",
        span=span,
        words=unit.spans,
        negated=isinstance(unit.filter, Not),
    )


def _text(units: list[Unit]) -> tuple[Condition, ...]:
    """Join the words that are searched in any order; each quoted text stands for itself."""
    loose = ""
    end = -1
    phrases: dict[Condition, None] = {}
    for unit in units:
        condition = unit.filter
        if not isinstance(condition, Condition):
            continue
        if condition.operator is Operator.MATCH:
            gap = " " if loose and unit.spans[0][0] != end else ""
            loose += gap + " ".join(str(value) for value in condition.values)
            end = unit.spans[-1][1]
        else:
            phrases[condition] = None
    joint = (Condition(TEXT, Operator.MATCH, (loose,)),) if loose else ()
    return (*joint, *phrases)

"""The `interpretation` of an answer: how the question was understood, clause by clause."""

import orjson

from engines.query import DEFAULT_ORDER, Sort
from mappings.date import date_text
from mappings.field import Kind
from mappings.fields import FIELDS
from mappings.filter import And, Condition, Filter, Not, Or, Value
from search_api.clause import Clause, Question
from search_api.explain import label_of, summary
from search_api.freshness import JOINED


def interpretation_json(question: Question, notes: tuple[str, ...]) -> bytes:
    """Write how a question was understood; `notes` come after those of the reading."""
    filters = [b'{"id":"f%d",%b' % numbered for numbered in enumerate(map(_clause, question.clauses), 1)]
    further = {
        "text": question.text_words,
        "sort": [_shown_sort(sort) for sort in question.sort or DEFAULT_ORDER],
        "ignored": [{"span": words.span, "reason": words.reason} for words in question.ignored],
        "notes": (*question.notes, *notes),
    }
    return b'{"summary":%b,"filters":[%b],%b' % (
        orjson.dumps(summary(question)),
        b",".join(filters),
        orjson.dumps(further)[1:],
    )


def _clause(clause: Clause) -> bytes:
    """Write a clause behind its id. People ask for the same again and again, but not in the same sentence."""
    shown = clause.written.shown
    if shown is None:
        shown = clause.written.shown = _written_clause(clause)
    return shown


def _written_clause(clause: Clause) -> bytes:
    shown = {
        **_shown_filter(clause.filter),
        "default": clause.default,
        "label": clause.label,
        "why": clause.why,
        "span": clause.span,
        "readings": (),
    }
    return orjson.dumps(shown)[1:]


def _shown_filter(given: Filter) -> dict[str, object]:
    """Show one comparison, or a group of them in `filters`; `negated` takes the whole."""
    negated = False
    while isinstance(given, Not):
        negated, given = not negated, given.filter
    match given:
        case Condition(field=name, operator=operator, values=values):
            shown: tuple[Value, ...] = tuple(map(_iso, values)) if name in _DATES else values
            return {"field": name, "operator": operator, "values": shown, "negated": negated}
        case And():
            return _shown_group("and", given.filters, negated=negated)
        case Or():
            return _shown_group("or", given.filters, negated=negated)


def _shown_group(operator: str, parts: tuple[Filter, ...], *, negated: bool) -> dict[str, object]:
    return {
        "field": None,
        "operator": operator,
        "values": (),
        "negated": negated,
        "filters": [{**_shown_filter(part), "label": label_of(part)} for part in parts],
    }


def _shown_sort(sort: Sort) -> str:
    return f"-{sort.field}" if sort.descending else sort.field


def _iso(value: Value) -> Value:
    return date_text(value) if isinstance(value, int) and not isinstance(value, bool) else value


_DATES = frozenset(field.name for field in (*FIELDS, *JOINED.values()) if field.kind is Kind.DATE)

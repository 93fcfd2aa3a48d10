"""The `interpretation` of an answer: how the question was understood, clause by clause."""

from functools import lru_cache

from engines.query import DEFAULT_ORDER, Sort
from mappings.date import date_text
from mappings.field import Kind
from mappings.fields import UnknownField, field_named
from mappings.filter import And, Condition, Filter, Not, Or, Value
from search_api.clause import Clause, Question
from search_api.demand import label
from search_api.explain import summary
from search_api.freshness import JOINED


def interpretation(question: Question, notes: tuple[str, ...]) -> dict[str, object]:
    """Show a question as JSON does; `notes` come after those of the reading."""
    return {
        "summary": summary(question),
        "filters": [_shown_clause(f"f{number}", clause) for number, clause in enumerate(question.clauses, 1)],
        "text": question.text_words,
        "sort": [_shown_sort(sort) for sort in question.sort or DEFAULT_ORDER],
        "ignored": [{"span": words.span, "reason": words.reason} for words in question.ignored],
        "notes": (*question.notes, *notes),
    }


def _shown_clause(identity: str, clause: Clause) -> dict[str, object]:
    return {
        "id": identity,
        **_shown_filter(clause.filter),
        "default": clause.default,
        "label": clause.label,
        "why": clause.why,
        "span": clause.span,
        "readings": (),
    }


def _shown_filter(given: Filter) -> dict[str, object]:
    """Show one comparison, or a group of them in `filters`; `negated` takes the whole."""
    negated = False
    while isinstance(given, Not):
        negated, given = not negated, given.filter
    match given:
        case Condition(field=name, operator=operator, values=values):
            shown: tuple[Value, ...] = tuple(map(_iso, values)) if _is_date(name) else values
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
        "filters": [{**_shown_filter(part), "label": label(part)} for part in parts],
    }


def _shown_sort(sort: Sort) -> str:
    return f"-{sort.field}" if sort.descending else sort.field


def _iso(value: Value) -> Value:
    return date_text(value) if isinstance(value, int) and not isinstance(value, bool) else value


@lru_cache(maxsize=1024)
def _is_date(name: str) -> bool:
    if name in JOINED:
        return True
    try:
        return field_named(name).kind is Kind.DATE
    except UnknownField:
        return False

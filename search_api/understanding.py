"""`understand`: sentence, parameters and default filters become one question."""

from collections.abc import Sequence
from datetime import datetime

from mappings.filter import And, Filter, Operator, conditions, conjunction, conjuncts
from search_api.asked import Asked
from search_api.clause import Clause, Question
from search_api.default_filters import default_clauses
from search_api.limits import ALL_VALUES, CONDITIONS, FACETS, PAGE, PATTERNS
from search_api.problem import Mistake, refused
from search_api.question.read import read
from search_api.vocabulary import Vocabulary


def understand(asked: Asked, vocabulary: Vocabulary, now: datetime, *, defaults: bool = True) -> Question:
    """Join what was said and what was named; what was named decides where both do.

    Without `defaults` it is about all images, those too that cannot be used any more.
    Raises ProblemError if the question is too large.
    """
    said = read(asked.sentence, vocabulary, now) if asked.sentence else _NOTHING_SAID
    typed = conjunction(said.filter, *[clause.filter for clause in asked.clauses])
    every = conditions(typed)
    mentioned = [condition.field for condition in every]
    added = default_clauses(frozenset(mentioned)) if defaults else ()
    size = len(mentioned) + len(said.text)
    if size > CONDITIONS:
        raise refused(Mistake(detail=f"{size} conditions are too many; at most {CONDITIONS}"))
    values = sum([len(condition.values) for condition in every])
    if values > ALL_VALUES:
        raise refused(Mistake(detail=f"{values} values are too many in one question; at most {ALL_VALUES}"))
    patterns = sum([condition.operator is Operator.WILDCARD for condition in every])
    if patterns > PATTERNS:
        raise refused(Mistake(detail=f"{patterns} patterns with * or ? are too many; at most {PATTERNS}"))
    facets = asked.facets or ()
    if said.facets:
        facets = tuple(dict.fromkeys((*facets, *said.facets)))
    limit = asked.limit if asked.limit is not None else said.limit
    return Question(
        filter=_with_defaults(typed, added),
        clauses=(*said.clauses, *asked.clauses, *added),
        text=said.text,
        text_words=said.text_words,
        text_spans=said.text_spans,
        sort=asked.sort or said.sort,
        facets=facets[:FACETS],
        limit=None if limit is None else min(limit, PAGE),
        intent=said.intent,
        ignored=said.ignored,
        notes=said.notes,
    )


def _with_defaults(typed: Filter, defaults: Sequence[Clause]) -> Filter:
    """Join what was asked with the defaults, none of which is there already: they are of other fields."""
    parts = (*conjuncts(typed), *[clause.filter for clause in defaults])
    return parts[0] if len(parts) == 1 else And(parts)


_NOTHING_SAID = Question()

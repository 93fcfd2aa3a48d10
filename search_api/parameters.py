"""`read_parameters`: the query string of a search."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from mappings.field import Field
from mappings.filter import Filter
from search_api.asked import Asked, Doubt, Form, check_doubts, read_asked
from search_api.clause import Clause
from search_api.demand import combined, demand
from search_api.limits import ERRORS, VALUES
from search_api.naming import LATER, QUESTION_NAMES, check_filterable, find_shown, unknown
from search_api.problem import Mistake, MistakeError, refused
from search_api.question.term import ValueProblem, split_terms
from search_api.terms import Named, Terms

Pairs = Iterable[tuple[str, str]]
"""Names and values of a query string, decoded, in order."""


def cursor_of(pairs: Pairs) -> str | None:
    """Find the cursor, which has to be opened before the others can be read. Raises ProblemError."""
    given = [value for name, value in pairs if name == "cursor"]
    if len(given) > 1:
        raise refused(Mistake(parameter="cursor", detail="is given twice; allowed: once"))
    return given[0] if given and given[0] else None


def read_parameters(pairs: Pairs, terms: Terms, now: datetime) -> Asked:
    """Read the parameters of a search. Raises ProblemError that names every mistake."""
    others = tuple([pair for pair in pairs if pair[0] in _NO_FIELDS])
    mistakes: list[Mistake] = []
    named, doubts = _fields(
        _grouped(pair for pair in pairs if pair[0] not in _NO_FIELDS), terms, now, mistakes
    )
    clauses = _clauses(named)
    known = terms.asked(others)
    if known is not None and not mistakes:
        return known.about(clauses, tuple(doubts))
    asked = read_asked(_grouped(others), _FORM, clauses=clauses, doubts=tuple(doubts), mistakes=mistakes)
    terms.remember_asked(others, asked)
    return asked


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


_NO_FIELDS = frozenset(QUESTION_NAMES)


def _fields(
    given: Mapping[str, list[str]], terms: Terms, now: datetime, mistakes: list[Mistake]
) -> tuple[list[Named], list[Doubt]]:
    """Read the parameters that name fields."""
    found: list[Named] = []
    doubts: list[Doubt] = []
    for name, values in given.items():
        if len(mistakes) >= ERRORS:
            break
        known = terms.named(name, values[0]) if len(values) == 1 else None
        if known is not None:
            found.append(known)
            continue
        try:
            found.append(_read_field(name, values, terms, now, doubts))
        except MistakeError as wrong:
            mistakes.append(replace(wrong.mistake, parameter=name))
    return found, doubts


def _read_field(name: str, values: Sequence[str], terms: Terms, now: datetime, doubts: list[Doubt]) -> Named:
    """Read the values given for a field under one name. Raises MistakeError."""
    spoken, field = _field(name)
    check_filterable(spoken, field)
    pieces = [piece for value in values for piece in split_terms(field, value)]
    if len(pieces) > VALUES:
        raise MistakeError(Mistake(detail=f"{len(pieces)} values are too many; at most {VALUES}"))
    certain = True
    filters: list[Filter] = []
    for start, value in pieces:
        part, doubt = read_term(name, field, value, terms, now, start=start)
        filters.append(part)
        if doubt is not None:
            certain = False
            doubts.append(replace(doubt, mistake=replace(doubt.mistake, parameter=name)))
            check_doubts(doubts)
    named = Named(spoken, tuple(filters), _demands(spoken, filters))
    if certain and len(values) == 1:
        terms.remember(name, values[0], field, named)
    return named


def _clauses(named: Sequence[Named]) -> tuple[Clause, ...]:
    """Join what was given for one field under several names."""
    by_field: dict[str, list[Named]] = {}
    for each in named:
        by_field.setdefault(each.spoken, []).append(each)
    return tuple([clause for spoken, several in by_field.items() for clause in _of_field(spoken, several)])


def _of_field(spoken: str, several: Sequence[Named]) -> tuple[Clause, ...]:
    if len(several) == 1:
        return several[0].clauses
    return _demands(spoken, [part for each in several for part in each.filters])


def _demands(spoken: str, filters: Sequence[Filter]) -> tuple[Clause, ...]:
    return tuple([demand(part, spoken, f"parameter {spoken}") for part in combined(filters)])


def read_term(
    name: str, field: Field, text: str, terms: Terms, now: datetime, *, start: int = 0
) -> tuple[Filter, Doubt | None]:
    """Read the value given for a field under a name, at `start` of what was sent. Raises MistakeError."""
    if not text:
        raise MistakeError(Mistake(detail="is empty; images that do not state it: exists:false"))
    found = terms.read(name, field, text, now)
    if not isinstance(found, ValueProblem):
        return found, None
    mistake = Mistake(
        detail=found.message,
        position=start + found.position,
        allowed=found.allowed,
        did_you_mean=found.did_you_mean,
    )
    if found.literal is None:
        raise MistakeError(mistake)
    return found.literal, Doubt(found.literal, mistake)


def _field(name: str) -> tuple[str, Field]:
    if name in LATER:
        raise MistakeError(Mistake(detail="is not supported by this version", allowed=QUESTION_NAMES))
    found = find_shown(name)
    if found is None:
        raise MistakeError(unknown(name, QUESTION_NAMES))
    return found


def _text(values: Sequence[str]) -> str:
    if len(values) > 1:
        raise MistakeError(Mistake(detail="is given twice; allowed: once"))
    return values[0]


def _number(values: Sequence[str]) -> int:
    text = _text(values)
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10):
        raise MistakeError(Mistake(detail=f"{text[:64]!r} is not a whole number", position=0))
    return int(text)


def _names(values: Sequence[str]) -> Sequence[str]:
    return [name for value in values for part in value.split(",") if (name := part.strip())]


def _place(mistake: Mistake, name: str) -> Mistake:
    return replace(mistake, parameter=name)


_FORM = Form(_text, _number, _names, _place)

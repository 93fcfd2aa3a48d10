"""Terms in a sentence: `field:value`, ids, tags with `#`, quoted words. They are taken at their word."""

import re
from collections.abc import Callable
from dataclasses import replace

from mappings.field import Exposure, Field, Kind
from mappings.field import Vocabulary as Values
from mappings.fields import UnknownField, field_named
from mappings.filter import Condition, Filter, Not, Operator, conjunction
from search_api.clause import Reason
from search_api.demand import combined, narrows
from search_api.freshness import JOINED
from search_api.question.lex import Shape, written
from search_api.question.match import Item, Shaped
from search_api.question.reading import Reading, asks, searches
from search_api.question.term import ValueProblem, parse_term_value, split_terms
from search_api.question.value import Unknown, resolve, tag_spellings

IDS = ("id", "owner", "enterprise_project_id", "original_image_id")
"""Fields that an id may be the value of."""

TAG = re.compile(r"[A-Za-z][\w.\-]*=[\w.\-:@/]+")
"""What looks like a tag: `key=value`."""


def terms(reading: Reading, at: int) -> int | None:
    """Read the item at a place if it is known by its look; give where reading goes on."""
    item = reading.items[at]
    shaped = item.get(Shaped)
    if shaped is None:
        return None
    match shaped.shape:
        case Shape.QUOTED:
            _quoted(reading, at, item, shaped)
        case Shape.TERM:
            return _term(reading, at, item)
        case Shape.UUID:
            name = reading.name if reading.name in IDS else "id"
            span = reading.name_span if reading.name in IDS else None
            given = Condition(name, Operator.IN, (shaped.text.lower(),))
            reading.nodes.append(asks(given, reading.spans(at, at + 1, span), "an id is taken whole"))
            reading.name = None
        case Shape.HASHTAG:
            reading.nodes.append(asks(tag(shaped.text[1:]), (item.span,), "# marks a tag"))
        case _:
            return None
    reading.clings = False
    return at + 1


def tag(text: str) -> Condition:
    """Demand a tag, in both spellings."""
    return Condition("tags", Operator.IN, tag_spellings(text))


def _quoted(reading: Reading, at: int, item: Item, shaped: Shaped) -> None:
    if shaped.text.strip():
        reading.nodes.append(searches(item))
    else:
        reading.leave(at, at + 1, Reason.FILLER)


def _term(reading: Reading, at: int, item: Item) -> int:
    """Read `field:value`; what names no field, or has no such value, is text."""
    term = written(item.text)
    named = field_of(term.name or item.text.rstrip(_SIGNS))
    text = item.text.rstrip(",;")
    value = term.value.rstrip(",;").removesuffix("'") if term.name else ""
    reading.clings = False
    if named is not None and not value:
        reading.notes.append(f"“{text}” was not used: no value follows")
        reading.leave(at, at + 1, Reason.FILLER)
        return at + 1
    if named is None:
        known_tag = TAG.fullmatch(text) is not None
        why = "key=value that names no field is a tag"
        reading.nodes.append(asks(tag(text), (item.span,), why) if known_tag else searches(item))
        return at + 1
    field, name = named
    sign = term.operator if term.operator in _COMPARING else ""
    end = at + 1
    if field.kind is Kind.KEYWORD and field.vocabulary is not Values.FREE and not sign:
        value, end = _longer(reading, at, value, lambda words: resolve(field, words, reading.vocabulary))
    parts = [_value(reading, field, name, part) for _, part in split_terms(field, sign + value)]
    wrong = next((part for part in parts if isinstance(part, ValueProblem)), None)
    if wrong is not None:
        reading.notes.append(f"{term.name}: {wrong.message}; searched as text")
        reading.nodes.append(searches(replace(item, text=value)))
        return at + 1
    given = combined([part for part in parts if not isinstance(part, ValueProblem)])
    whole = conjunction(*given)
    unit = asks(whole, reading.spans(at, end), "a field given by name is taken at its word")
    reading.nodes.append(replace(unit, bound=any(map(narrows, given)) and not isinstance(whole, Not)))
    reading.names_platform(whole)
    return end


def _value(reading: Reading, field: Field, name: str, text: str) -> Filter | ValueProblem:
    """Read one value; what only an image of the asker's own can hold is taken as it stands, with a note."""
    parsed = parse_term_value(field, text, reading.vocabulary, reading.now, name)
    if not isinstance(parsed, ValueProblem):
        return parsed
    meant = parsed.did_you_mean[0] if parsed.did_you_mean else ""
    if meant.startswith("neq:"):
        reading.notes.append(f"{name}: {parsed.message}; read as {meant}")
        return parse_term_value(field, meant, reading.vocabulary, reading.now, name)
    if parsed.literal is None:
        return parsed
    near = f"; did you mean {', '.join(parsed.did_you_mean)}?" if parsed.did_you_mean else ""
    reading.notes.append(f"no public image has {name} {text[parsed.position :]!r}{near}")
    return parsed.literal


_SIGNS = "=:<>!"
_COMPARING = ("!=", ">=", "<=", ">", "<")


def field_of(name: str) -> tuple[Field, str] | None:
    """Find the field that a term names, in any case; none that is only for the catalogue's own use."""
    for spelled in (name, name.lower()):
        if spelled in JOINED:
            return JOINED[spelled], spelled
        try:
            field = field_named(spelled)
        except UnknownField:
            continue
        if field.filterable and field.exposure is not Exposure.INTERNAL:
            return field, spelled
    return None


def _longer(reading: Reading, at: int, value: str, resolved: Callable[[str], object]) -> tuple[str, int]:
    """Take further words into an unquoted value where the field knows the longer one: `platform:Red Hat`."""
    best = (value, at + 1)
    text = value
    if '"' in value or "," in value or ":" in value:
        return best
    for end in range(at + 1, min(at + 4, len(reading.items))):
        if reading.items[end].get(Shaped) is not None:
            break
        text = f"{text} {reading.items[end].text}"
        if not isinstance(resolved(text), Unknown):
            best = (text, end + 1)
    return best

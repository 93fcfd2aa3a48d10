"""`read_filter`: a filter tree as JSON.

    {"and": [...]}  {"or": [...]}  {"not": {...}}  {"field": "platform", "in": ["Ubuntu"]}

A condition has one operator: `in` with a list, `exists` with true or false, all others with one value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.field import Field, Kind
from mappings.field import Vocabulary as Values
from mappings.filter import EVERY, TEXT, And, Condition, Filter, Not, Operator, Or, conditions
from search_api.asked import Doubt, check_doubts
from search_api.demand import combined
from search_api.limits import CONDITIONS, DEPTH, VALUES
from search_api.naming import check_filterable, near, shown_field
from search_api.parameters import read_term
from search_api.problem import Mistake, MistakeError
from search_api.question.meaning import When
from search_api.question.moment import interval, within
from search_api.question.term import ValueProblem, pattern
from search_api.question.value import Unknown, resolve
from search_api.terms import Terms

_ORDERED = frozenset((Kind.INTEGER, Kind.DATE, Kind.VERSION))
_WRITTEN = frozenset((Kind.KEYWORD, Kind.TEXT, Kind.MAP))
_BOUNDS = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
_OPERATORS = tuple(operator.value for operator in Operator)
_SHAPES = ("and", "or", "not", "field")


@dataclass(frozen=True, slots=True)
class Tree:
    """A filter, and the values in it that only an image of the caller's own can hold."""

    filter: Filter = EVERY
    doubts: tuple[Doubt, ...] = ()


def read_filter(value: object, terms: Terms, now: datetime) -> Tree:
    """Read a tree. Raises MistakeError with the pointer of what is wrong."""
    reader = _Reader(terms, now, [])
    found = reader.filter(value, "/filter", 1)
    if sum(1 for _ in conditions(found)) > CONDITIONS:
        raise MistakeError(
            Mistake(pointer="/filter", detail=f"has too many conditions; at most {CONDITIONS}")
        )
    return Tree(found, tuple(reader.doubts))


@dataclass(frozen=True, slots=True)
class _Reader:
    terms: Terms
    now: datetime
    doubts: list[Doubt]

    def filter(self, value: object, pointer: str, depth: int) -> Filter:
        if not isinstance(value, dict):
            raise _wrong(pointer, "is not an object", _SHAPES)
        if depth > DEPTH:
            raise _wrong(pointer, f"is nested too deeply; at most {DEPTH} levels")
        if "field" in value:
            return self._condition(value, pointer)
        if len(value) != 1:
            raise _wrong(pointer, "must have one key", _SHAPES)
        (shape, inner), *_ = value.items()
        match shape:
            case "and":
                return And(self._all(inner, f"{pointer}/and", depth))
            case "or":
                return Or(self._all(inner, f"{pointer}/or", depth))
            case "not":
                return Not(self.filter(inner, f"{pointer}/not", depth + 1))
            case _:
                detail = f"{shape[:64]!r} is not a kind of filter"
                raise _wrong(pointer, detail, _SHAPES, near(shape, _SHAPES))

    def _all(self, value: object, pointer: str, depth: int) -> tuple[Filter, ...]:
        if not isinstance(value, list) or not value:
            raise _wrong(pointer, "is not a list of filters, at least one")
        if len(value) > CONDITIONS:
            raise _wrong(pointer, f"has too many filters; at most {CONDITIONS}")
        return tuple(self.filter(part, f"{pointer}/{index}", depth + 1) for index, part in enumerate(value))

    def _condition(self, value: Mapping[str, object], pointer: str) -> Filter:
        operators = [key for key in value if key != "field"]
        for key in operators:
            if key not in _OPERATORS:
                raise _wrong(pointer, f"{key[:64]!r} is not an operator", _OPERATORS, near(key, _OPERATORS))
        if len(operators) != 1:
            raise _wrong(pointer, "must have one operator", _OPERATORS)
        operator = Operator(operators[0])
        name, given = value["field"], value[operator]
        if not isinstance(name, str):
            raise _wrong(f"{pointer}/field", "is not a string")
        at = f"{pointer}/{operator}"
        if name == TEXT:
            return _text_condition(operator, given, at)
        try:
            spoken, field = shown_field(name)
            check_filterable(spoken, field)
        except MistakeError as wrong:
            raise MistakeError(replace(wrong.mistake, pointer=f"{pointer}/field")) from None
        return self._compared(_Named(name, spoken, field), operator, given, at)

    def _compared(self, named: "_Named", operator: Operator, given: object, at: str) -> Filter:
        spoken, field = named.spoken, named.field
        match operator:
            case Operator.EXISTS:
                return _existence(spoken, given, at)
            case Operator.IN:
                return self._one_of(named, given, at)
            case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
                if field.kind not in _ORDERED:
                    raise _wrong(at, f"{field.name} has no order", _operators(field))
                return self._term(named, f"{operator}:{_text(given, at)}", at)
            case Operator.PREFIX | Operator.WILDCARD:
                if field.kind not in _WRITTEN:
                    raise _wrong(at, f"{field.name} is no text", _operators(field))
                return _written(spoken, operator, given, at)
            case Operator.MATCH | Operator.PHRASE:
                if not field.text and field.kind is not Kind.TEXT:
                    raise _wrong(at, f"{field.name} is not searched as text", _operators(field))
                return _words(spoken, operator, given, at)

    def _one_of(self, named: "_Named", given: object, at: str) -> Filter:
        if not isinstance(given, list) or not given:
            raise _wrong(at, "is not a list of values")
        if len(given) > VALUES:
            raise _wrong(at, f"has too many values; at most {VALUES}")
        parts = [self._value(named, value, f"{at}/{index}") for index, value in enumerate(given)]
        joined = combined(parts)
        return joined[0] if len(joined) == 1 else And(joined)

    def _value(self, named: "_Named", value: object, at: str) -> Filter:
        """Read a value as it stands: what would be an operator in a parameter is none in a body."""
        text, field = _text(value, at), named.field
        if field.kind is Kind.DATE:
            taken = interval(text)
            if taken is None:
                raise _wrong(at, f"{text[:64]!r} is not a date such as 2025, 2025-03 or 2025-03-15T12:00:00Z")
            return within(named.spoken, When.IN, taken)
        if field.kind not in _WRITTEN:
            found = resolve(field, text, self.terms.vocabulary)
            if isinstance(found, Unknown):
                raise _wrong(at, f"{text[:64]!r} {found.expected}", found.allowed, found.did_you_mean)
            return Condition(named.spoken, Operator.IN, found)
        if '"' not in text:
            return self._term(named, f'"{text}"', at)
        # It cannot be put into quotes, hence is none of the documented values either.
        if field.vocabulary is Values.CLOSED:
            known = self.terms.vocabulary.known(field.name)
            raise _wrong(at, f"{text[:64]!r} is not a value of {field.name}", known)
        return Condition(named.spoken, Operator.IN, (text,))

    def _term(self, named: "_Named", text: str, at: str) -> Filter:
        try:
            found, doubt = read_term(named.name, named.field, text, self.terms, self.now)
        except MistakeError as wrong:
            raise MistakeError(_at(wrong.mistake, at)) from None
        if doubt is not None:
            self.doubts.append(replace(doubt, mistake=_at(doubt.mistake, at)))
            check_doubts(self.doubts)
        return found


@dataclass(frozen=True, slots=True)
class _Named:
    """A field, the name that was used for it, and the one that conditions use."""

    name: str
    spoken: str
    field: Field


def _at(mistake: Mistake, pointer: str) -> Mistake:
    """Point at the value; positions and operators of parameters mean nothing here."""
    meant = tuple(value for value in mistake.did_you_mean if not value.startswith("neq:"))
    return replace(mistake, pointer=pointer, position=None, did_you_mean=meant)


def _text_condition(operator: Operator, given: object, at: str) -> Condition:
    if operator not in (Operator.MATCH, Operator.PHRASE):
        raise _wrong(at, "text is searched by match or phrase", (Operator.MATCH, Operator.PHRASE))
    return _words(TEXT, operator, given, at)


def _existence(spoken: str, given: object, at: str) -> Filter:
    if not isinstance(given, bool):
        raise _wrong(at, "is not a boolean", ("true", "false"))
    stated = Condition(spoken, Operator.EXISTS)
    return stated if given else Not(stated)


def _written(spoken: str, operator: Operator, given: object, at: str) -> Condition:
    text = _text(given, at)
    if operator is Operator.PREFIX:
        return Condition(spoken, operator, (text,))
    found = pattern(text)
    if isinstance(found, ValueProblem):
        raise _wrong(at, found.message)
    return Condition(spoken, operator, (found,))


def _words(spoken: str, operator: Operator, given: object, at: str) -> Condition:
    return Condition(spoken, operator, (_text(given, at),))


def _text(value: object, at: str) -> str:
    """Write one value as parameters do."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str() if value:
            return value
        case _:
            raise _wrong(at, "is not a string, number or boolean with a value")


def _operators(field: Field) -> tuple[str, ...]:
    fit = [Operator.IN.value, Operator.EXISTS.value]
    if field.kind in _ORDERED:
        fit += [bound.value for bound in _BOUNDS]
    if field.kind in _WRITTEN:
        fit += [Operator.PREFIX.value, Operator.WILDCARD.value]
    if field.text or field.kind is Kind.TEXT:
        fit += [Operator.MATCH.value, Operator.PHRASE.value]
    return tuple(fit)


def _wrong(
    pointer: str, detail: str, allowed: tuple[str, ...] = (), did_you_mean: tuple[str, ...] = ()
) -> MistakeError:
    return MistakeError(Mistake(pointer=pointer, detail=detail, allowed=allowed, did_you_mean=did_you_mean))

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
from search_api.terms import Terms

_ORDERED = frozenset((Kind.INTEGER, Kind.DATE, Kind.VERSION))
_WRITTEN = frozenset((Kind.KEYWORD, Kind.TEXT, Kind.MAP))
_BOUNDS = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
_OPERATORS = tuple(operator.value for operator in Operator)
_SHAPES = ("and", "or", "not", "field")
_WILDCARD_LITERALS = 2


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
        if not isinstance(value, list):
            raise _wrong(pointer, "is not a list of filters")
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
        return self._compared(spoken, field, operator, given, at)

    def _compared(self, spoken: str, field: Field, operator: Operator, given: object, at: str) -> Filter:
        match operator:
            case Operator.EXISTS:
                return _existence(spoken, given, at)
            case Operator.IN:
                return self._one_of(spoken, field, given, at)
            case Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
                if field.kind not in _ORDERED:
                    raise _wrong(at, f"{field.name} has no order", _operators(field))
                return self._term(spoken, field, f"{operator}:{_text(given, at)}", at)
            case Operator.PREFIX | Operator.WILDCARD:
                if field.kind not in _WRITTEN:
                    raise _wrong(at, f"{field.name} is no text", _operators(field))
                return _pattern(spoken, operator, given, at)
            case Operator.MATCH | Operator.PHRASE:
                if not field.text and field.kind is not Kind.TEXT:
                    raise _wrong(at, f"{field.name} is not searched as text", _operators(field))
                return _words(spoken, operator, given, at)

    def _one_of(self, spoken: str, field: Field, given: object, at: str) -> Filter:
        if not isinstance(given, list) or not given:
            raise _wrong(at, "is not a list of values")
        if len(given) > VALUES:
            raise _wrong(at, f"has too many values; at most {VALUES}")
        parts = [self._value(spoken, field, value, f"{at}/{index}") for index, value in enumerate(given)]
        joined = combined(parts)
        return joined[0] if len(joined) == 1 else And(joined)

    def _value(self, spoken: str, field: Field, value: object, at: str) -> Filter:
        text = _text(value, at)
        if field.kind not in _WRITTEN or not isinstance(value, str):
            return self._term(spoken, field, text, at)
        if '"' not in text:
            return self._term(spoken, field, f'"{text}"', at)
        # It cannot be put into quotes, hence is none of the documented values either.
        if field.vocabulary is Values.CLOSED:
            raise _wrong(
                at, f"{text[:64]!r} is not a value of {field.name}", self.terms.vocabulary.known(field.name)
            )
        return Condition(spoken, Operator.IN, (text,))

    def _term(self, spoken: str, field: Field, text: str, at: str) -> Filter:
        try:
            found, doubt = read_term(spoken, field, text, self.terms, self.now)
        except MistakeError as wrong:
            raise MistakeError(replace(wrong.mistake, pointer=at)) from None
        if doubt is not None:
            self.doubts.append(replace(doubt, mistake=replace(doubt.mistake, pointer=at)))
            check_doubts(self.doubts)
        return found


def _text_condition(operator: Operator, given: object, at: str) -> Condition:
    if operator not in (Operator.MATCH, Operator.PHRASE):
        raise _wrong(at, "text is searched by match or phrase", (Operator.MATCH, Operator.PHRASE))
    return _words(TEXT, operator, given, at)


def _existence(spoken: str, given: object, at: str) -> Filter:
    if not isinstance(given, bool):
        raise _wrong(at, "is not a boolean", ("true", "false"))
    stated = Condition(spoken, Operator.EXISTS)
    return stated if given else Not(stated)


def _pattern(spoken: str, operator: Operator, given: object, at: str) -> Condition:
    text = _text(given, at)
    if operator is Operator.WILDCARD and len(text) - text.count("*") - text.count("?") < _WILDCARD_LITERALS:
        raise _wrong(at, f"needs at least {_WILDCARD_LITERALS} characters that are not * or ?")
    return Condition(spoken, operator, (text,))


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

"""`phrases`: the word lists beside this file, read into phrases and their meanings."""

import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.resources import files

from engines.query import Sort
from mappings.field import Kind
from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Not, Operator, Or, Value
from search_api.question.lex import joined, lex
from search_api.question.meaning import (
    Bounds,
    Calendar,
    Compares,
    Length,
    Meaning,
    Month,
    Names,
    Orders,
    PartOfYear,
    Period,
    Role,
    Says,
    SizeUnit,
    TimeUnit,
    When,
)

LANGUAGES = ("english", "chinese", "german", "french", "spanish")


@lru_cache(maxsize=1)
def phrases() -> tuple[tuple[str, Meaning], ...]:
    """All phrases of the word lists with a meaning each, those of an earlier language first."""
    return tuple(entry for language in LANGUAGES for entry in phrases_of(language))


@lru_cache(maxsize=8)
def phrases_of(language: str) -> tuple[tuple[str, Meaning], ...]:
    """The phrases of one list."""
    return tuple(
        (phrase, _meaning(table, entry))
        for table, entries in _tables(language).items()
        if table != "traditional"
        for entry, words in entries.items()
        for phrase in words
    )


@lru_cache(maxsize=1)
def traditional() -> dict[int, int]:
    """Simplified characters by traditional ones, for `str.translate`."""
    tables = _tables("chinese").get("traditional", {})
    return {ord(old): ord(new) for olds, news in tables.items() for old, new in zip(olds, news, strict=True)}


@lru_cache(maxsize=1)
def units() -> dict[str, int]:
    """Bytes by each word for a unit of information."""
    return {
        word: SIZES[unit]
        for language in LANGUAGES
        for unit, words in _tables(language).get("size", {}).items()
        for word in words
    }


def phrase_key(phrase: str) -> str:
    """Write a phrase as it is looked up."""
    pieces = lex(phrase, traditional())
    return joined(pieces, 0, len(pieces)) if pieces else ""


@lru_cache(maxsize=8)
def _tables(language: str) -> dict[str, dict[str, list[str]]]:
    text = files("search_api.question").joinpath(f"words/{language}.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, list[str]]] = tomllib.loads(text)
    return tables


def _meaning(table: str, entry: str) -> Meaning:
    """Read an entry of a table. Raises KeyError for a table that there is not."""
    return _TABLES[table](entry)


def _order(entry: str) -> Orders:
    return Orders(Sort(field_named(entry.lstrip("-")).name, descending=entry.startswith("-")))


def _part_of_year(entry: str) -> PartOfYear:
    months, first = map(int, entry.split())
    return PartOfYear(months, first)


def _length(entry: str) -> Length:
    count, unit = entry.split()
    return Length(int(count), unit)


SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
"""Bytes of a unit. Cloud interfaces count memory and disks in powers of 1024 under these names."""


def _says(entry: str) -> Says:
    alternatives = [list(_terms(alternative)) for alternative in entry.split(" | ")]
    text = " ".join(term for terms in alternatives for term in terms if isinstance(term, str))
    filters = [tuple(term for term in terms if not isinstance(term, str)) for terms in alternatives]
    either = [parts[0] if len(parts) == 1 else And(parts) for parts in filters]
    return Says(either[0] if len(either) == 1 else Or(tuple(either)), text)


def _terms(entry: str) -> Iterator[Filter | str]:
    for term in entry.split(" & "):
        if term.startswith("~"):
            yield term[1:]
        elif term.startswith("-"):
            yield Not(_condition(term[1:]))
        else:
            yield _condition(term)


def _condition(term: str) -> Condition:
    name, _, value = term.partition(":")
    field = field_named(name)
    if value == "*":
        return Condition(field.name, Operator.EXISTS)
    values: tuple[Value, ...] = tuple(value.split(","))
    if field.kind is Kind.BOOLEAN:
        values = (value == "true",)
    elif field.kind is Kind.INTEGER:
        values = (int(value),)
    return Condition(field.name, Operator.IN, values)


_TABLES: dict[str, Callable[[str], Meaning]] = {
    "says": _says,
    "names": lambda entry: Names(field_named(entry).name),
    "order": _order,
    "compare": lambda entry: Compares(Operator(entry)),
    "compare_behind": lambda entry: Compares(Operator(entry), behind=True),
    "date_compare": lambda entry: Bounds(When(entry)),
    "date_compare_behind": lambda entry: Bounds(When(entry), behind=True),
    "period": Period,
    "part_of_year": _part_of_year,
    "month": lambda entry: Month(int(entry)),
    "calendar": Calendar,
    "duration": TimeUnit,
    "span": _length,
    "size": lambda entry: SizeUnit(SIZES[entry]),
    "structure": Role,
}

"""`read_body`: the JSON body of a search."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

import orjson

from mappings.filter import conjuncts
from search_api.asked import (
    Asked,
    facet_names,
    histogram_names,
    page_limit,
    pivot_fields,
    selection,
    sort_levels,
    sum_names,
)
from search_api.demand import demand
from search_api.filter_tree import Tree, read_filter
from search_api.limits import SENTENCE
from search_api.naming import near
from search_api.problem import Mistake, MistakeError, ProblemError, refused
from search_api.terms import Terms

_T = TypeVar("_T")

KEYS = ("q", "filter", "facets", "histograms", "pivot", "sum", "sort", "limit", "cursor", "fields")


def parse_body(body: bytes) -> Mapping[str, object]:
    """Parse a body: a JSON object with known keys, none of them twice. Raises ProblemError."""
    try:
        content: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad_json(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    if not isinstance(content, dict):
        raise _bad_json("The body is not a JSON object.")
    _check_keys(body)
    strangers = [key for key in content if key not in KEYS]
    if strangers:
        raise refused(
            *(
                Mistake(
                    pointer=f"/{escaped(key)}",
                    detail="is not a key of a search",
                    allowed=KEYS,
                    did_you_mean=near(key, KEYS),
                )
                for key in strangers
            )
        )
    return content


def _check_keys(body: bytes) -> None:
    """Refuse an object that has a key twice: the reader above keeps the last one and says nothing."""

    def once(members: list[tuple[str, object]]) -> None:
        keys = set()
        for key, _ in members:
            if key in keys:
                raise _bad_json(f"The body has an object with the key {key[:64]!r} twice.")
            keys.add(key)

    try:
        json.loads(body, object_pairs_hook=once, parse_int=str, parse_float=str)
    except RecursionError:
        raise _bad_json("The body is nested too deeply.") from None


def _bad_json(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, "bad-json", detail)


def cursor_in(content: Mapping[str, object]) -> str | None:
    """Find the cursor. Raises ProblemError."""
    cursor = content.get("cursor")
    if cursor is None or isinstance(cursor, str):
        return cursor or None
    raise refused(Mistake(pointer="/cursor", detail="is not a string or null"))


def read_body(content: Mapping[str, object], terms: Terms, now: datetime) -> Asked:
    """Read the body of a search. Raises ProblemError that names every mistake."""
    mistakes: list[Mistake] = []

    def read(key: str, reader: Callable[[object], _T], absent: _T) -> _T:
        value = content.get(key)
        if value is None:
            return absent
        try:
            return reader(value)
        except MistakeError as wrong:
            mistakes.append(replace(wrong.mistake, pointer=wrong.mistake.pointer or f"/{key}"))
            return absent

    tree = read("filter", lambda value: read_filter(value, terms, now), Tree())
    asked = Asked(
        sentence=read("q", _sentence, ""),
        clauses=tuple(demand(part, "filter", "filter of the body") for part in conjuncts(tree.filter)),
        doubts=tree.doubts,
        facets=read("facets", lambda value: facet_names(_names(value)), None),
        histograms=read("histograms", lambda value: histogram_names(_names(value)), ()),
        pivot=read("pivot", lambda value: pivot_fields(_names(value)), None),
        sums=read("sum", lambda value: sum_names(_names(value)), ()),
        sort=read("sort", lambda value: sort_levels(_names(value)), ()),
        limit=read("limit", _limit, None),
        selection=read("fields", lambda value: selection(_names(value)), ()),
    )
    if mistakes:
        raise refused(*mistakes)
    return asked


def escaped(key: str) -> str:
    """Write a key as a part of a JSON pointer."""
    return key[:64].replace("~", "~0").replace("/", "~1")


def _names(value: object) -> tuple[str, ...]:
    return tuple(_strings(value))


def _strings(value: object) -> Iterator[str]:
    if not isinstance(value, list):
        raise MistakeError(Mistake(detail="is not a list of strings"))
    for part in value:
        if not isinstance(part, str):
            raise MistakeError(Mistake(detail="is not a list of strings"))
        yield part


def _sentence(value: object) -> str:
    if not isinstance(value, str):
        raise MistakeError(Mistake(detail="is not a string"))
    if len(value) > SENTENCE:
        raise MistakeError(Mistake(detail=f"is longer than {SENTENCE} characters", position=SENTENCE))
    return value


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise MistakeError(Mistake(detail="is not a whole number"))
    return page_limit(value)

"""`read_body`: the JSON body of a search."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

import orjson

from mappings.filter import conjuncts
from search_api.asked import Asked, Form, read_asked
from search_api.demand import demand
from search_api.filter_tree import Tree, read_filter
from search_api.naming import QUESTION_NAMES, near
from search_api.problem import Mistake, MistakeError, ProblemError, refused
from search_api.terms import Terms

_FILTER = "filter"
KEYS = (*QUESTION_NAMES, _FILTER)


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
    tree = _tree(content.get(_FILTER), terms, now, mistakes)
    clauses = tuple(demand(part, "filter", "filter of the body") for part in conjuncts(tree.filter))
    return read_asked(content, _FORM, clauses=clauses, doubts=tree.doubts, mistakes=mistakes)


def _tree(value: object, terms: Terms, now: datetime, mistakes: list[Mistake]) -> Tree:
    if value is None:
        return Tree()
    try:
        return read_filter(value, terms, now)
    except MistakeError as wrong:
        mistakes.extend(_place(mistake, _FILTER) for mistake in wrong.mistakes)
        return Tree()


def escaped(key: str) -> str:
    """Write a key as a part of a JSON pointer."""
    return key[:64].replace("~", "~0").replace("/", "~1")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MistakeError(Mistake(detail="is not a string"))
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise MistakeError(Mistake(detail="is not a whole number"))
    return value


def _names(value: object) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise MistakeError(Mistake(detail='is not a list of strings: ["NAME", ...]'))
    return value


def _place(mistake: Mistake, key: str) -> Mistake:
    return mistake if mistake.pointer else replace(mistake, pointer=f"/{key}")


_FORM = Form(_text, _number, _names, _place)

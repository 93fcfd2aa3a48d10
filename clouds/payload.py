"""`read_json`: the body of an answer as values, so that one poisoned record never costs its page.

`object_of` and `objects_of` narrow such values to what a call promises.
"""

import json

import orjson

_LONGEST_INTEGER = 40


Record = dict[str, object]


class BadAnswer(ValueError):
    """An answer that is not what its call promises; the message names what was wrong."""


def read_json(body: bytes) -> object:
    """Read a JSON body; raises `BadAnswer`, and nothing else, when it is none.

    What the strict reader refuses is read once more by the lenient one: lone surrogates and raw control
    characters stay in the text, NaN and infinities become floats, an integer of more than 40 digits becomes a
    float, bytes that are not UTF-8 become U+FFFD.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _read_leniently(body)


def object_of(value: object, what: str) -> Record:
    """Narrow `value` to an object, or raise `BadAnswer` naming `what` it should have been."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{what} is an object, this is {name_of(value)}")
    return value


def objects_of(answer: Record, key: str, what: str) -> tuple[Record, ...]:
    """Give the list of objects that `answer` holds under `key`, or raise `BadAnswer`."""
    if key not in answer:
        raise BadAnswer(f"{what} holds a list {key!r}, this has none; its keys are {sorted(answer)[:10]}")
    values = answer[key]
    if not isinstance(values, list):
        raise BadAnswer(f"{key!r} of {what} is a list, this is {name_of(values)}")
    return tuple(object_of(value, f"each of {key!r}") for value in values)


def name_of(value: object) -> str:
    """Say what kind of JSON value it is, as in "this is an array"."""
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _read_leniently(body: bytes) -> object:
    text = body.decode("utf-8-sig", errors="replace")
    try:
        value: object = json.loads(text, strict=False, parse_int=_integer)
    except RecursionError:
        raise BadAnswer("the answer is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise BadAnswer(
            f"the answer is not JSON: {error.msg} at character {error.pos}{_kind(text)}"
        ) from None
    except (ValueError, MemoryError) as error:
        raise BadAnswer(f"the answer is not JSON: {type(error).__name__}") from None
    return value


def _integer(digits: str) -> int | float:
    # int() of a text beyond 4,300 digits raises; float() gives infinity.
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _kind(text: str) -> str:
    start = text.lstrip()[:15].lower()
    if not start:
        return " (empty)"
    return " (an HTML page)" if start.startswith(("<!doctype", "<html")) else ""

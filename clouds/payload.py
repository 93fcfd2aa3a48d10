"""`read_json`: the body of an answer as values, so that one poisoned record never costs its page."""

import json

import orjson

_LONGEST_INTEGER = 40


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

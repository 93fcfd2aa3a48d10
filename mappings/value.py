"""Wire values to values of a kind: one reader per kind, total, and bounded in what it gives.

A reader gets any JSON value that is set and gives the value, or `Flawed` where not all of it could be read.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import orjson

from mappings.date import milliseconds
from mappings.filter import Value

KEYWORD_BYTES = 2_048
"""UTF-8 bytes that the index keeps of a keyword, a tag or a value of the map."""
TEXT_BYTES = 4_096
"""UTF-8 bytes that the index keeps of a text: a description's 1,024 characters of any script."""
MANY = 500
"""Values that the index keeps of a field of many values."""
LARGEST = 2**53 - 1
"""The largest number that every JSON reader keeps exact."""

Read = Value | tuple[str, ...] | None


class Reason(StrEnum):
    """What was wrong with an attribute."""

    NO_ID = "no usable id"
    NOT_TEXT = "not text"
    NOT_A_BOOLEAN = "not a boolean"
    NOT_AN_INTEGER = "not an integer"
    OUT_OF_RANGE = "out of range"
    NOT_A_DATE = "not a date"
    NOT_A_LIST = "not a list of texts"
    NOT_FEATURES = "not a JSON object of features"
    CUT = "too long, cut in the index"
    TOO_MANY = "too many, the rest left out of the index"
    BROKEN_CHARACTERS = "characters that are no Unicode, replaced"
    NOT_JSON = "a value that JSON cannot hold, replaced"
    OTHER_LISTING = "speaks of another listing, shown to fewer or with less"


@dataclass(frozen=True, slots=True)
class Flawed:
    """What could be read of a value (None: nothing), and why that is not all."""

    reason: Reason
    value: Read = None


Reader = Callable[[object], Read | Flawed]


def text_of(read: str | Flawed) -> str:
    """Give the text that could be read."""
    return str(read.value or "") if isinstance(read, Flawed) else read


def bounded(text: str, limit: int) -> str | Flawed:
    """Give text of at most `limit` UTF-8 bytes, cut between characters, without lone surrogates."""
    if len(text) <= limit and text.isascii():
        return text
    # No character is cut off that could count: each has at least one byte.
    head = text[: limit + 1]
    try:
        encoded = head.encode()
    except UnicodeEncodeError:
        return Flawed(Reason.BROKEN_CHARACTERS, text_of(bounded(without_surrogates(text), limit)))
    if len(text) <= limit and len(encoded) <= limit:
        return text
    return Flawed(Reason.CUT, encoded[:limit].decode("utf-8", "ignore"))


def without_surrogates(text: str) -> str:
    """Replace lone surrogates, which no encoding knows, by the replacement character."""
    return _SURROGATE.sub("\ufffd", text)


def keyword(value: object) -> Read | Flawed:
    """Read a keyword: text, or an integer where a cloud writes one (`64`)."""
    if isinstance(value, str):
        return bounded(value, KEYWORD_BYTES)
    if isinstance(value, int) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST:
        return str(value)
    return Flawed(Reason.NOT_TEXT)


def text(value: object) -> Read | Flawed:
    """Read a text."""
    return bounded(value, TEXT_BYTES) if isinstance(value, str) else keyword(value)


def boolean(value: object) -> Read | Flawed:
    """Read a boolean: a real one, or `true` and `false` in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        known = _BOOLEANS.get(value)
        if known is None and len(value) < 16:
            known = _BOOLEANS.get(value.strip().lower())
        if known is not None:
            return known
    return Flawed(Reason.NOT_A_BOOLEAN)


def integer(value: object) -> Read | Flawed:
    """Read a count: an integer from 0 to `LARGEST`, also as text or as a float without a fraction."""
    if isinstance(value, bool):
        return Flawed(Reason.NOT_AN_INTEGER)
    number: int
    if isinstance(value, int):
        number = value
    elif isinstance(value, float):
        if not math.isfinite(value) or not value.is_integer():
            return Flawed(Reason.NOT_AN_INTEGER)
        number = int(value)
    elif isinstance(value, str):
        found = _INTEGER.fullmatch(value)
        if found is None:
            return Flawed(Reason.NOT_AN_INTEGER)
        if len(found[1]) > _DIGITS:
            return Flawed(Reason.OUT_OF_RANGE)
        number = int(found[1])
    else:
        return Flawed(Reason.NOT_AN_INTEGER)
    return number if 0 <= number <= LARGEST else Flawed(Reason.OUT_OF_RANGE)


def date(value: object) -> Read | Flawed:
    """Read a date with time as milliseconds."""
    if isinstance(value, str) and len(value) <= _DATE_LENGTH:
        return _date(value)
    return Flawed(Reason.NOT_A_DATE)


def texts(value: object) -> Read | Flawed:
    """Read a list of texts, such as tags: trimmed, each once, sorted; without empty ones."""
    if isinstance(value, list | tuple):
        return _many(value)
    return Flawed(Reason.NOT_A_LIST)


def comma_list(value: object) -> Read | Flawed:
    """Read `a,b` or a list: trimmed, each once, sorted; without empty ones."""
    if isinstance(value, str):
        return _many(value.split(","))
    return texts(value)


def features(value: object) -> Read | Flawed:
    """Read `{"onekey_resetpasswd": "true"}`, as JSON text or as an object: the keys that are true, sorted."""
    if isinstance(value, str):
        if len(value) > _FEATURES_LENGTH:
            return Flawed(Reason.CUT)
        try:
            value = orjson.loads(value)
        except ValueError:
            return Flawed(Reason.NOT_FEATURES)
    if not isinstance(value, Mapping):
        return Flawed(Reason.NOT_FEATURES)
    return _many([str(key) for key, held in value.items() if boolean(held) is True])


def location(value: object) -> Read | Flawed:
    """Read where the file is kept: text, or Glance's list of `{"url": ...}`, of which the first counts."""
    if not isinstance(value, list):
        return keyword(value)
    urls = (entry.get("url") for entry in value if isinstance(entry, Mapping))
    first = next((url for url in urls if isinstance(url, str) and url), None)
    return None if first is None else keyword(first)


_SURROGATE = re.compile("[\ud800-\udfff]")
_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}
_DIGITS = 16
_INTEGER = re.compile(r"\s*([+-]?[0-9]+)(?:\.0+)?\s*", re.ASCII)
_DATE_LENGTH = 64
_FIRST_DATE = milliseconds("0001-01-01T00:00:00Z")
_LAST_DATE = milliseconds("9999-12-31T23:59:59.999Z")
_FEATURES_LENGTH = 65_536


@lru_cache(maxsize=65_536)
def _date(value: str) -> int | Flawed:
    try:
        moment = milliseconds(value)
    except (ValueError, OverflowError):
        return Flawed(Reason.NOT_A_DATE)
    return moment if _FIRST_DATE <= moment <= _LAST_DATE else Flawed(Reason.OUT_OF_RANGE)


def _many(values: Iterable[object]) -> Read | Flawed:
    flaw: Reason | None = None
    kept: set[str] = set()
    for value in values:
        read = bounded(value.strip(), KEYWORD_BYTES) if isinstance(value, str) else Flawed(Reason.NOT_A_LIST)
        if isinstance(read, Flawed):
            flaw = flaw or read.reason
        if whole := text_of(read):
            kept.add(whole)
    ordered = tuple(sorted(kept))
    if len(ordered) > MANY:
        ordered, flaw = ordered[:MANY], flaw or Reason.TOO_MANY
    held = ordered or None
    return held if flaw is None else Flawed(flaw, held)

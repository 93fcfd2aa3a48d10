"""`resolve`: what somebody wrote as a value becomes the values of the field."""

import re
from dataclasses import dataclass
from decimal import Decimal

from mappings.field import Field, Kind
from mappings.field import Vocabulary as Values
from mappings.filter import Value
from mappings.text import platform_key
from mappings.version import canonical_version
from search_api.question.spelling import near_misses
from search_api.question.words import SIZES, units
from search_api.vocabulary import Vocabulary

LARGEST = 2**53 - 1
"""Numbers beyond are not kept exactly by every JSON reader."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not a value of the field: what it has to be, the values there are, those that may have been meant."""

    expected: str
    allowed: tuple[str, ...] = ()
    did_you_mean: tuple[str, ...] = ()
    literal: tuple[Value, ...] | None = None


def resolve(field: Field, raw: str, vocabulary: Vocabulary) -> tuple[Value, ...] | Unknown:
    """Give the values of a field that a text names; several where one word means several.

    Dates are not values but intervals (`moment.interval`).
    """
    match field.kind:
        case Kind.BOOLEAN:
            return _boolean(raw)
        case Kind.INTEGER:
            return _integer(field, raw)
        case Kind.VERSION:
            return _version(raw)
        case Kind.KEYWORD:
            return _keyword(field, raw, vocabulary)
        case _:
            return (raw,)


def in_unit(field: Field, size: Decimal) -> Decimal:
    """Express bytes in the unit of a field."""
    return size / UNITS.get(field.unit or "", 1)


UNITS = {"bytes": 1, "MB": SIZES["MB"], "GB": SIZES["GB"]}
"""Bytes in the unit of a field."""

_FLAGS = {
    "true": True,
    "yes": True,
    "1": True,
    "on": True,
    "false": False,
    "no": False,
    "0": False,
    "off": False,
}
_QUANTITY = re.compile(r"([+-]?\d{1,18}(?:\.\d{1,9})?)\s*([^\W\d]*)", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE | re.ASCII)


def _boolean(raw: str) -> tuple[Value, ...] | Unknown:
    flag = _FLAGS.get(raw.strip().casefold())
    return Unknown("is not true or false", ("true", "false")) if flag is None else (flag,)


def _integer(field: Field, raw: str) -> tuple[Value, ...] | Unknown:
    found = _QUANTITY.fullmatch(raw.strip())
    unit = found[2].casefold() if found else ""
    sized = field.unit in UNITS
    if found is None or (unit and not (sized and unit in units())):
        example = f", with or without a unit ({field.unit} where none is given)" if sized else ""
        return Unknown(f"is not a whole number{example}")
    number = Decimal(found[1])
    if unit:
        number = in_unit(field, number * units()[unit])
    if number != int(number):
        return Unknown(f"is not a whole number of {field.unit}" if sized else "is not a whole number")
    if abs(number) > LARGEST:
        return Unknown("is too large a number")
    return (int(number),)


def _version(raw: str) -> tuple[Value, ...] | Unknown:
    text = raw.strip()
    try:
        return (canonical_version(text[:-2] if text[-2:] in (".x", ".X") else text),)
    except ValueError:
        return Unknown("is not a version such as 22.04, 12 SP3 or 2012 R2")


def _keyword(field: Field, raw: str, vocabulary: Vocabulary) -> tuple[Value, ...] | Unknown:
    text = raw.strip()
    if field.name == "tags":
        return (text,)
    if field.vocabulary is Values.FREE and not vocabulary.values.get(field.name):
        return (text.lower(),) if _UUID.fullmatch(text) else (text,)
    known = vocabulary.values.get(field.name, {})
    found = known.get(platform_key(text))
    if found not in (None, text) and text[:1] in ("-", "!") and field.vocabulary is not Values.FREE:
        # The key of a value has no signs: without this, a refused value would be the one that is found.
        return Unknown("has a sign before it", did_you_mean=(f"neq:{found}",))
    if found is not None:
        return (found,)
    if field.vocabulary is Values.FREE:
        return (text.lower(),) if _UUID.fullmatch(text) else (text,)
    values = vocabulary.known(field.name)
    near = near_misses(text, values)
    literal = (text,) if field.vocabulary is Values.OPEN else None
    return Unknown(f"is not a known value of {field.name}", values[:50], near, literal)


def tag_spellings(text: str) -> tuple[str, ...]:
    """A tag `key.value` and `key=value` are one: the part before the first sign is the key."""
    for sign, other in (("=", "."), (".", "=")):
        if sign in text.strip(sign):
            return text, text.replace(sign, other, 1)
    return (text,)

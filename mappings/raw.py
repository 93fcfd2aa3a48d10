"""`raw_json`: the record as it came, as JSON that every reader accepts."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from mappings.value import Flawed, Reason, without_surrogates

DEPTH = 64
"""How deep a record may nest; what lies deeper is replaced by null."""
Hidden = Callable[[str], bool]
"""Tells of a key whether it and its value are left out."""
_BITS = 1_000
"""Larger integers are no double, and readers refuse them."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A JSON value, and why it is not quite what came (None: it is)."""

    value: object
    flaw: Reason | None


def raw_json(record: Mapping[str, object], hidden: Hidden | None) -> tuple[bytes, Reason | None]:
    """Write the record without the hidden keys, at any depth, so that equal records are equal bytes.

    Keys are sorted, and so are tags: they are sets, and clouds send them in any order.
    What JSON cannot hold is replaced, and told: NaN, infinities, endless numbers and what nests too deep by
    null, lone surrogates by U+FFFD.
    """
    plain = dict(record)
    if hidden is not None:
        for key in filter(hidden, record):
            del plain[key]
    tags = plain.get("tags")
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        plain["tags"] = sorted(tags)
    if _is_flat(plain):
        try:
            return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS), None
        except TypeError:
            pass  # a lone surrogate or an integer of more than 64 bits
    repaired = repair(plain, hidden)
    return json_text(repaired.value).encode(), repaired.flaw


def nested_text(value: object, hidden: Hidden | None) -> str | Flawed:
    """Write a nested value as compact JSON text, without the hidden keys."""
    repaired = repair(value, hidden)
    written = json_text(repaired.value)
    return written if repaired.flaw is None else Flawed(repaired.flaw, written)


def json_text(value: object) -> str:
    """Write a repaired value as compact JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def repair(value: object, hidden: Hidden | None, depth: int = DEPTH) -> Repaired:
    """Copy a JSON value so that it can be written, without the hidden keys."""
    if isinstance(value, str):
        return _repair_text(value)
    if isinstance(value, dict) and depth > 0:
        return _repair_object(value, hidden, depth - 1)
    if isinstance(value, list | tuple) and depth > 0:
        parts = [repair(part, hidden, depth - 1) for part in value]
        flaw = next((part.flaw for part in parts if part.flaw), None)
        return Repaired([part.value for part in parts], flaw)
    return Repaired(value, None) if _is_plain(value) else Repaired(None, Reason.NOT_JSON)


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, int) and value.bit_length() <= _BITS)


def _is_flat(record: dict[str, object]) -> bool:
    """Tell whether nothing can hide in it: nested values may hold hidden keys, NaN and depth."""
    types = set(map(type, record.values()))
    if types.isdisjoint(_NESTED):
        return True
    if not types.isdisjoint(_NESTED - {list}):
        return False
    lists = (value for value in record.values() if isinstance(value, list))
    return all(set(map(type, value)) <= {str} for value in lists)


_NESTED = frozenset({dict, list, tuple, float})


def _repair_text(value: str) -> Repaired:
    whole = without_surrogates(value)
    return Repaired(whole, None if whole == value else Reason.BROKEN_CHARACTERS)


def _repair_object(value: dict[object, object], hidden: Hidden | None, depth: int) -> Repaired:
    copy: dict[str, object] = {}
    flaw: Reason | None = None
    for key, held in value.items():
        name = _repair_text(str(key))
        if hidden is not None and hidden(str(name.value)):
            continue
        part = repair(held, hidden, depth)
        flaw = flaw or name.flaw or part.flaw
        copy[str(name.value)] = part.value
    return Repaired(copy, flaw)

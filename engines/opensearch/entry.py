"""`entry`: a document as a line of a bulk request."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson

from engines.opensearch.remembered import Remembered
from mappings.document import Stored, told_body, told_digest
from mappings.field import Exposure, Kind
from mappings.fields import FIELDS, MAP_FIELD
from mappings.opensearch import (
    BODY,
    DERIVED,
    INDEXED,
    INTERNAL,
    KEY,
    OUTLINE,
    RAW,
    SUM_BITS,
    SUMMED,
    SUMS,
    TOLD,
    WORDED,
    WORDS,
    map_entry,
    order_field,
    parts_field,
)
from mappings.text import tokens
from mappings.version import components, prefixes, sort_key

ID_BYTES = 512
"""UTF-8 bytes of a document id at most, a limit of OpenSearch."""

LONGEST_WORD = 200
"""Characters of a token that is indexed as it is."""

LONGEST_OUTLINE = 4096
"""Bytes of internal fields that are kept at hand too; a column takes up to 32,766."""


def entry(stored: Stored) -> bytes:
    """Write a document as the index holds it, one line of JSON.

    Raises ValueError for a single value in a field of many, or a value of another shape than its field's.
    """
    body = stored.body.decode()
    row: Row = orjson.loads(body)
    told = told_digest(told_body(row), stored.raw)
    _change(row)
    row[WORDS] = _words(row)
    row[SUMS] = _sums(row)
    row.update(_INTERNAL_ROWS[stored.internal])
    row[KEY] = stored.key
    row[TOLD] = told
    row[BODY] = body
    row[RAW] = stored.raw.decode()
    return orjson.dumps(row)


def document_id(key: str) -> str:
    """Give the id of a document: its key, or a digest of one that is too long."""
    if len(key) * 4 <= ID_BYTES or len(key.encode()) <= ID_BYTES:
        return key
    return f"#{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


def word(token: str) -> str:
    """Give the form in which a token is indexed and looked for: a long one stands as its hash."""
    if len(token) <= LONGEST_WORD:
        return token
    return f"#{hashlib.blake2b(token.encode(), digest_size=16).hexdigest()}"


def version_part(version: str) -> str:
    """Give what `in` compares of a version: its components as numbers, so that 22.04 is 22.4."""
    return ".".join(f"{number}{suffix}" for number, suffix in components(version))


Row = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_MANY = (DERIVED, *(f.name for f in FIELDS if f.multiple and f.exposure is not Exposure.INTERNAL))
_INTERNALS = tuple(f.name for f in FIELDS if f.multiple and f.exposure is Exposure.INTERNAL)
_NOT_ASKED = tuple(each.name for each in FIELDS if not each.filterable)
_DATES = tuple(each.name for each in INDEXED if each.kind is Kind.DATE)
_VERSIONS = {each.name: order_field(each) for each in INDEXED if each.kind is Kind.VERSION}
_WORDED = tuple(each.name for each in WORDED)
_SUMMED = tuple(each.name for each in SUMMED)


def _change(row: Row) -> None:
    """Turn values, in place, into the form in which they are indexed."""
    for name in _NOT_ASKED:
        if name in row:
            del row[name]
    for name in _DATES:
        if name in row:
            row[name] = _milliseconds(name, row[name])
    _check_many(row, _MANY)
    for name in _VERSIONS:
        if name in row:
            row.update(_VERSION_ROWS[name, str(row[name])])
    if MAP_FIELD in row:
        row[MAP_FIELD] = _entries(row[MAP_FIELD])


def _milliseconds(name: str, value: object) -> int:
    """Read a date as documents write it; `mappings.date` reads more forms, for four times the time."""
    if type(value) is not str:
        raise ValueError(f"{name}: a date is wanted, not {value!r:.80}")
    return (datetime.fromisoformat(value) - _EPOCH) // _MILLISECOND


def _check_many(row: Row, names: Sequence[str]) -> None:
    for name in names:
        if name in row and type(row[name]) is not list:
            raise ValueError(f"{name}: a list of values is wanted, not {row[name]!r:.80}")


def _version_row(field: tuple[str, str]) -> Row:
    name, version = field
    beginnings = prefixes(version)
    return {
        name: beginnings,
        parts_field(name): [version_part(each) for each in beginnings],
        _VERSIONS[name]: sort_key(version),
    }


_VERSION_ROWS = Remembered[tuple[str, str], Row](_version_row)


def _entries(value: object) -> list[str]:
    if not isinstance(value, dict):
        raise ValueError(f"{MAP_FIELD}: an object is wanted, not {value!r:.80}")
    return [map_entry(key, text) for key, text in value.items()]


def _words(row: Row) -> Row:
    words: Row = {}
    for name in _WORDED:
        if name in row:
            value = row[name]
            words[name] = [_joined(text) for text in value] if type(value) is list else _joined(str(value))
    return words


def _joined(text: str) -> str:
    return _SHORT_JOINED[text] if len(text) <= _SHORT else _cut(text)


_SHORT = 128
"""As in `mappings.text`: names and versions come again and again and are remembered, descriptions are not."""

_SHORT_JOINED = Remembered[str, str](lambda text: " ".join(tokens(text)))


def _cut(text: str) -> str:
    return " ".join(map(word, tokens(text)))


def _sums(row: Row) -> Row:
    """Split what can be added up; what is negative borrows from its high part."""
    sums: Row = {}
    for name in _SUMMED:
        if name in row:
            value = row[name]
            if type(value) is not int:
                raise ValueError(f"{name}: a number is wanted, not {value!r:.80}")
            sums[name] = _HALVES[value]
    return sums


def _halves(value: int) -> Row:
    high = value >> SUM_BITS
    return {"low": value & _LOW, "high": high} if high else {"low": value}


_HALVES = Remembered[int, Row](_halves)

_LOW = (1 << SUM_BITS) - 1


def _internal_row(written: bytes) -> Row:
    """Read the internal fields, which are the same for all that one listing gives."""
    row: Row = orjson.loads(written)
    _check_many(row, _INTERNALS)
    row[INTERNAL] = written.decode()
    if len(written) <= LONGEST_OUTLINE:
        row[OUTLINE] = row[INTERNAL]
    return row


_INTERNAL_ROWS = Remembered[bytes, Row](_internal_row)

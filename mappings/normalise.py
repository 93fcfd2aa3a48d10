"""`normalise`: a record of a list becomes a document. It never raises and never loses an image."""

import hashlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from mappings.derive import Values, derive
from mappings.document import Document
from mappings.field import Exposure, Field, Kind
from mappings.fields import FIELDS, MAP_FIELD, field_named
from mappings.listing import listed, listing_values
from mappings.platform import canonical_platform
from mappings.raw import Hidden, nested_text, raw_json
from mappings.scope import CloudKind, Scope
from mappings.value import (
    KEYWORD_BYTES,
    Flawed,
    Read,
    Reader,
    Reason,
    boolean,
    bounded,
    comma_list,
    date,
    features,
    integer,
    keyword,
    location,
    text,
    text_of,
    texts,
)

NORMALISE_VERSION = 1
"""Goes up when the same record becomes another document: it is part of the schema."""

ID_BYTES = 128
"""UTF-8 bytes of an id; a longer one is cut and ends in a digest of the whole, so that it stays unique."""
KEY_BYTES = 255
"""UTF-8 bytes of an unknown key."""
EXTRA_KEYS = 500
"""Unknown keys that the index keeps of an image, the first in order of code points."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a record that could not be read, by field name or, of unknown attributes, by key."""

    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Normalised:
    """What became of a record. Without a document it was refused, and the one problem says why."""

    document: Document | None
    problems: tuple[Problem, ...]


def normalise(record: Mapping[str, object], scope: Scope) -> Normalised:
    """Turn a record, as listed by a scope, into a document.

    An attribute is not set if it is absent, null, "" or "null". A bad one is a problem, and its field stays
    absent; one too long is cut in the index and whole in `raw`. What only the owner may know is cut from the
    documents and the raw records of all others. A record that speaks of another listing than its own is a
    problem too, and shown to fewer or with less (`mappings.listing`).
    """
    image = _image_id(record.get("id"))
    if image is None:
        return Normalised(None, (Problem("id", Reason.NO_ID),))
    problems: list[Problem] = []
    stated, unknown = _read(record, scope.kind, problems)
    unreadable = {problem.name for problem in problems} - stated.keys() if problems else _NOTHING
    place = listed(stated, unreadable, scope)
    if place.contradicted_by is not None:
        problems.append(Problem(place.contradicted_by, Reason.OTHER_LISTING))
    hidden = None if place.owners else _is_owners
    extra = _extra(unknown, hidden, problems)
    flags = [(key, value) for key, value in _folded(extra) if key.startswith("__support_")]
    fields, derived = derive(stated, flags, place.image_type, unreadable, scope.kind)
    if not place.owners:
        for name in _OWNER_FIELDS:
            fields.pop(name, None)
    fields |= listing_values(scope, place.image_type.view)
    fields["id"] = image
    raw, flaw = raw_json(record, hidden)
    if flaw is not None:
        problems.append(Problem("raw", flaw))
    return Normalised(Document(fields, extra, derived, raw), tuple(problems))


def _image_id(value: object) -> str | None:
    """Give an id that is text, or an integer; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value.bit_length() < 1024 else f"{value:x}"
    if not isinstance(value, str) or value.strip() in {"", "null"}:
        return None
    whole = bounded(value.strip(), ID_BYTES)
    if not isinstance(whole, Flawed):
        return whole
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    head = text_of(bounded(text_of(whole), ID_BYTES - len(digest) - 1))
    return f"{head}~{digest}"


def _read(
    record: Mapping[str, object], kind: CloudKind, problems: list[Problem]
) -> tuple[Values, dict[str, object]]:
    """Read each field from its first key, else from a further one; give also what no field is read from."""
    table = _TABLES[kind]
    fields: Values = {}
    unknown: dict[str, object] = {}
    for key, value in record.items():
        if value in _NOT_SET:
            continue
        if (known := table.first.get(key)) is not None:
            name, reader, remembered = known
            short = value if isinstance(value, str) and len(value) <= _SHORT else None
            read = None if short is None else remembered.get(short)
            if read is None:
                fresh = reader(value)
                read = _counted(name, fresh, problems) if isinstance(fresh, Flawed) else fresh
                if read is fresh and short is not None and len(remembered) < _REMEMBERED:
                    remembered[short] = read
            if read is not None:
                fields[name] = read
        elif key not in table.further_keys:
            unknown[key] = value
    if not table.further_keys.isdisjoint(record):
        _read_further(record, table, fields, problems)
    if "enterprise_project_id" not in fields and any(record.get(key) == "" for key in _PROJECT_KEYS):
        fields["enterprise_project_id"] = "0"
    return fields, unknown


def _read_further(
    record: Mapping[str, object], table: "_Table", fields: Values, problems: list[Problem]
) -> None:
    for key, name, reader in table.further:
        value = record.get(key)
        if name not in fields and value not in _NOT_SET:
            read = reader(value)
            if isinstance(read, Flawed):
                read = _counted(name, read, problems)
            if read is not None:
                fields[name] = read


def _counted(name: str, flawed: Flawed, problems: list[Problem]) -> Read:
    problems.append(Problem(name, flawed.reason))
    return flawed.value


def _extra(unknown: Mapping[str, object], hidden: Hidden | None, problems: list[Problem]) -> dict[str, str]:
    """Write unknown attributes as text, in order of their keys."""
    extra: dict[str, str] = {}
    for key in sorted(unknown):
        if hidden is not None and hidden(key):
            continue
        if len(extra) == EXTRA_KEYS:
            problems.append(Problem(MAP_FIELD, Reason.TOO_MANY))
            break
        name, held = bounded(key, KEY_BYTES), _as_text(unknown[key], hidden)
        flaws = [part.reason for part in (name, held) if isinstance(part, Flawed)]
        problems.extend(Problem(f"{MAP_FIELD}.{text_of(name)}", reason) for reason in flaws)
        extra.setdefault(text_of(name), text_of(held))
    return extra


def _as_text(value: object, hidden: Hidden | None) -> str | Flawed:
    """Write text as it is, all else as JSON."""
    written = value if isinstance(value, str) else nested_text(value, hidden)
    short = bounded(text_of(written), KEYWORD_BYTES)
    return Flawed(written.reason, text_of(short)) if isinstance(written, Flawed) else short


def _folded(extra: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((key.strip().casefold(), value) for key, value in extra.items())


def _is_owners(key: str) -> bool:
    """Tell whether only the owner may know it: a known key however written, or anything of the source."""
    if key in _OPEN_KEYS:
        return False
    folded = key.strip().casefold()
    return folded in _OWNER_KEYS or folded.startswith("__source_")


@dataclass(frozen=True, slots=True)
class _Table:
    """What is read from which key: the first keys of fields, then, in order, where else to look.

    Beside each reader stands what short texts were read as: most values of a cloud are few and come again.
    """

    first: Mapping[str, tuple[str, Reader, dict[str, Read]]]
    further: tuple[tuple[str, str, Reader], ...]
    further_keys: frozenset[str]


def _table(kind: CloudKind) -> _Table:
    first: dict[str, tuple[str, Reader, dict[str, Read]]] = {}
    further: list[tuple[str, str, Reader]] = []
    for field in FIELDS:
        reader = _reader(field)
        keys = field.ims if kind is CloudKind.IMS else field.wire_names
        for place, key in enumerate(keys):
            if place == 0 and key not in first:
                first[key] = field.name, reader, {}
            else:
                further.append((key, field.name, reader))
    return _Table(first, tuple(further), frozenset(key for key, _, _ in further))


def _reader(field: Field) -> Reader:
    if field.name in _OWN_READERS:
        return _OWN_READERS[field.name]
    reader = _READERS[field.kind]
    if field.kind is not Kind.KEYWORD or not field.values:
        return reader
    as_documented = frozenset(value.value for value in field.values)
    documented = {value.casefold(): value for value in as_documented}

    def in_documented_spelling(value: object) -> Read | Flawed:
        if isinstance(value, str) and value in as_documented:
            return value
        read = reader(value)
        return documented.get(read.casefold(), read) if isinstance(read, str) else read

    return in_documented_spelling


def _platform(value: object) -> Read | Flawed:
    read = keyword(value)
    return canonical_platform(read) or None if isinstance(read, str) else read


_READERS: Mapping[Kind, Reader] = {
    Kind.KEYWORD: keyword,
    Kind.TEXT: text,
    Kind.INTEGER: integer,
    Kind.BOOLEAN: boolean,
    Kind.DATE: date,
    Kind.VERSION: keyword,
    Kind.MAP: keyword,
}
_OWN_READERS: Mapping[str, Reader] = {
    "platform": _platform,
    "tags": texts,
    "agents": comma_list,
    "os_features": features,
    "image_location": location,
}
_NOT_SET = (None, "", "null")
_SHORT = 64
_REMEMBERED = 1024
_TABLES = {kind: _table(kind) for kind in CloudKind}
_PROJECT_KEYS = field_named("enterprise_project_id").ims
_OWNER_FIELDS = tuple(field.name for field in FIELDS if field.exposure is Exposure.OWNER)
_OWNER_KEYS = frozenset(key for name in _OWNER_FIELDS for key in (name, *field_named(name).wire_names))
_OPEN_KEYS = frozenset(key for field in FIELDS for key in field.wire_names) - _OWNER_KEYS
_NOTHING: AbstractSet[str] = frozenset()

"""`Document`: one image as the catalogue keeps it, its key, its digest and its JSON."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

import orjson

from mappings.date import date_text, milliseconds
from mappings.field import Exposure, Kind
from mappings.fields import FIELDS, MAP_FIELD
from mappings.filter import Value
from mappings.scope import View

Fields = Mapping[str, Value | tuple[str, ...]]
"""Effective values by field name; a field of many values holds a tuple. Absent fields are not stated."""


@dataclass(frozen=True, slots=True)
class Document:
    """One image in one view.

    `fields` holds everything declared in `FIELDS` but the map; `extra` the unknown keys; `derived` the names
    of those fields that a rule filled in because the cloud stated nothing; `raw` the record as JSON, without
    what its view may not keep.
    """

    fields: Fields
    extra: Mapping[str, str]
    derived: tuple[str, ...]
    raw: bytes

    @property
    def key(self) -> str:
        """`cloud/region/id/view`: the identity, and the last tie-break of every order."""
        get = self.fields
        return key_of(str(get["cloud"]), str(get["region"]), str(get["id"]), View(str(get["view"])))

    @property
    def scopes(self) -> tuple[str, ...]:
        """Ids of the scopes that list it."""
        return self.many("scopes")

    def many(self, name: str) -> tuple[str, ...]:
        """Values of a field of many values; none if it is absent."""
        value = self.fields.get(name, ())
        return value if isinstance(value, tuple) else (str(value),)

    def values_of(self, name: str) -> tuple[Value, ...]:
        """Values of any field, of its kind; none if it is absent."""
        value = self.fields.get(name, ())
        return value if isinstance(value, tuple) else (value,)

    def stamped(self, **internal: Value | tuple[str, ...]) -> "Document":
        """Set fields that the plan decides: scopes and grants, first_seen, listed, former_names."""
        kept = {name: value for name, value in internal.items() if value != ()}
        others = {name: value for name, value in self.fields.items() if name not in internal}
        return replace(self, fields={**others, **kept})


def key_of(cloud: str, region: str, image: str, view: View) -> str:
    """Join the parts of a key. The id is percent-quoted, so that views of an image are neighbours."""
    return f"{cloud}/{region}/{quote(image, safe=':')}/{view.value}"


def key_parts(key: str) -> tuple[str, str, str, View]:
    """Split a key into cloud, region, id and view. Raises ValueError for what is not a key."""
    cloud, region, image, view = key.split("/")
    return cloud, region, unquote(image), View(view)


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as bytes: what engines and spools keep.

    `body` is the JSON object that an answer shows, `internal` the JSON object of the internal fields.
    """

    key: str
    body: bytes
    internal: bytes
    raw: bytes

    @property
    def digest(self) -> bytes:
        """16 bytes that differ if anything of the document differs."""
        hashed = hashlib.blake2b(self.key.encode(), digest_size=16)
        for part in (self.body, self.internal, self.raw):
            hashed.update(len(part).to_bytes(8, "little"))
            hashed.update(part)
        return hashed.digest()


@dataclass(frozen=True, slots=True)
class Outline:
    """What tells of a stored document, without reading it, whether it is as it was.

    `internal` is that of the document, None where that is too long to be at hand; `told` is what
    `told_digest` gave for it.
    """

    key: str
    internal: bytes | None
    told: int


OF_THE_CATALOGUE = ("first_seen", "listed", "former_names")
"""Public fields that no cloud states."""


def told_body(body: Mapping[str, object]) -> bytes:
    """Write the JSON values of a body without what no cloud states: a fresh document has that body."""
    told = {**body}
    for name in OF_THE_CATALOGUE:
        told.pop(name, None)
    return orjson.dumps(told)


def told_digest(body: bytes, raw: bytes) -> int:
    """Give 64 bits, as a signed number, of what the cloud told; `body` as `told_body` gives it."""
    # Processors have instructions for this hash: it takes a third of the time of others.
    hashed = hashlib.sha256(body, usedforsecurity=False)
    hashed.update(len(body).to_bytes(8, "little"))
    hashed.update(raw)
    return int.from_bytes(hashed.digest()[:8], "little", signed=True)


_PUBLIC = tuple(f.name for f in FIELDS if f.exposure is not Exposure.INTERNAL)
_INTERNAL = tuple(f.name for f in FIELDS if f.exposure is Exposure.INTERNAL)
_ORDER = (*(name for name in _PUBLIC if name != MAP_FIELD), MAP_FIELD, "derived")
_DATES = tuple(f.name for f in FIELDS if f.kind is Kind.DATE and f.exposure is not Exposure.INTERNAL)
_MULTIPLE = tuple(f.name for f in FIELDS if f.multiple)


def store(document: Document) -> Stored:
    """Write a document as bytes, fields in the order of `FIELDS`; dates as ISO 8601."""
    values = document.fields
    body: dict[str, object] = {name: values[name] for name in _PUBLIC if name in values}
    for name in _DATES:
        moment = values.get(name)
        if isinstance(moment, int):
            body[name] = date_text(moment)
    if document.extra:
        body[MAP_FIELD] = document.extra
    if document.derived:
        body["derived"] = document.derived
    internal = {name: values[name] for name in _INTERNAL if name in values}
    return Stored(document.key, orjson.dumps(body), orjson.dumps(internal), document.raw)


def stamp(stored: Stored, body: Mapping[str, object], internal: Mapping[str, object]) -> Stored:
    """Set fields by their JSON values; the bytes are those that `stamped` and `store` would give.

    An empty internal field is taken off.
    """
    return rewritten(stored, orjson.loads(stored.body) | body, orjson.loads(stored.internal) | internal)


def rewritten(stored: Stored, body: Mapping[str, object], internal: Mapping[str, object]) -> Stored:
    """Write the bytes of a document anew from the JSON values of all its fields.

    It spares reading and writing what does not change: a plan does this to every document of a catalogue.
    """
    ordered = {name: body[name] for name in _ORDER if name in body}
    kept = {name: internal[name] for name in _INTERNAL if internal.get(name)}
    return Stored(stored.key, orjson.dumps(ordered), orjson.dumps(kept), stored.raw)


def restore(stored: Stored) -> Document:
    """Read back what `store` wrote."""
    values = orjson.loads(stored.body)
    extra = values.pop(MAP_FIELD, {})
    derived = tuple(values.pop("derived", ()))
    for name in _DATES:
        if name in values:
            values[name] = milliseconds(values[name])
    values.update(orjson.loads(stored.internal))
    for name in _MULTIPLE:
        if name in values:
            values[name] = tuple(values[name])
    return Document(values, extra, derived, stored.raw)

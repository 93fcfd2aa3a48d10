"""`index_body`: the index of a generation in OpenSearch, generated from `FIELDS`, and the names in it.

A document of the index has one field per field that can be asked, under its own name, dates as milliseconds.
Beside them stand:

    key          the key of the document, last tie-break of every order
    body, internal, raw
                 the three parts of a `Stored` as text, given back as they are and never looked into
    outline, told
                 what tells of a document, without reading it, whether it is as it was: a copy of `internal`,
                 unless that is long, and the digest of what the cloud told
    derived      names of the fields that a rule filled in
    extra        the map, one entry per key (`map_entry`)
    words.NAME, words.all
                 the tokens of a text field and of all fields searched as text
    sums.NAME    a number in two parts, `low` and `high`, each of which stays exact where doubles are added up
    NAME_parts, NAME_key
                 of a version: what `in` compares, and what orders and ranges go by
    companion    only on documents that are no image: which of the companions `raw` holds a piece of
"""

from collections.abc import Mapping

from mappings.field import Exposure, Field, Kind
from mappings.fields import FIELDS, MAP_FIELD

KEY = "key"
BODY = "body"
INTERNAL = "internal"
RAW = "raw"
OUTLINE = "outline"
TOLD = "told"
DERIVED = "derived"
COMPANION = "companion"
WORDS = "words"
ALL_WORDS = f"{WORDS}.all"
SUMS = "sums"

SUM_BITS = 26
"""A summed number is `high * 2**26 + low`: of many millions of documents neither part exceeds 2**53."""

STORED = (BODY, INTERNAL, RAW)
INDEXED = tuple(each for each in FIELDS if each.filterable)
"""The fields that can be asked."""
WORDED = tuple(each for each in FIELDS if each.text or each.kind is Kind.TEXT)
"""The fields whose words are indexed."""
SUMMED = tuple(each for each in FIELDS if each.summable)
FACETED = tuple(each for each in FIELDS if each.facet is not None)

Setting = str | dict[str, "Setting"]
"""Settings as a node gives them back: all values are text."""


def index_body(
    *, shards: int, replicas: int = 0, meta: Mapping[str, object] | None = None
) -> dict[str, dict[str, object]]:
    """Give mapping and settings with which the index of a generation is created, as a node gives them back.

    It is made to be loaded: hidden, never refreshed by itself. `meta` is kept with the mapping.
    """
    return {"settings": {"index": _settings(shards, replicas)}, "mappings": mapping(meta)}


def mapping(meta: Mapping[str, object] | None = None) -> dict[str, object]:
    """Give the mapping alone: strict, without source, doc values only where values are counted or sorted."""
    written: dict[str, object] = {"dynamic": "strict"}
    if meta is not None:
        written["_meta"] = dict(meta)
    return written | {"_source": {"enabled": False}, "properties": dict(sorted(_properties().items()))}


def words_field(name: str) -> str:
    """Name the field that holds the tokens of a text field."""
    return f"{WORDS}.{name}"


def parts_field(name: str) -> str:
    """Name the field that holds the beginnings of a version as they are compared."""
    return f"{name}_parts"


def order_field(field: Field) -> str:
    """Name the field by which documents are sorted, and versions compared."""
    return f"{field.name}_key" if field.kind is Kind.VERSION else field.name


def sum_field(name: str, part: str) -> str:
    """Name the `low` or `high` part of a summed field."""
    return f"{SUMS}.{name}.{part}"


def map_entry(key: str, value: str) -> str:
    """Write an entry of the map: the length of the key in front leaves no doubt about where it ends."""
    return f"{len(key)}:{key}={value}"


def _settings(shards: int, replicas: int) -> Setting:
    return {
        "hidden": "true",
        "number_of_shards": str(shards),
        "number_of_replicas": str(replicas),
        "refresh_interval": "-1",
        "analysis": {
            "analyzer": {_ANALYZER: {"type": "custom", "tokenizer": _ANALYZER}},
            "tokenizer": {_ANALYZER: {"type": "whitespace", "max_token_length": str(_LONGEST_TOKEN)}},
        },
    }


_ANALYZER = "words"
_LONGEST_TOKEN = 512
"""UTF-16 units of a token; longer ones never come, as they stand as their hash."""

_KEPT = {"type": "keyword", "index": False, "doc_values": False, "store": True}
_IN_COLUMN = {"type": "keyword", "index": False}
_LOOKED_UP = {"type": "keyword", "doc_values": False}
_ADDED_UP = {"type": "long", "index": False}
# Dates are their milliseconds: of type `date` those before 1970 are rounded wrongly in comparisons, and each
# of several that are asked for counts as a clause of its own.
_TYPES = {Kind.INTEGER: "long", Kind.DATE: "long", Kind.BOOLEAN: "boolean"}


def _properties() -> dict[str, object]:
    properties: dict[str, object] = dict.fromkeys(STORED, _KEPT)
    properties |= {OUTLINE: _IN_COLUMN, TOLD: _ADDED_UP}
    properties |= {KEY: {"type": "keyword"}, DERIVED: _LOOKED_UP, COMPANION: _LOOKED_UP}
    for field in INDEXED:
        properties |= _of_field(field)
    words: dict[str, object] = {"all": _words()}
    words |= {each.name: _words(everywhere=each.text) for each in WORDED}
    sums = {each.name: {"properties": {"high": _ADDED_UP, "low": _ADDED_UP}} for each in SUMMED}
    return properties | {WORDS: {"properties": words}, SUMS: {"properties": sums}}


def _of_field(field: Field) -> dict[str, object]:
    if field.kind is Kind.MAP:
        return {MAP_FIELD: _LOOKED_UP}
    if field.kind is Kind.VERSION:
        return {
            field.name: {"type": "keyword", "index": False},
            parts_field(field.name): _LOOKED_UP,
            order_field(field): {"type": "keyword"},
        }
    written: dict[str, object] = {"type": _TYPES.get(field.kind, "keyword")}
    counted = field.facet is not None or field.sortable
    if not counted or field.exposure is Exposure.INTERNAL:
        written["doc_values"] = False
    return {field.name: written}


def _words(*, everywhere: bool = False) -> dict[str, object]:
    written: dict[str, object] = {"type": "text", "norms": False, "analyzer": _ANALYZER}
    return written | {"copy_to": [ALL_WORDS]} if everywhere else written

"""`SCHEMA`: which form of documents an index holds. Generations of another schema are not read."""

import hashlib
from collections.abc import Iterator

import orjson

from mappings.field import Field
from mappings.fields import FIELDS
from mappings.normalise import NORMALISE_VERSION
from mappings.text import TOKENS_VERSION


def _parts(field: Field) -> Iterator[object]:
    """Give what of a field decides what is read, how it is indexed and where it may stand."""
    yield field.name
    yield field.kind.value
    yield field.multiple
    yield field.filterable
    yield field.facet.value if field.facet else None
    yield field.sortable
    yield field.summable
    yield field.text
    yield field.exposure.value
    yield field.ims
    yield field.glance
    yield field.absent
    yield [documented.value for documented in field.values]


def _schema() -> str:
    declared = [list(_parts(field)) for field in FIELDS]
    content = orjson.dumps([declared, TOKENS_VERSION, NORMALISE_VERSION])
    return hashlib.blake2b(content, digest_size=4).hexdigest()


SCHEMA = _schema()
"""8 hex digits: a hash of the fields as indexed, the tokens and the rules of `normalise`."""

"""For any JSON object with an id there is a document, whatever else it holds."""

import json
import math
from collections.abc import Mapping

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.document import Document, restore, store
from mappings.field import Exposure, Kind
from mappings.fields import FIELDS, field_named
from mappings.normalise import EXTRA_KEYS, KEY_BYTES, Normalised, normalise
from mappings.scope import CloudKind, ImageType, Scope
from mappings.value import KEYWORD_BYTES, LARGEST, MANY, TEXT_BYTES

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=30),
    st.sampled_from(
        ["", "null", "true", "True", "64", "-1", "1e400", "2018-09-06T14:03:27Z", "{", "{}", "NaN"]
    ),
    st.sampled_from(
        ["标" * 3000, "\ud800" * 3000, "\x00", "9" * 5000, "a,b,,a", '{"a":"true"}', "x" * 20_000]
    ),
)
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**53, -(2**63), 2**64, 10**400, 10**4000]),
    st.floats(),
    TEXT,
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=6,
)
KNOWN = st.sampled_from(sorted({key for field in FIELDS for key in field.wire_names} - {"id"}))
KEY = st.one_of(KNOWN, KNOWN, TEXT, st.sampled_from(["a.b", "__support_gpu_x", "__support_s1l", "镜像.键"]))
SCOPE = st.builds(
    lambda kind, image_type: Scope("s", "c", kind, "r", image_type, "p"),
    st.sampled_from(CloudKind),
    st.sampled_from(ImageType),
)
OWNER_KEYS = {
    key for field in FIELDS if field.exposure is Exposure.OWNER for key in (field.name, *field.wire_names)
}


@settings(derandomize=True, max_examples=250, deadline=None)
@given(st.dictionaries(KEY, VALUE, max_size=8), SCOPE)
def test_any_record_with_an_id_becomes_a_document(record: dict[str, object], scope: Scope) -> None:
    record["id"] = "i-1"
    before = repr_of(record)
    normalised = normalise(record, scope)
    check(normalised, scope)
    assert repr_of(record) == before
    assert normalise(record, scope) == normalised


@settings(derandomize=True, max_examples=200, deadline=None)
@given(VALUE, SCOPE)
def test_any_id_gives_a_document_or_is_refused(image: object, scope: Scope) -> None:
    normalised = normalise({"id": image, "name": "x"}, scope)
    if normalised.document is None:
        assert [problem.name for problem in normalised.problems] == ["id"]
    else:
        check(normalised, scope)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.sampled_from(FIELDS), VALUE, SCOPE)
def test_a_field_holds_its_kind_or_nothing(field: object, value: object, scope: Scope) -> None:
    wire = {key: value for one in FIELDS if one is field for key in one.wire_names}
    check(normalise({**wire, "id": "i-1"}, scope), scope)


def test_a_record_of_five_thousand_strange_keys_is_kept() -> None:
    record: dict[str, object] = {f"键.{number}": [{"a": number}] for number in range(5000)}
    scope = Scope("s", "c", CloudKind.IMS, "r", ImageType.PRIVATE, "p")
    check(normalise({**record, "id": "i-1"}, scope), scope)


def test_a_record_that_nests_for_ever_is_kept() -> None:
    value: object = 1
    for _ in range(20_000):
        value = {"a": value}
    scope = Scope("s", "c", CloudKind.GLANCE, "r", ImageType.SHARED, "p")
    check(normalise({"id": "i-1", "x": value, "locations": value, "tags": value}, scope), scope)


def check(normalised: Normalised, scope: Scope) -> None:
    document = normalised.document
    assert document is not None
    stored = store(document)
    assert restore(stored) == document
    for part in (stored.body, stored.internal, stored.raw):
        assert isinstance(orjson.loads(part), dict)
        assert isinstance(json.loads(part), dict)
        part.decode()
    assert len(stored.digest) == 16
    assert set(document.derived) <= set(document.fields)
    check_kinds(document)
    if scope.image_type is not ImageType.PRIVATE:
        shown = orjson.loads(stored.body)
        assert not OWNER_KEYS & (set(shown) | set(document.extra) | set(orjson.loads(stored.raw)))


def check_kinds(document: Document) -> None:
    for name in document.fields:
        field = field_named(name)
        assert field.name == name
        values = document.values_of(name)
        assert values
        assert len(values) <= (MANY if field.multiple else 1)
        for value in values:
            match field.kind:
                case Kind.INTEGER:
                    assert type(value) is int
                    assert 0 <= value <= LARGEST
                case Kind.DATE:
                    assert type(value) is int
                case Kind.BOOLEAN:
                    assert type(value) is bool
                case _:
                    assert isinstance(value, str)
                    assert len(value.encode()) <= (TEXT_BYTES if field.kind is Kind.TEXT else KEYWORD_BYTES)
    assert len(document.extra) <= EXTRA_KEYS
    for key, text in document.extra.items():
        assert len(key.encode()) <= KEY_BYTES
        assert len(text.encode()) <= KEYWORD_BYTES


def repr_of(value: object) -> object:
    """Copy a value into something that compares well: NaN as text, no endless digits."""
    if isinstance(value, Mapping):
        return [(key, repr_of(held)) for key, held in value.items()]
    if isinstance(value, list):
        return [repr_of(held) for held in value]
    return "NaN" if isinstance(value, float) and math.isnan(value) else value

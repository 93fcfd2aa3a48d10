"""The index that is generated from the fields, and the entries written for it."""

from collections.abc import Iterator, Mapping

import orjson
import pytest

from engines.opensearch.entry import document_id, entry
from mappings.document import Document, stamp, store
from mappings.field import Exposure, Kind
from mappings.fields import FIELDS
from mappings.filter import Value
from mappings.opensearch import (
    COMPANION,
    FACETED,
    INDEXED,
    KEY,
    SUMMED,
    WORDED,
    index_body,
    map_entry,
    mapping,
    order_field,
    parts_field,
)


def properties() -> Mapping[str, Mapping[str, object]]:
    found = mapping()["properties"]
    assert isinstance(found, dict)
    return found


def paths(of: Mapping[str, object], before: str = "") -> Iterator[str]:
    for name, declared in of.items():
        assert isinstance(declared, dict)
        if "properties" in declared:
            yield from paths(declared["properties"], f"{before}{name}.")
        else:
            yield before + name


def test_it_is_strict_and_keeps_no_source() -> None:
    assert mapping()["dynamic"] == "strict"
    assert mapping()["_source"] == {"enabled": False}


def test_every_field_that_can_be_asked_is_there_and_no_other() -> None:
    own = {KEY, COMPANION, "body", "internal", "raw", "outline", "told", "derived", "words", "sums"}
    versions = [each for each in INDEXED if each.kind is Kind.VERSION]
    beside = {name for each in versions for name in (parts_field(each.name), order_field(each))}
    assert properties().keys() == {each.name for each in FIELDS if each.filterable} | own | beside
    assert not {each.name for each in FIELDS} & (own | beside)


def test_values_stand_in_columns_only_where_they_are_counted_or_sorted() -> None:
    for field in INDEXED:
        wanted = (field.facet is not None or field.sortable) and field.exposure is not Exposure.INTERNAL
        assert ("doc_values" not in properties()[field.name]) == wanted, field.name


def test_what_is_given_back_as_it_is_is_stored_only() -> None:
    for name in ("body", "internal", "raw"):
        assert properties()[name] == {"type": "keyword", "index": False, "doc_values": False, "store": True}


def test_facets_words_and_sums_have_their_fields() -> None:
    names = set(paths(properties()))
    assert {each.name for each in FACETED} <= names
    assert {f"words.{each.name}" for each in WORDED} | {"words.all"} <= names
    assert {f"sums.{each.name}.{part}" for each in SUMMED for part in ("low", "high")} <= names


def test_an_index_is_made_to_be_loaded() -> None:
    settings = index_body(shards=3, meta={"format": 1})["settings"]["index"]
    assert isinstance(settings, dict)
    assert {name: value for name, value in settings.items() if name != "analysis"} == {
        "hidden": "true",
        "number_of_shards": "3",
        "number_of_replicas": "0",
        "refresh_interval": "-1",
    }
    assert index_body(shards=1, meta={"format": 1})["mappings"]["_meta"] == {"format": 1}


def test_keys_of_the_map_are_told_apart_whatever_they_hold() -> None:
    assert map_entry("a", "b=c") != map_entry("a=b", "c")
    assert map_entry("1:a", "") != map_entry("1", ":a")


FIELDS_OF_ONE: dict[str, Value | tuple[str, ...]] = {
    "cloud": "huawei",
    "region": "r",
    "id": "i",
    "view": "public",
    "name": "Ubuntu-22.04_Server",
    "tags": ("a b", "授权"),
    "version": "22.04",
    "created_at": -1,
    "updated_at": 1_700_000_000_123,
    "image_size": 2**53 - 1,
    "min_disk": 40,
    "scopes": ("s1", "s2"),
    "self": "/v2/images/i",
    "firmware": "bios",
}


def written(**changed: Value | tuple[str, ...]) -> dict[str, object]:
    document = Document({**FIELDS_OF_ONE, **changed}, {"team": "pay"}, ("firmware",), b'{"id":"i"}')
    row: dict[str, object] = orjson.loads(entry(store(document)))
    return row


def test_an_entry_holds_what_is_asked_for() -> None:
    row = written()
    assert row["key"] == "huawei/r/i/public"
    assert row["tags"] == ["a b", "授权"]
    assert row["words"] == {"name": "ubuntu 22.04 server", "tags": ["a b", "授 权"]}
    assert row["extra"] == ["4:team=pay"]
    assert (row["version"], row["version_parts"]) == (["22", "22.04"], ["22", "22.4"])
    assert (row["created_at"], row["updated_at"]) == (-1, 1_700_000_000_123)
    assert row["scopes"] == ["s1", "s2"]
    assert row["derived"] == ["firmware"]
    assert "self" not in row


def test_an_entry_keeps_the_document_byte_for_byte() -> None:
    stored = store(Document(FIELDS_OF_ONE, {}, (), b'{"raw": "\xc3\xa9"}'))
    row = orjson.loads(entry(stored))
    assert (row["body"].encode(), row["internal"].encode(), row["raw"].encode()) == (
        stored.body,
        stored.internal,
        stored.raw,
    )


@pytest.mark.parametrize("size", [0, 1, 2**26, 2**53 - 1, -1, -(2**53)])
def test_sums_are_split_into_parts_that_make_them_up(size: int) -> None:
    sums = written(image_size=size)["sums"]
    assert isinstance(sums, dict)
    parts = sums["image_size"]
    assert parts["low"] + (parts.get("high", 0) << 26) == size
    assert 0 <= parts["low"] < 2**26


def test_a_word_too_long_for_an_index_stands_as_its_hash() -> None:
    words = written(name=f"{'x' * 200} {'y' * 201}")["words"]
    assert isinstance(words, dict)
    kept, hashed = words["name"].split()
    assert kept == "x" * 200
    assert hashed[0] == "#"
    assert len(hashed) == 33


@pytest.mark.parametrize("name", ["tags", "scopes", "derived"])
def test_one_value_where_many_are_wanted_is_refused_by_name(name: str) -> None:
    stored = store(Document(FIELDS_OF_ONE, {}, (), b"{}"))
    one: dict[str, object] = {name: "x"}
    wrong = stamp(stored, {}, one) if name == "scopes" else stamp(stored, one, {})
    with pytest.raises(ValueError, match=name):
        entry(wrong)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("created_at", 5, "a date"),
        ("image_size", "5", "a number"),
        ("image_size", True, "a number"),
        ("extra", ["x"], "an object"),
    ],
)
def test_a_value_of_another_shape_is_refused_by_name(name: str, value: object, wanted: str) -> None:
    stored = store(Document(FIELDS_OF_ONE, {}, (), b"{}"))
    with pytest.raises(ValueError, match=f"{name}: {wanted}"):
        entry(stamp(stored, {name: value}, {}))


def test_an_id_is_the_key_unless_it_is_too_long() -> None:
    assert document_id("k" * 512) == "k" * 512
    assert document_id("é" * 256) == "é" * 256
    assert document_id("é" * 257) != document_id("é" * 258)
    assert len(document_id("é" * 257)) == 33

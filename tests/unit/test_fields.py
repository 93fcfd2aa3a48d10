import re
from pathlib import Path

import pytest

from mappings.field import Exposure, FacetLogic, Field, Kind, Vocabulary
from mappings.fields import FIELDS, MAP_FIELD, UnknownField, canonical_name, field_named
from mappings.filter import TEXT
from mappings.reference import field_reference
from mappings.schema import SCHEMA

ROOT = Path(__file__).parents[2]
DOCUMENTED_KEYS = [
    line
    for line in (ROOT / "tests" / "data" / "ims-attributes.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("key", DOCUMENTED_KEYS)
def test_every_documented_attribute_is_read_by_a_field(key: str) -> None:
    assert any(key in field.ims for field in FIELDS)
    assert field_named(key).kind is not Kind.MAP


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_is_declared_completely_and_soundly(field: Field) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
    for told in (field.label, field.label_zh, field.description, field.example, field.source):
        assert told.strip() == told != ""
    assert re.search(r"[\u4e00-\u9fff]", field.label_zh)
    assert bool(field.values) or field.vocabulary is not Vocabulary.CLOSED
    assert field.unit is None or field.kind is Kind.INTEGER or field.name == "os_bit"
    assert field.multiple is False or field.kind is Kind.KEYWORD
    assert field.facet is not FacetLogic.AND or field.multiple
    assert len({value.value for value in field.values}) == len(field.values)
    assert field.stated_in is None or field_named(field.stated_in) is not field
    assert field.filterable or (field.facet is None and not field.sortable and not field.text)


def test_names_wire_names_and_aliases_lead_to_one_field_each() -> None:
    names = [field.name for field in FIELDS]
    assert len(set(names)) == len(names)
    assert TEXT not in names
    spoken = [alias for field in FIELDS for alias in field.aliases]
    assert len(set(spoken)) == len(spoken)
    assert not set(spoken) & set(names)
    assert not set(spoken) & {wire for field in FIELDS for wire in field.wire_names}


@pytest.mark.parametrize(
    ("title", "asked", "name"),
    [
        ("name", "platform", "platform"),
        ("wire name", "__platform", "platform"),
        ("wire name of Glance", "os_distro", "platform"),
        ("spelling of the attribute list", "create_at", "created_at"),
        ("alias", "distro", "platform"),
        ("name wins over a wire name of another field", "architecture", "architecture"),
        ("name wins where a size is also read from size", "size", "size"),
        ("key of the map", "extra.team.name", "extra.team.name"),
    ],
)
def test_a_field_is_found(title: str, asked: str, name: str) -> None:
    assert canonical_name(asked) == name


@pytest.mark.parametrize("asked", ["plattform", "", "extra.", "Platform", "__nothing", "text"])
def test_what_is_no_field_is_unknown(asked: str) -> None:
    with pytest.raises(UnknownField, match="unknown field") as refused:
        field_named(asked)
    assert refused.value.name == asked


def test_the_map_is_one_field() -> None:
    assert [field.name for field in FIELDS if field.kind is Kind.MAP] == [MAP_FIELD]


def test_owner_fields_are_these() -> None:
    assert {field.name for field in FIELDS if field.exposure is Exposure.OWNER} == {
        "data_origin",
        "source_image_id",
        "source_owner",
        "backup_id",
        "image_location",
        "cmk_id",
    }


def test_internal_fields_are_these() -> None:
    internal = {field.name for field in FIELDS if field.exposure is Exposure.INTERNAL}
    assert internal == {"view", "scopes", "unlisted_by", "visible_to", "shadowed_by"}


def test_the_reference_page_is_the_generated_one() -> None:
    page = ROOT / "docs" / "fields.md"
    assert page.read_text(encoding="utf-8") == field_reference(), "docs/fields.md: generate it again"


def test_the_schema_is_eight_hex_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}", SCHEMA)

"""Names that requests may use."""

import pytest

from mappings.fields import FIELDS
from search_api.freshness import JOINED
from search_api.naming import RESERVED, near, shown_field
from search_api.problem import MistakeError


def test_no_field_bears_a_reserved_name() -> None:
    for field in (*FIELDS, *JOINED.values()):
        for name in (field.name, *field.wire_names, *field.aliases):
            assert name not in RESERVED, name


def test_joined_fields_do_not_hide_others() -> None:
    assert not JOINED.keys() & {
        name for field in FIELDS for name in (field.name, *field.wire_names, *field.aliases)
    }


@pytest.mark.parametrize(
    ("name", "spoken"),
    [("platform", "platform"), ("__platform", "platform"), ("os", "platform"), ("extra.a.b", "extra.a.b")],
)
def test_a_field_is_found_by_each_of_its_names(name: str, spoken: str) -> None:
    assert shown_field(name)[0] == spoken


@pytest.mark.parametrize("name", ["view", "scopes", "visible_to", "shadowed_by", "", "extra.", "Platform "])
def test_other_names_are_unknown(name: str) -> None:
    with pytest.raises(MistakeError):
        shown_field(name)


def test_near_misses_are_few_and_near() -> None:
    assert near("PLATFROM", ("platform", "os_type")) == ("platform",)
    assert near("zzzz", ("platform", "os_type")) == ()

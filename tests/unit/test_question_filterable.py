"""A field that images are not found by is none in a sentence, in a parameter and in a body."""

import pytest

from mappings.fields import FIELDS
from mappings.filter import EVERY
from search_api.filter_tree import read_filter
from search_api.parameters import read_parameters
from search_api.problem import MistakeError, ProblemError
from search_api.question.read import read
from search_api.terms import Terms
from tests.question_lines import NOW, words

UNFOUND = [
    name
    for field in FIELDS
    if not field.filterable
    for name in (field.name, *field.wire_names, *field.aliases)
]


def test_where_files_are_kept_is_such_a_field() -> None:
    assert {"image_location", "__image_location"} <= set(UNFOUND)


@pytest.mark.parametrize("name", UNFOUND)
def test_it_is_found_by_no_way_of_asking(name: str) -> None:
    assert read(f"{name}:abc", words(), NOW).filter == EVERY
    with pytest.raises(ProblemError):
        read_parameters([(name, "abc")], Terms(words()), NOW)
    with pytest.raises(MistakeError):
        read_filter({"field": name, "in": ["abc"]}, Terms(words()), NOW)

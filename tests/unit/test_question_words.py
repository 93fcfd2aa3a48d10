"""The word lists speak of what exists."""

import pytest

from mappings.field import Kind
from mappings.field import Vocabulary as Values
from mappings.fields import FIELDS, field_named
from mappings.filter import Operator, conditions
from search_api.question.meaning import Meaning, Names, Orders, Says
from search_api.question.words import LANGUAGES, phrase_key, phrases_of, traditional
from search_api.vocabulary import vocabulary


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_mean_what_exists(language: str) -> None:
    for phrase, meaning in phrases_of(language):
        assert phrase_key(phrase), "no phrase is empty"
        _check(phrase, meaning)


def _check(phrase: str, meaning: Meaning) -> None:
    match meaning:
        case Names(name):
            assert field_named(name).filterable, phrase
        case Orders(sort):
            assert field_named(sort.field).sortable, phrase
        case Says(filter=given):
            for condition in conditions(given):
                field = field_named(condition.field)
                documented = {known.value for known in field.values}
                closed = field.vocabulary is Values.CLOSED or documented
                assert field.filterable, phrase
                if condition.operator is Operator.IN and field.kind is Kind.KEYWORD and closed:
                    assert documented | {"vmdk", "vdi"} >= set(condition.values), phrase
        case _:
            pass


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_no_phrase_twice_with_one_meaning(language: str) -> None:
    said = [(phrase_key(phrase), repr(meaning)) for phrase, meaning in phrases_of(language)]
    assert sorted(said) == sorted(set(said))


def test_traditional_characters_are_read_as_simplified_ones() -> None:
    assert "標籤".translate(traditional()) == "标签"


def test_values_of_public_documents_are_words() -> None:
    words = vocabulary({"platform": ["TempleOS"], "region": ["moon-1"], "tags": ["secret"]})
    assert phrase_key("templeos") in words.phrases
    assert phrase_key("moon-1") in words.phrases
    assert phrase_key("secret") not in words.phrases


def test_served_values_take_no_word_away() -> None:
    words = vocabulary({"platform": ["images", "not", "64"]})
    plain = vocabulary({})
    assert words.phrases["images"] == plain.phrases["images"]
    assert words.phrases["not"] == plain.phrases["not"]
    assert "64" not in words.phrases


def test_each_field_of_the_list_is_known() -> None:
    assert {field.name for field in FIELDS if field.kind is Kind.KEYWORD} <= set(vocabulary({}).values)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.embedded.number import make_numbers
from engines.embedded.terms import encoded, make_terms
from engines.embedded.wildcard import matching
from mappings.match import wildcard_pattern

TEXTS = ("", "a", "ab", "aba", "b", "bab", "B", "é", "授权", "权", "\U0001f427", "a\nb", "%", "a*b", "\x00")


def made(texts: tuple[str, ...] = TEXTS) -> list[str]:
    return sorted(texts)


def test_texts_are_found_by_their_place() -> None:
    terms = make_terms([text.encode() for text in made()])
    assert [terms.value(ordinal) for ordinal in range(len(terms))] == made()
    assert [terms.find(encoded(text)) for text in made()] == list(range(len(TEXTS)))
    assert terms.find(b"abc") is None
    assert terms.find(encoded("\ud800")) is None
    assert terms.below(b"ab") == made().index("ab")


@pytest.mark.parametrize("prefix", ["", "a", "ab", "授", "x", "\U0001f427", "\x00"])
def test_a_beginning_is_a_range(prefix: str) -> None:
    terms = make_terms([text.encode() for text in made()])
    found = [terms.value(ordinal) for ordinal in terms.beginning(encoded(prefix))]
    assert found == [text for text in made() if text.startswith(prefix)]


@settings(derandomize=True, deadline=None, max_examples=600, database=None)
@given(
    texts=st.sets(st.text("ab授\n", max_size=6), max_size=20),
    wildcard=st.text("ab授*?", min_size=1, max_size=6),
)
def test_a_wildcard_finds_what_its_pattern_matches(texts: set[str], wildcard: str) -> None:
    terms = make_terms([text.encode() for text in sorted(texts)])
    found = [terms.value(ordinal) for ordinal in matching(terms, wildcard).ordinals.tolist()]
    assert found == [text for text in sorted(texts) if wildcard_pattern(wildcard).fullmatch(text)]


def test_numbers_are_found_by_their_place() -> None:
    numbers = make_numbers([-5, 0, 7, 2**53 - 1])
    assert [numbers.find(number) for number in (-5, 0, 7, 2**53 - 1, 1, 2**70)] == [0, 1, 2, 3, None, None]
    assert [numbers.below(number) for number in (-(2**70), -5, 1, 7, 2**70)] == [0, 0, 2, 2, 4]
    assert [numbers.up_to(number) for number in (-6, -5, 7, 2**70)] == [0, 1, 3, 4]

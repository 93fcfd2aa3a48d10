"""Whatever is typed is read: nothing raises, every word ends somewhere, no word ends twice."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.filter import conjunction
from mappings.match import matches
from mappings.text import tokens
from search_api.clause import Intent, Question, Span
from search_api.explain import summary
from search_api.question.read import read
from search_api.question.words import phrases
from tests.question_estate import pool
from tests.question_lines import NOW, lines, words

_WORDS = [phrase for phrase, _ in phrases()]
_PARTS = st.one_of(
    st.sampled_from(_WORDS),
    st.sampled_from(
        [
            "ubuntu",
            "22.04",
            "AND",
            "OR",
            "NOT",
            "(",
            ")",
            ",",
            '"',
            "-",
            "8 GB",
            "not",
            "or",
            "SP3",
            "R2",
            "2024",
            "x",
        ]
    ),
    st.sampled_from(
        ["platform:", "platform=Red Hat", "min_ram>=", "tags:a.b", "created_at:2024..", "gpu:*", "#x", "0"]
    ),
    st.text(max_size=6),
)
_SENTENCES = st.one_of(
    st.text(max_size=200), st.lists(_PARTS, max_size=14).map(" ".join), st.lists(_PARTS).map("".join)
)


@settings(derandomize=True, max_examples=1500, deadline=None)
@given(_SENTENCES)
def test_any_text_is_read(text: str) -> None:
    question = read(text, words(), NOW)
    assert summary(question)
    assert matches(conjunction(question.filter, *question.text), pool()[0].document) in (True, False)
    _check_spans(text, question)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.integers(1971, 9000).map(lambda year: datetime(year, 2, 28, 23, tzinfo=UTC)),
    st.sampled_from(["last 900000 days", "last year", "3 years ago", "昨天", "h1 2024"]),
)
def test_any_moment_is_a_now(now: datetime, text: str) -> None:
    assert read(f"created {text}", words(), now).intent is Intent.LIST


@pytest.mark.parametrize("name", ["example-queries.jsonl", "dev-queries.jsonl"])
def test_every_word_of_real_questions_is_accounted_for(name: str) -> None:
    for line in lines(name):
        _check_spans(line["q"], read(line["q"], words(), NOW))


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "not ",
        "ubuntu or ",
        '"',
        "a,",
        "1 ",
        "system disk ",
        "platform:x ",
        "内存",
        "2 or ",
        "-a ",
        "!",
        "no tags or ",
        "2 or 3, ",
        "ubuntu or uefi ",
    ],
)
def test_long_texts_are_read(unit: str) -> None:
    text = unit * (4000 // len(unit))
    _check_spans(text, read(text, words(), NOW))


def _check_spans(text: str, question: Question) -> None:
    spans = _spans(question)
    assert all(0 <= begin < end <= len(text) for begin, end in spans)
    covered = [False] * len(text)
    for begin, end in spans:
        covered[begin:end] = [True] * (end - begin)
    missed = "".join(char if not seen else " " for char, seen in zip(text, covered, strict=True))
    assert not tokens(missed), f"{missed!r} of {text!r} is nowhere"
    demanded = [span for clause in question.clauses for span in clause.words]
    assert not any(
        begin < until and since < end for begin, end in question.text_spans for since, until in demanded
    ), "a word is in the text and in a demand"
    shared = {span for span in demanded if demanded.count(span) > 1}
    assert all(_same_phrase(question, span) for span in shared), "a word is in two demands"


def _same_phrase(question: Question, span: Span) -> bool:
    """One phrase may say two things that are told apart: “jammy” is Ubuntu, 22.04."""
    return sum(span in clause.words for clause in question.clauses) == 2


def _spans(question: Question) -> list[Span]:
    return [
        *(span for clause in question.clauses for span in clause.words),
        *question.text_spans,
        *(ignored.span for ignored in question.ignored),
    ]

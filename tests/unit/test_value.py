from collections.abc import Callable

import pytest

from mappings.date import milliseconds
from mappings.value import (
    KEYWORD_BYTES,
    LARGEST,
    MANY,
    TEXT_BYTES,
    Flawed,
    Reason,
    boolean,
    bounded,
    comma_list,
    date,
    features,
    integer,
    keyword,
    location,
    text,
    texts,
)

HUGE = 10**5000


CASES: list[tuple[str, Callable[[object], object], object, object]] = [
    ("keyword as it is", keyword, " Red Hat ", " Red Hat "),
    ("keyword from a number", keyword, 64, "64"),
    ("keyword from a boolean", keyword, True, Flawed(Reason.NOT_TEXT)),
    ("keyword from a huge number", keyword, HUGE, Flawed(Reason.NOT_TEXT)),
    ("keyword from an object", keyword, {}, Flawed(Reason.NOT_TEXT)),
    ("keyword too long", keyword, "x" * 3000, Flawed(Reason.CUT, "x" * KEYWORD_BYTES)),
    ("text of 1,024 Chinese characters is whole", text, "标" * 1024, "标" * 1024),
    ("text too long is cut between characters", text, "标" * 1400, Flawed(Reason.CUT, "标" * 1365)),
    ("text from a number", text, 7, "7"),
    ("boolean", boolean, True, True),
    ("boolean in lower case", boolean, "true", True),
    ("boolean with a capital", boolean, "False", False),
    ("boolean in capitals", boolean, "TRUE", True),
    ("yes is no boolean", boolean, "yes", Flawed(Reason.NOT_A_BOOLEAN)),
    ("1 is no boolean", boolean, 1, Flawed(Reason.NOT_A_BOOLEAN)),
    ("long text is no boolean", boolean, "true" * 9, Flawed(Reason.NOT_A_BOOLEAN)),
    ("integer", integer, 2048, 2048),
    ("integer as text", integer, "449261568", 449261568),
    ("integer as text with a fraction of zero", integer, "40.0", 40),
    ("integer as float", integer, 40.0, 40),
    ("fraction", integer, 0.5, Flawed(Reason.NOT_AN_INTEGER)),
    ("not a number", integer, float("nan"), Flawed(Reason.NOT_AN_INTEGER)),
    ("infinity", integer, float("inf"), Flawed(Reason.NOT_AN_INTEGER)),
    ("boolean is no integer", integer, True, Flawed(Reason.NOT_AN_INTEGER)),
    ("word is no integer", integer, "test", Flawed(Reason.NOT_AN_INTEGER)),
    ("digits of other scripts are none", integer, "４０", Flawed(Reason.NOT_AN_INTEGER)),
    ("underscores are none", integer, "1_000", Flawed(Reason.NOT_AN_INTEGER)),
    ("list is no integer", integer, [1], Flawed(Reason.NOT_AN_INTEGER)),
    ("negative", integer, -1, Flawed(Reason.OUT_OF_RANGE)),
    ("negative as text", integer, "-1", Flawed(Reason.OUT_OF_RANGE)),
    ("largest", integer, LARGEST, LARGEST),
    ("beyond the largest", integer, LARGEST + 1, Flawed(Reason.OUT_OF_RANGE)),
    ("beyond the largest as text", integer, "9" * 5000, Flawed(Reason.OUT_OF_RANGE)),
    ("huge", integer, HUGE, Flawed(Reason.OUT_OF_RANGE)),
    ("date", date, "2018-09-06T14:03:27Z", milliseconds("2018-09-06T14:03:27Z")),
    ("no date", date, "TEST", Flawed(Reason.NOT_A_DATE)),
    ("number is no date", date, 1536242607, Flawed(Reason.NOT_A_DATE)),
    ("very long text is no date", date, "2018" * 99999, Flawed(Reason.NOT_A_DATE)),
    ("beyond year 9999", date, "9999-12-31T23:59:59-23:59", Flawed(Reason.OUT_OF_RANGE)),
    ("before year 1", date, "0001-01-01T00:00:00+23:59", Flawed(Reason.OUT_OF_RANGE)),
    ("tags: trimmed, once, sorted", texts, [" b ", "a", "b", ""], ("a", "b")),
    ("tags: none", texts, [], None),
    ("tags: text is no list", texts, "a", Flawed(Reason.NOT_A_LIST)),
    ("tags: what is no text is left out", texts, ["a", 1, None], Flawed(Reason.NOT_A_LIST, ("a",))),
    ("comma list", comma_list, "hss, ces,,hss", ("ces", "hss")),
    ("comma list as a list", comma_list, ["hss"], ("hss",)),
    ("comma list from a number", comma_list, 7, Flawed(Reason.NOT_A_LIST)),
    ("features that are true", features, '{"b":"true", "a": "True", "c":"false"}', ("a", "b")),
    ("features as an object", features, {"a": True, "b": False}, ("a",)),
    ("features: none true", features, "{}", None),
    ("features: no JSON", features, "{", Flawed(Reason.NOT_FEATURES)),
    ("features: no object", features, "[1]", Flawed(Reason.NOT_FEATURES)),
    ("features: a number", features, 1, Flawed(Reason.NOT_FEATURES)),
    ("features: lone surrogate", features, '{"a\ud800":1}', Flawed(Reason.NOT_FEATURES)),
    ("features: endless", features, "[" * 70_000, Flawed(Reason.CUT)),
    ("location as text", location, "host:1:b:k", "host:1:b:k"),
    ("location from a list", location, [{"url": "rbd://a"}, {"url": "rbd://b"}], "rbd://a"),
    ("location from an empty list", location, [], None),
    ("location from a strange list", location, [1, {"url": 2}], None),
]


@pytest.mark.parametrize(("title", "reader", "value", "read"), CASES, ids=[case[0] for case in CASES])
def test_a_wire_value_is_read(
    title: str, reader: Callable[[object], object], value: object, read: object
) -> None:
    given = reader(value)
    assert given == read
    assert type(given) is type(read)


@pytest.mark.parametrize(
    ("title", "given", "kept"),
    [
        ("short", "abc", "abc"),
        ("exactly", "abcd", "abcd"),
        ("one too many", "abcde", Flawed(Reason.CUT, "abcd")),
        ("not through a character", "a标标", Flawed(Reason.CUT, "a标")),
        ("not through an emoji", "a🚀", Flawed(Reason.CUT, "a")),
        ("lone surrogate", "a\ud800", Flawed(Reason.BROKEN_CHARACTERS, "a\ufffd")),
        ("lone surrogates in long text", "\udfff" * 9, Flawed(Reason.BROKEN_CHARACTERS, "\ufffd")),
    ],
)
def test_text_is_bounded(title: str, given: str, kept: str | Flawed) -> None:
    assert bounded(given, 4) == kept


def test_many_values_are_bounded() -> None:
    read = texts([f"t{number:04}" for number in range(MANY + 1)])
    assert isinstance(read, Flawed)
    assert read.reason is Reason.TOO_MANY
    assert isinstance(read.value, tuple)
    assert len(read.value) == MANY
    assert TEXT_BYTES >= KEYWORD_BYTES

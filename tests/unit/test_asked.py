"""The parts of a search: the same in parameters and in bodies, and each mistake with what is allowed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from engines.query import Pivot, Sort
from search_api.asked import Asked
from search_api.body import KEYS, read_body
from search_api.limits import ERRORS, FACETS, FIELD_NAME, HISTOGRAMS, SELECTED, SORTS, SUMS
from search_api.naming import QUESTION_NAMES
from search_api.parameters import read_parameters
from search_api.problem import Mistake, ProblemError
from search_api.terms import Terms
from search_api.vocabulary import vocabulary

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TERMS = Terms(vocabulary({}))


def mistakes(parts: Mapping[str, object]) -> Sequence[Mistake]:
    """Read lists of names in both forms; the mistakes are the same but for their place."""
    with pytest.raises(ProblemError) as of_body:
        read_body(parts, TERMS, NOW)
    pairs = [(name, ",".join(names)) for name, names in parts.items() if isinstance(names, list)]
    with pytest.raises(ProblemError) as of_parameters:
        read_parameters(pairs, TERMS, NOW)
    found, same = of_parameters.value.mistakes, of_body.value.mistakes
    assert [f"/{mistake.parameter}" for mistake in found] == [mistake.pointer for mistake in same]
    assert [mistake.detail for mistake in found] == [mistake.detail for mistake in same]
    assert [mistake.allowed for mistake in found] == [mistake.allowed for mistake in same]
    return found


def test_both_forms_ask_the_same() -> None:
    given = {
        "facets": ["os", "firmware", "platform"],
        "histograms": ["disk", "min_disk", "created"],
        "pivot": ["os", "boot"],
        "sum": ["__image_size"],
        "sort": ["-created", "name", "created_at"],
        "fields": ["id", "extra.k", "derived", "__platform"],
    }
    wanted = Asked(
        sentence="ubuntu",
        facets=("platform", "firmware"),
        histograms=("min_disk", "created_at"),
        pivot=Pivot("platform", "firmware"),
        sums=("image_size",),
        sort=(Sort("created_at", descending=True), Sort("name")),
        limit=7,
        selection=("id", "extra.k", "derived", "platform"),
    )
    assert read_body({**given, "q": "ubuntu", "limit": 7}, TERMS, NOW) == wanted
    pairs = [(name, ",".join(names)) for name, names in given.items()]
    assert read_parameters([*pairs, ("q", "ubuntu"), ("limit", "7")], TERMS, NOW) == wanted
    apart = [(name, each) for name, names in given.items() for each in names]
    assert read_parameters([*apart, ("q", "ubuntu"), ("limit", "7")], TERMS, NOW) == wanted


def test_what_was_read_once_says_nothing_of_filters() -> None:
    parts = [("facets", "os"), ("limit", "7"), ("q", "ubuntu")]
    first = read_parameters([("gpu", "kvm"), *parts], TERMS, NOW)
    other = read_parameters([*parts, ("os_bit", "64"), ("gpu", "xen")], TERMS, NOW)
    assert [clause.source for clause in first.clauses] == ["gpu"]
    assert [clause.source for clause in other.clauses] == ["os_bit", "gpu"]
    assert first.about((), ()) == other.about((), ()) == read_parameters(parts, TERMS, NOW)
    with pytest.raises(ProblemError) as wrong:
        read_parameters([*parts, ("gpu", "mars")], TERMS, NOW)
    assert [mistake.parameter for mistake in wrong.value.mistakes] == ["gpu"]


def test_a_body_has_the_parts_of_a_query_string_and_a_filter() -> None:
    assert set(KEYS) == {*QUESTION_NAMES, "filter"}


@pytest.mark.parametrize(
    ("name", "wrong", "meant", "allowed", "not_allowed"),
    [
        ("histograms", "min_dsk", "min_disk", "created_at", "platform"),
        ("histograms", "imagesize", "image_size", "min_disk", "size"),
        ("sum", "mn_disk", "min_disk", "image_size", "max_ram"),
        ("facets", "platfrom", "platform", "firmware", "checksum"),
        ("sort", "creatd_at", "created_at", "name", "size"),
        ("fields", "chcksum", "checksum", "derived", "view"),
    ],
)
def test_what_fits_is_allowed_and_meant(
    name: str, wrong: str, meant: str, allowed: str, not_allowed: str
) -> None:
    (mistake,) = mistakes({name: [wrong]})
    assert mistake.detail == f"there is no field {wrong!r}"
    assert mistake.did_you_mean[0] == meant
    assert allowed in mistake.allowed
    assert not_allowed not in mistake.allowed
    assert not_allowed not in mistake.did_you_mean


def test_names_of_other_uses_are_not_meant() -> None:
    (mistake,) = mistakes({"histograms": ["platfrom"]})
    assert mistake.did_you_mean == ()
    (mistake,) = mistakes({"sum": ["size"]})
    assert (mistake.detail, "size" in mistake.did_you_mean) == ("size: values cannot be added up", False)


def test_each_name_that_is_wrong_is_named() -> None:
    found = mistakes({"histograms": ["foo", "min_disk", "bar"], "pivot": ["foo", "platform"], "sum": ["os"]})
    assert [(mistake.parameter, mistake.detail) for mistake in found] == [
        ("histograms", "there is no field 'foo'"),
        ("histograms", "there is no field 'bar'"),
        ("pivot", "there is no field 'foo'"),
        ("sum", "os: values cannot be added up"),
    ]
    assert len(mistakes({"fields": [f"f{number}" for number in range(SELECTED)]})) == ERRORS


@pytest.mark.parametrize(
    ("name", "field", "most"),
    [
        ("facets", "gpu", FACETS),
        ("histograms", "min_disk", HISTOGRAMS),
        ("sum", "min_disk", SUMS),
        ("sort", "name", SORTS),
        ("fields", "id", SELECTED),
    ],
)
def test_what_is_given_is_counted(name: str, field: str, most: int) -> None:
    (mistake,) = mistakes({name: [field] * (most + 1)})
    assert f"{most + 1} " in mistake.detail
    assert f"too many; at most {most}" in mistake.detail
    assert field in mistake.allowed
    read_body({name: [field] * most}, TERMS, NOW)


def test_a_name_has_its_length() -> None:
    longest = f"extra.{'k' * (FIELD_NAME - 6)}"
    assert read_body({"fields": [longest]}, TERMS, NOW).selection == (longest,)
    for name in ("fields", "facets", "sort"):
        (mistake,) = mistakes({name: [f"{longest}k"]})
        assert mistake.detail == f"a name of {FIELD_NAME + 1} characters is too long; at most {FIELD_NAME}"
    with pytest.raises(ProblemError, match=f"at most {FIELD_NAME}"):
        read_body({"filter": {"field": f"{longest}k", "exists": True}}, TERMS, NOW)
    with pytest.raises(ProblemError) as error:
        read_parameters([(f"{longest}k", "v")], TERMS, NOW)
    assert error.value.mistakes[0].detail.startswith("a name of 256 characters is too long")


@pytest.mark.parametrize(
    "value", ["min_disk", 7, {}, ["min_disk", 7]], ids=["text", "number", "object", "mixed"]
)
def test_what_is_no_list_of_names_is_told_its_form(value: object) -> None:
    with pytest.raises(ProblemError) as error:
        read_body({"histograms": value}, TERMS, NOW)
    (mistake,) = error.value.mistakes
    assert (mistake.pointer, mistake.detail) == ("/histograms", 'is not a list of strings: ["NAME", ...]')
    assert "min_disk" in mistake.allowed


@pytest.mark.parametrize("name", ["q", "limit"])
def test_what_is_given_twice_may_stand_once(name: str) -> None:
    with pytest.raises(ProblemError, match="is given twice; allowed: once"):
        read_parameters([(name, "1"), (name, "1")], TERMS, NOW)

"""Values of terms: the same in parameters and in sentences."""

from datetime import UTC, datetime

import pytest

from mappings.date import from_datetime
from mappings.fields import field_named
from mappings.filter import And, Condition, Filter, Not, Operator
from search_api.question.term import ValueProblem, parse_term_value, split_terms
from search_api.question.words import traditional
from tests.question_lines import NOW, words


def _is(field: str, *values: str | int | bool) -> Condition:
    return Condition(field, Operator.IN, values)


def _day(year: int, month: int, day: int) -> int:
    return from_datetime(datetime(year, month, day, tzinfo=UTC))


def _between(field: str, lower: int, upper: int) -> Filter:
    return And((Condition(field, Operator.GTE, (lower,)), Condition(field, Operator.LT, (upper,))))


_STATED = Condition("tags", Operator.EXISTS)
CASES: list[tuple[str, str, str, Filter]] = [
    ("case does not matter", "platform", "ubuntu", _is("platform", "Ubuntu")),
    ("every spelling of a product is it", "platform", "RedHat", _is("platform", "Red Hat")),
    ("words for a product are it", "platform", "rhel", _is("platform", "Red Hat")),
    ("the wire's name of a field", "__platform", "Red Hat", _is("platform", "Red Hat")),
    ("a list", "platform", "in:centos,EulerOS", _is("platform", "CentOS", "EulerOS")),
    ("a list without operator", "platform", 'ubuntu,"Red Hat"', _is("platform", "Ubuntu", "Red Hat")),
    ("equal", "os_bit", "eq:64", _is("os_bit", "64")),
    ("not equal", "os_bit", "neq:64", Not(_is("os_bit", "64"))),
    ("not equal as a sign", "os_bit", "!=64", Not(_is("os_bit", "64"))),
    ("a bound", "min_ram", "lte:2048", Condition("min_ram", Operator.LTE, (2048,))),
    ("a bound as a sign", "min_ram", ">=2048", Condition("min_ram", Operator.GTE, (2048,))),
    ("a unit", "min_ram", "lt:2GB", Condition("min_ram", Operator.LT, (2048,))),
    ("a unit of disks", "min_disk", "1 TB", _is("min_disk", 1024)),
    (
        "a range",
        "min_disk",
        "10..20",
        And((Condition("min_disk", Operator.GTE, (10,)), Condition("min_disk", Operator.LTE, (20,)))),
    ),
    ("an open range", "min_disk", "10..", Condition("min_disk", Operator.GTE, (10,))),
    ("a year is all of it", "created_at", "2024", _between("created_at", _day(2024, 1, 1), _day(2025, 1, 1))),
    (
        "a month is all of it",
        "created_at",
        "2024-02",
        _between("created_at", _day(2024, 2, 1), _day(2024, 3, 1)),
    ),
    (
        "a day is all of it",
        "created_at",
        "2024-02-29",
        _between("created_at", _day(2024, 2, 29), _day(2024, 3, 1)),
    ),
    (
        "after a day",
        "created_at",
        "gt:2024-03-15",
        Condition("created_at", Operator.GTE, (_day(2024, 3, 16),)),
    ),
    (
        "until a day",
        "created_at",
        "lte:2024-03-15",
        Condition("created_at", Operator.LT, (_day(2024, 3, 16),)),
    ),
    (
        "a moment",
        "created_at",
        "gte:2025-01-01T00:00:00Z",
        Condition("created_at", Operator.GTE, (_day(2025, 1, 1),)),
    ),
    (
        "days from to",
        "updated_at",
        "2024-01-01..2024-06-30",
        _between("updated_at", _day(2024, 1, 1), _day(2024, 7, 1)),
    ),
    ("a version", "version", "12 SP3", _is("version", "12.3")),
    ("a version with all behind it", "version", "7.x", _is("version", "7")),
    (
        "the text of a version compared as a version",
        "os_version",
        ">=11",
        Condition("version", Operator.GTE, ("11",)),
    ),
    ("the text of a version", "os_version", "Debian 11", _is("os_version", "Debian 11")),
    ("a flag", "__support_kvm", "True", _is("support_kvm", True)),
    ("a wire name is the stated value", "hw_firmware_type", "UEFI", _is("hw_firmware_type", "uefi")),
    ("a spoken name is the effective value", "firmware", "UEFI", _is("firmware", "uefi")),
    ("a GPU in full", "__support_kvm_gpu_type", "V100", _is("support_kvm_gpu_type", "V100")),
    ("a card asked of gpu", "gpu", "T4", _is("gpu_types", "T4")),
    ("a tag in one spelling", "tags", "team.blue", _is("tags", "team.blue")),
    ("a tag in both spellings", "tag", "team.blue", _is("tags", "team.blue", "team=blue")),
    ("a run of stars is one", "name", "ab**cd***", Condition("name", Operator.WILDCARD, ("ab*cd*",))),
    ("a negative number", "min_disk", "-1", _is("min_disk", -1)),
    ("a tag keeps its comma", "tags", "a,b", _is("tags", "a,b")),
    (
        "an id in any case",
        "id",
        "1A2B3C4D-5E6F-4A1B-8C2D-3E4F5A6B7C8D",
        _is("id", "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"),
    ),
    ("the beginning of a name", "name", "web-*", Condition("name", Operator.PREFIX, ("web-",))),
    ("a pattern", "name", "*web-*", Condition("name", Operator.WILDCARD, ("*web-*",))),
    ("a star in quotes", "name", '"web-*"', _is("name", "web-*")),
    ("stated", "tags", "*", _STATED),
    ("stated, by operator", "tags", "exists:true", _STATED),
    ("not stated", "tags", "exists:false", Not(_STATED)),
    ("not stated, by an empty value", "tags", '""', Not(_STATED)),
    ("an attribute that nobody knows", "extra.team", "blue", _is("extra.team", "blue")),
    (
        "the default project is one among others",
        "enterprise_project_id",
        "0",
        _is("enterprise_project_id", "0"),
    ),
]


@pytest.mark.parametrize(
    ("name", "value", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_value_is_read(name: str, value: str, expected: Filter) -> None:
    assert parse_term_value(field_named(name), value, words(), NOW, name) == expected


PROBLEMS = [
    ("not a number", "min_ram", "lte:much", 4, "whole number"),
    ("half a unit", "min_disk", "0.3GB", 0, "whole number of GB"),
    ("too large", "min_ram", "99999999999999999", 0, "too large"),
    ("not a flag", "protected", "maybe", 0, "not true or false"),
    ("not a date", "created_at", "gte:soon", 4, "not a date"),
    ("a day that is none", "created_at", "2024-02-30", 0, "not a date"),
    ("not a version", "version", "new", 0, "not a version"),
    ("not one of a closed list", "os_bit", "128", 0, "not a known value"),
    ("nothing behind the operator", "min_ram", "lte:", 4, "empty"),
    ("a keyword cannot be compared", "platform", "gte:Ubuntu", 0, "compares numbers"),
    ("one of several is wrong", "os_bit", "64,65", 3, "not a known value"),
    ("too short a pattern", "name", "a*", 0, "at least 2 characters"),
    ("a regular expression", "name", "/.*secret.*/", 0, "regular expressions"),
    ("a minus before a value", "platform", "-Ubuntu", 0, "a sign before it"),
    ("a mark before a value", "os_bit", "eq:!64", 3, "a sign before it"),
    ("a quote without its partner", "platform", '"Ubuntu', 0, "not closed"),
    ("a quote without its partner in a list", "os_bit", 'in:64,"32', 3, "not closed"),
    ("a quote before a name without its partner", "name", '"web', 0, "not closed"),
    ("too long a pattern", "name", "a" * 128 + "*", 128, "longer than 128"),
    ("too many stars", "name", "eq:*a*b*c*d*e*f*g*h*i", 3, "more than 8 *"),
    ("exists takes true or false", "tags", "exists:maybe", 7, "not true or false"),
]


@pytest.mark.parametrize(
    ("name", "value", "position", "message"),
    [case[1:] for case in PROBLEMS],
    ids=[case[0] for case in PROBLEMS],
)
def test_a_bad_value_is_named(name: str, value: str, position: int, message: str) -> None:
    found = parse_term_value(field_named(name), value, words(), NOW)
    assert isinstance(found, ValueProblem)
    assert (found.position, found.literal) == (position, None)
    assert message in found.message


LISTS: list[tuple[str, str, str, list[tuple[int, str]]]] = [
    ("values", "platform", "SecretOS,Ubuntu", [(0, "SecretOS"), (9, "Ubuntu")]),
    ("values behind in", "platform", "in:SecretOS,Ubuntu", [(0, "in:SecretOS"), (12, "Ubuntu")]),
    ("neq holds for the list", "platform", "neq:a,b", [(0, "neq:a"), (2, "neq:b")]),
    ("a sign holds for the list", "platform", "!=a,b", [(0, "!=a"), (2, "!=b")]),
    ("a new operator", "created_at", "gte:2025-01-01,lt:2026", [(0, "gte:2025-01-01"), (15, "lt:2026")]),
    ("a bound takes one value", "min_ram", "gte:1,2", [(0, "gte:1,2")]),
    ("quotes", "platform", 'in:"a,b",c', [(0, 'in:"a,b"'), (9, "c")]),
    ("text keeps its commas", "name", "a,neq:b", [(0, "a,neq:b")]),
    ("nothing between commas", "platform", ",", [(0, "")]),
]


@pytest.mark.parametrize(
    ("name", "text", "terms"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS]
)
def test_a_list_is_cut(name: str, text: str, terms: list[tuple[int, str]]) -> None:
    assert split_terms(field_named(name), text) == terms


@pytest.mark.parametrize("text", ["platform=-Ubuntu", "platform=!Ubuntu"])
def test_a_value_with_a_sign_is_no_other_value(text: str) -> None:
    found = parse_term_value(field_named("platform"), text.partition("=")[2], words(), NOW)
    assert isinstance(found, ValueProblem)
    assert (found.did_you_mean, found.literal) == (("neq:Ubuntu",), None)


def test_an_open_value_that_nobody_knows_comes_with_near_misses_and_its_literal() -> None:
    found = parse_term_value(field_named("platform"), "neq:Ubunto", words(), NOW)
    assert isinstance(found, ValueProblem)
    assert found.did_you_mean == ("Ubuntu",)
    assert found.literal == Not(_is("platform", "Ubunto"))


@pytest.mark.parametrize("value", ["V1000", "P40", "A100"])
def test_digits_have_no_near_misses(value: str) -> None:
    found = parse_term_value(field_named("gpu_types"), value, words(), NOW)
    assert isinstance(found, ValueProblem)
    assert found.did_you_mean == ()


def test_the_table_of_characters_is_whole() -> None:
    assert all(old != new for old, new in traditional().items())

import json
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.filter import Operator
from mappings.version import (
    bounds,
    canonical_version,
    components,
    prefixes,
    sort_key,
    spellings,
    version_of,
)

DATA = Path(__file__).parents[1] / "data"
OS_VERSIONS = json.loads((DATA / "os-versions.json").read_text(encoding="utf-8"))
# Written down by the rule (the first number behind the words; SPn and Un one component more) and read by eye.
EXPECTED = [
    tuple(line.split("\t"))
    for line in (DATA / "os-version-numbers.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


@pytest.mark.parametrize(("platform", "text", "version"), EXPECTED)
def test_published_os_versions_have_their_number(platform: str, text: str, version: str) -> None:
    assert version_of(platform, text) == (version or None)


def test_every_published_os_version_is_in_the_table() -> None:
    published = {(platform, entry["os_version"]) for platform, many in OS_VERSIONS.items() for entry in many}
    assert published == {(platform, text) for platform, text, _ in EXPECTED}


@pytest.mark.parametrize(
    ("title", "platform", "text", "version"),
    [
        ("R2 behind the edition", "Windows", "Windows Server 2012 Essentials R2 64bit", "2012R2"),
        ("R2 and service pack", "Windows", "Windows Server 2008 R2 Enterprise SP1 64bit", "2008R2.1"),
        ("space in 64 bit", "Huawei Cloud EulerOS", "Huawei Cloud EulerOS 2.0 Standard 64 bit", "2.0"),
        ("LTS-SP3 in brackets", "openEuler", "openEuler 20.03 (LTS-SP3)", "20.03.3"),
        ("V before the number", "Kylin", "Kylin V10 SP1 64bit", "10.1"),
        ("Chinese name", "Kylin", "银河麒麟V10", "10"),
        ("glued to the name", "CentOS", "CentOS7.6", "7.6"),
        ("glued service pack", "SUSE", "SLES12_SP3", "12.3"),
        ("number only", None, "22.04", "22.04"),
        ("bits only", None, "64bit", None),
        ("bits in Chinese", None, "64位", None),
        ("architecture is no version", "Ubuntu", "Ubuntu x86_64 20.04", "20.04"),
        ("no number", "Ubuntu", "Ubuntu", None),
        ("full width", "Ubuntu", "Ubuntu ２２．０４", "22.04"),
        ("a date of fourteen digits is none", None, "build 20190101123456", None),
        ("leading zeros beyond one are dropped", None, "7.004", "7.04"),
        ("build behind the number", "UnionTech OS", "UnionTech OS Server 20 1050e", "20"),
    ],
)
def test_a_version_is_read(title: str, platform: str | None, text: str, version: str | None) -> None:
    assert version_of(platform, text) == version


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("7.9", "7.9"),
        ("v7.9", "7.9"),
        ("12 SP3", "12.3"),
        ("12sp3", "12.3"),
        ("12.SP3", "12.3"),
        ("12-SP5", "12.5"),
        ("12_sp5", "12.5"),
        ("7.0-U5", "7.0.5"),
        ("2012-R2", "2012R2"),
        ("7.0 U5", "7.0.5"),
        ("2012 R2", "2012R2"),
        ("2012r2", "2012R2"),
        ("2008R2.1", "2008R2.1"),
        ("07", "7"),
        (" 22.04 ", "22.04"),
    ],
)
def test_what_people_name_has_one_form(asked: str, version: str) -> None:
    assert canonical_version(asked) == version
    assert canonical_version(version) == version


@pytest.mark.parametrize(
    "asked", ["12 SP5", "12-SP5", "12_SP5", "12SP5", "v7.9", "2012 R2", "2012-R2", "20.03-SP1"]
)
def test_what_people_name_is_read_as_in_an_os_version(asked: str) -> None:
    platform = "Windows" if "R2" in asked else None
    assert canonical_version(asked) == version_of(platform, asked)


@pytest.mark.parametrize(
    "asked",
    [
        "12-",
        "12-5",
        "12--SP5",
        "-SP5",
        "12-R",
        "",
        "latest",
        "7.",
        ".7",
        "7..9",
        "7.x",
        "-7",
        "7,9",
        "1234567890",
        "1" + ".2" * 13,
        "R2",
    ],
)
def test_what_is_no_version_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        components(asked)


def test_versions_are_ordered_by_component() -> None:
    ascending = ["2.9", "2.10", "6.1", "6.9", "6.10", "7", "7.0.1", "12.3", "12.10", "22.4", "22.10"]
    ascending += ["1010.5.0", "2012", "2012.1", "2012R2", "2012R2.1", "2016"]
    keys = [sort_key(version) for version in ascending]
    assert keys == sorted(keys)
    assert all(before < after for before, after in pairwise(keys))


@pytest.mark.parametrize(
    ("one", "other"), [("7", "7.0"), ("7", "7.0.0"), ("22.04", "22.4"), ("12 SP3", "12.3")]
)
def test_equal_versions_have_one_key(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("7.9", ("7", "7.9")),
        ("22.04", ("22", "22.04")),
        ("12 SP3", ("12", "12.3")),
        ("1298.6.0", ("1298", "1298.6", "1298.6.0")),
        ("2012R2", ("2012R2",)),
    ],
)
def test_prefixes_are_on_components(version: str, expected: tuple[str, ...]) -> None:
    assert prefixes(version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("22.4", {"22.4", "22.04"}),
        ("22.04", {"22.04", "22.4"}),
        ("6.10", {"6.10"}),
        ("7.0", {"7.0"}),
        ("7", {"7"}),
        ("14.04.1", {"14.04.1", "14.4.1", "14.04.01", "14.4.01"}),
    ],
)
def test_spellings_are_all_of_equal_components(version: str, expected: set[str]) -> None:
    assert set(spellings(version)) == expected


@pytest.mark.parametrize(
    ("title", "image", "operator", "bound", "holds"),
    [
        ("7.9 is not greater than 7", "7.9", Operator.GT, "7", False),
        ("8 is greater than 7", "8", Operator.GT, "7", True),
        ("7.9 is at most 7", "7.9", Operator.LTE, "7", True),
        ("7.9 is at least 7", "7.9", Operator.GTE, "7", True),
        ("7.9 is not less than 7", "7.9", Operator.LT, "7", False),
        ("6.10 is less than 7", "6.10", Operator.LT, "7", True),
        ("6.10 is greater than 6.9", "6.10", Operator.GT, "6.9", True),
        ("22.04 is at least 22.04", "22.04", Operator.GTE, "22.04", True),
        ("22.04.3 is at most 22.04", "22.04.3", Operator.LTE, "22.04", True),
        ("22.04.3 is at most 22.4", "22.04.3", Operator.LTE, "22.4", True),
        ("7 is less than 7.5", "7", Operator.LT, "7.5", True),
        ("7 is at most 7.0", "7", Operator.LTE, "7.0", True),
        ("7 is not greater than 7.0", "7", Operator.GT, "7.0", False),
        ("7.0.5 is not greater than 7.0", "7.0.5", Operator.GT, "7.0", False),
        ("15 is at least 12 SP3", "15", Operator.GTE, "12 SP3", True),
        ("12.2 is not at least 12 SP3", "12.2", Operator.GTE, "12 SP3", False),
        ("2012R2 is greater than 2012", "2012R2", Operator.GT, "2012", True),
        ("2012R2 is not at most 2012", "2012R2", Operator.LTE, "2012", False),
        ("2012R2 is less than 2016", "2012R2", Operator.LT, "2016", True),
        ("10 is less than 2012", "10", Operator.LT, "2012", True),
    ],
)
def test_a_range_cuts_the_image_to_the_bound(
    title: str, image: str, operator: Operator, bound: str, holds: bool
) -> None:
    lower, upper = bounds(operator, bound)
    key = sort_key(image)
    assert ((lower is None or lower <= key) and (upper is None or key < upper)) is holds


def test_other_operators_have_no_bounds() -> None:
    with pytest.raises(ValueError, match="not a comparison"):
        bounds(Operator.IN, "7")


VERSIONS = st.lists(st.sampled_from([0, 1, 2, 9, 10, 22, 2012]), min_size=1, max_size=4)


@settings(derandomize=True, max_examples=300)
@given(VERSIONS, VERSIONS)
def test_keys_and_bounds_agree_with_integers(image: list[int], bound: list[int]) -> None:
    length = max(len(image), len(bound))
    padded = [*image, *[0] * (length - len(image))], [*bound, *[0] * (length - len(bound))]
    key, bound_text = sort_key(".".join(map(str, image))), ".".join(map(str, bound))
    assert (key < sort_key(bound_text)) == (padded[0] < padded[1])
    assert (key == sort_key(bound_text)) == (padded[0] == padded[1])
    cut = padded[0][: len(bound)]
    for operator, holds in (
        (Operator.LT, cut < bound),
        (Operator.LTE, cut <= bound),
        (Operator.GT, cut > bound),
        (Operator.GTE, cut >= bound),
    ):
        lower, upper = bounds(operator, bound_text)
        assert ((lower is None or lower <= key) and (upper is None or key < upper)) is holds


@settings(derandomize=True, max_examples=200)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.data())
def test_spellings_find_every_prefix_that_is_equal(numbers: list[int], data: st.DataObject) -> None:
    spelled = [data.draw(st.sampled_from([str(n), f"{n:02}"])) for n in numbers]
    image = canonical_version(".".join(spelled))
    asked = ".".join(map(str, numbers))
    for length in range(1, len(numbers) + 1):
        assert set(spellings(".".join(asked.split(".")[:length]))) & set(prefixes(image))


def test_lengths_of_numbers_never_mislead_the_order() -> None:
    numbers = [0, 9, 10, 99, 100, 999_999_999]
    assert [sort_key(str(n)) for n in numbers] == sorted(sort_key(str(n)) for n in numbers)
    assert all(sort_key(f"{a}.{b}") for a, b in product(numbers, numbers))

"""Labels and summaries."""

import pytest

from mappings.filter import And, Condition, Filter, Not, Operator, Or
from search_api.explain import label_of, summary
from search_api.question.read import read
from tests.question_lines import NOW, words

_UBUNTU = Condition("platform", Operator.IN, ("Ubuntu",))
LABELS: list[tuple[str, Filter, str]] = [
    ("a value", _UBUNTU, "Platform: Ubuntu"),
    (
        "a documented value by its label",
        Condition("image_type", Operator.IN, ("gold",)),
        "Image type: public",
    ),
    ("a GPU", Condition("gpu", Operator.IN, ("kvm",)), "GPU on: KVM"),
    ("a bound with its unit", Condition("min_ram", Operator.LTE, (2048,)), "Minimum memory ≤ 2048 MB"),
    ("a flag", Condition("protected", Operator.IN, (True,)), "Protected: yes"),
    ("a day", Condition("created_at", Operator.LT, (1704067200000,)), "Created < 2024-01-01"),
    ("stated", Condition("tags", Operator.EXISTS), "Tags: stated"),
    ("a negation", Not(_UBUNTU), "not Platform: Ubuntu"),
    ("an attribute that nobody knows", Condition("extra.team", Operator.IN, ("blue",)), "extra.team: blue"),
    (
        "a field that is joined in",
        Condition("last_seen", Operator.GTE, (1704067200000,)),
        "Last seen ≥ 2024-01-01",
    ),
    (
        "a negated list",
        Not(Condition("min_ram", Operator.IN, (1024, 2048))),
        "not (Minimum memory: 1024 MB or 2048 MB)",
    ),
    (
        "dates in a group",
        Not(Or((_UBUNTU, Condition("carried_from", Operator.LT, (1704067200000,))))),
        "not (Platform: Ubuntu or Carried from < 2024-01-01)",
    ),
    (
        "one range",
        And((Condition("min_disk", Operator.GTE, (10,)), Condition("min_disk", Operator.LTE, (20,)))),
        "Minimum disk: 10 GB to 20 GB",
    ),
    (
        "alternatives of several fields",
        Or(
            (
                And((_UBUNTU, Condition("version", Operator.IN, ("22.04",)))),
                Condition("os_bit", Operator.IN, ("32",)),
            )
        ),
        "(Platform: Ubuntu and Version: 22.04) or Bits: 32-bit",
    ),
]


@pytest.mark.parametrize(
    ("given", "expected"), [case[1:] for case in LABELS], ids=[case[0] for case in LABELS]
)
def test_a_filter_has_a_label(given: Filter, expected: str) -> None:
    assert label_of(given) == expected


SUMMARIES = [
    ("KVM GPU images for Ubuntu, 64-bit with UEFI", "images for KVM GPU servers, Ubuntu, 64-bit, UEFI boot"),
    ("", "images"),
    ("how many debian 12 images", "number of images for Debian, version 12"),
    ("images per region", "counts of images by region"),
    ("newest not windows", "images for not Windows; newest first"),
    ("nginx", "images for text nginx"),
    ("oldest images", "images; oldest first"),
    ("most recently updated", "images; most recently updated first"),
    ("ubuntu, latest version", "images for Ubuntu; highest version first"),
    ("sorted by name", "images; by name, rising"),
    ("sort:created_at-desc,name", "images; newest first, then by name, rising"),
    (
        "not (ubuntu or debian)",
        "images for not (Ubuntu or Debian)",
    ),
    ("uefi (ubuntu OR -arm)", "images for UEFI boot, Ubuntu or not ARM (Kunpeng)"),
    ("NOT (uefi AND (ubuntu OR arm))", "images for not (UEFI boot (Ubuntu or ARM (Kunpeng)))"),
]


@pytest.mark.parametrize(
    ("sentence", "expected"), SUMMARIES, ids=[case[0] or "nothing" for case in SUMMARIES]
)
def test_a_question_has_a_summary(sentence: str, expected: str) -> None:
    assert summary(read(sentence, words(), NOW)) == expected

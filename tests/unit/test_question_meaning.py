"""Sentences by rule: what each is read as, in one line."""

import pytest

from search_api.clause import Intent
from search_api.explain import summary
from search_api.question.read import read
from tests.question_lines import NOW, words

RULES = [
    (
        "a version clings to its own OS",
        "Debian 11 or 12 and CentOS 7.9",
        "Debian version 11 or 12 or CentOS version 7.9",
    ),
    ("an OS told again is the same", "jammy ubuntu", "Ubuntu, version 22.04"),
    ("a list of versions", "redhat 7 8 9", "Red Hat, version 7 or 8 or 9"),
    ("a range of versions", "Debian 10-12", "Debian, Version: 10 to 12"),
    ("service packs of one version", "suse 12 SP2 to SP5", "SUSE, Version: 12.2 to 12.5"),
    ("a version compared behind", "Ubuntu 20.04+", "Ubuntu, Version ≥ 20.04"),
    ("a comparison before the OS", "newer than ubuntu 18.04", "Ubuntu, Version > 18.04"),
    ("a number behind another word is text", "centos with cuda 11.8", "CentOS, text cuda 11.8"),
    ("a number with a unit is no version", "Ubuntu 20 GB disk", "Ubuntu, Minimum disk ≤ 20 GB"),
    ("two values of one field are a union", "Ubuntu, Debian", "Ubuntu or Debian"),
    ("bits in a list", "32 or 64 bit", "32-bit or 64-bit"),
    ("or of two fields", "GPU images or large-memory images", "GPU servers or large memory"),
    ("or of two phrases", "Ubuntu with UEFI or Debian with BIOS", "Ubuntu UEFI boot or Debian BIOS boot"),
    ("or with a group", "ubuntu or (debian and uefi)", "Ubuntu or Debian UEFI boot"),
    ("or of words", "nginx or apache on centos", "Text: nginx or Text: apache, CentOS"),
    ("a qualifier holds for the list", "(ubuntu or debian) with uefi", "Ubuntu or Debian, UEFI boot"),
    ("not covers one thing", "not 64-bit Windows", "not 64-bit Windows"),
    ("not ends at a comma", "not Windows, UEFI", "not Windows, UEFI boot"),
    ("without covers the list", "without GPU and UEFI", "not GPU servers, not UEFI boot"),
    (
        "except covers a list with commas",
        "except Windows, Ubuntu and Debian",
        "not Windows or Ubuntu or Debian",
    ),
    ("a negated version", "Ubuntu but not 18.04", "Ubuntu, not version 18.04"),
    ("a minus covers one word", "ubuntu -xen uefi", "Ubuntu, not Xen, UEFI boot"),
    ("written NOT takes a group", "NOT (Debian 9 AND 64-bit)", "not Debian version 9 64-bit"),
    ("KVM beside a GPU", "gpu images on kvm", "KVM GPU servers"),
    ("KVM beside no GPU", "kvm images without gpu", "KVM, not GPU servers"),
    ("a card has all its values", "M60", "M60 or M60, virtualised"),
    ("a value in full is exact", "V100_vGPU", "V100, virtualised"),
    ("many-valued and", "kvm and xen", "KVM, Xen"),
    ("needs is a floor from below", "needs 8 GB RAM", "Minimum memory ≥ 8192 MB"),
    ("fits is a floor from above", "fits in 8 GB RAM", "Minimum memory ≤ 8192 MB"),
    ("too big", "too big for a 50 GB system disk", "Minimum disk > 50 GB"),
    ("bigger is said of the file", "images bigger than 1 KB", "Image size > 1024 bytes"),
    (
        "a year behind a date word",
        "windows 2019 created in 2024",
        "Windows, version 2019, Created: 2024-01-01 before 2025-01-01",
    ),
    ("months without a year", "created between march and may 2025", "Created: 2025-03-01 before 2025-06-01"),
    ("not updated", "not updated since 2022", "Updated < 2022-01-01"),
    ("an age", "older than 2 years", "Created < 2024-03-11T09:30:00Z"),
    ("nothing stated", "no firmware type", "not Boot mode: stated"),
    ("a typo", "ubunut", "Ubuntu"),
    ("the nearest of look-alikes", "CetnOS", "CentOS"),
    ("no typo of digits", "V1000", "text V1000"),
    ("a glued word is read where all is known", "centos7.9-uefi", "CentOS, version 7.9, UEFI boot"),
    ("a glued word is one word where not all is", "web-centos7", "text web-centos7"),
    ("quoted words are text", '"data disk"', 'text "data disk"'),
    ("an unknown field is text", "foo:bar", "text foo:bar"),
    ("key=value is a tag", "team=blue", "Tags: team=blue or team.blue"),
    ("a value of several words behind a field", "platform:Red Hat 7", "Red Hat, version 7"),
    ("Chinese", "公共镜像中不支持UEFI的Ubuntu 18.04", "public, not UEFI boot, Ubuntu, version 18.04"),
    ("Chinese sizes", "内存小于等于2GB且磁盘大于40GB", "Minimum memory ≤ 2048 MB, Minimum disk > 40 GB"),
    (
        "German",
        "Ubuntu ohne UEFI, mindestens 4 GB Arbeitsspeicher",
        "Ubuntu, not UEFI boot, Minimum memory ≥ 4096 MB",
    ),
]


@pytest.mark.parametrize(
    ("sentence", "expected"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_a_sentence_is_read(sentence: str, expected: str) -> None:
    assert summary(read(sentence, words(), NOW)) == f"images for {expected}"


def test_order_number_and_counting_are_told_apart() -> None:
    newest = read("latest 5 private images", words(), NOW)
    assert [(level.field, level.descending) for level in newest.sort] == [("created_at", True)]
    assert newest.limit == 5
    assert read("how many ISO images", words(), NOW).intent is Intent.COUNT
    counted = read("private images per platform and region", words(), NOW)
    assert (counted.intent, counted.facets) == (Intent.FACET, ("platform", "region"))
    assert [level.field for level in read("images sorted by name", words(), NOW).sort] == ["name"]


def test_what_was_guessed_is_said() -> None:
    assert read("ubunut", words(), NOW).notes == ("“ubunut” was read as “ubuntu”",)
    assert "was read as minimum memory" in read("8 GB images", words(), NOW).notes[0]
    assert "images state nothing about it" in read("4 vCPU", words(), NOW).notes[0]

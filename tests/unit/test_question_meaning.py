"""Sentences by rule: what each is read as, in one line."""

import pytest

from mappings.fields import field_named
from mappings.filter import conjunction
from search_api.clause import Intent
from search_api.demand import combined
from search_api.explain import summary
from search_api.question.read import read
from search_api.question.term import ValueProblem, parse_term_value, split_terms
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
    ("not covers one thing", "not 64-bit Windows", "not (64-bit Windows)"),
    ("not ends at a comma", "not Windows, UEFI", "not Windows, UEFI boot"),
    ("without covers the list", "without GPU and UEFI", "not GPU servers, not UEFI boot"),
    (
        "except covers a list with commas",
        "except Windows, Ubuntu and Debian",
        "not (Windows or Ubuntu or Debian)",
    ),
    ("a negated version", "Ubuntu but not 18.04", "Ubuntu, not version 18.04"),
    ("a minus covers one word", "ubuntu -xen uefi", "Ubuntu, not Xen, UEFI boot"),
    ("written NOT takes a group", "NOT (Debian 9 AND 64-bit)", "not (Debian version 9 64-bit)"),
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
    ("younger", "newer than 30 days", "Created ≥ 2026-02-09T09:30:00Z"),
    ("not older", "not older than 30 days", "Created ≥ 2026-02-09T09:30:00Z"),
    ("not younger", "not newer than 30 days", "Created < 2026-02-09T09:30:00Z"),
    ("a length of age: more", "more than 30 days old", "Created < 2026-02-09T09:30:00Z"),
    ("a length of age: less", "less than 30 days old", "Created ≥ 2026-02-09T09:30:00Z"),
    ("a length of age: at least", "at least 30 days old", "Created < 2026-02-09T09:30:00Z"),
    ("a length of age: at most", "at most 30 days old", "Created ≥ 2026-02-09T09:30:00Z"),
    ("a length of age: not more", "not more than 30 days old", "Created ≥ 2026-02-09T09:30:00Z"),
    ("a length of age: not less", "not less than 30 days old", "Created < 2026-02-09T09:30:00Z"),
    ("a length of age: up to", "up to 30 days old", "Created ≥ 2026-02-09T09:30:00Z"),
    ("a length of age, compared behind", "30 days old or more", "Created < 2026-02-09T09:30:00Z"),
    ("an age, compared behind", "30 days or older", "Created < 2026-02-09T09:30:00Z"),
    (
        "between two ages",
        "between 30 and 60 days old",
        "Created: 2026-01-10T09:30:00Z before 2026-02-09T09:30:00Z",
    ),
    ("longer ago", "created more than 30 days ago", "Created < 2026-02-09T09:30:00Z"),
    ("less long ago", "created less than 30 days ago", "Created > 2026-02-09T09:30:00Z"),
    ("a Chinese length of age", "更新时间超过30天", "Updated < 2026-02-09T09:30:00Z"),
    ("a date that is not older", "created not older than 2024-01-01", "Created ≥ 2024-01-01"),
    (
        "bounds of one field narrow",
        "min_ram>=1024 min_ram<=4096",
        "Minimum memory ≥ 1024 MB, Minimum memory ≤ 4096 MB",
    ),
    ("bounds of a version narrow", "version>=18 version<22 ubuntu", "Version ≥ 18, Version < 22, Ubuntu"),
    (
        "a bound goes on with its field",
        "disk over 40 GB and under 100 GB",
        "Minimum disk > 40 GB, Minimum disk < 100 GB",
    ),
    (
        "written OR between bounds",
        "min_ram<=512 OR min_ram>=1024",
        "Minimum memory ≤ 512 MB or Minimum memory ≥ 1024 MB",
    ),
    ("a minus before a number", "ubuntu -22.04", "Ubuntu, not version 22.04"),
    ("a minus before several numbers", "ubuntu -20.04 -18.04", "Ubuntu, not (version 20.04 or 18.04)"),
    ("a minus before bits", "-64bit windows", "not 64-bit, Windows"),
    ("an exclamation mark", "ubuntu !arm", "Ubuntu, not ARM (Kunpeng)"),
    ("two minus signs", "ubuntu --arm", "Ubuntu, not ARM (Kunpeng)"),
    ("a minus behind a comma", "ubuntu,-arm", "Ubuntu, not ARM (Kunpeng)"),
    ("a minus that touches both sides is a range", "ubuntu 18-20", "Ubuntu, Version: 18 to 20"),
    ("a sign before a value", "platform:-ubuntu", "not Ubuntu"),
    ("no platform", "no platform", "not Platform: stated"),
    ("no platform stated", "images with no platform stated", "not Platform: stated"),
    ("no version", "has no version", "not Version: stated"),
    ("without a platform", "without a platform", "not Platform: stated"),
    ("no field by its written name", "images with no os_version", "not OS version: stated"),
    ("not stated, told behind", "firmware not stated", "not Boot mode: stated"),
    ("not set, told behind", "min_ram is not set", "not Minimum memory: stated"),
    (
        "a list of fields that are not stated",
        "no tags or description",
        "not Tags: stated, not Description: stated",
    ),
    ("a list that ends with a value", "no tags and platform ubuntu", "not Tags: stated, Ubuntu"),
    ("a term behind what is not stated", "no tags os_bit:64", "not Tags: stated, 64-bit"),
    ("which, and not stated", "which platform is not stated", "not Platform: stated"),
    ("no platform, in Chinese", "没有平台的镜像", "not Platform: stated"),
    ("not set, in Chinese", "平台未设置", "not Platform: stated"),
    ("a value behind the name is negated", "no platform Other", "not Other"),
    (
        "a shared unit",
        "ubuntu with 2 or 4 GB ram",
        "Ubuntu, Minimum memory ≤ 2048 MB or Minimum memory ≤ 4096 MB",
    ),
    (
        "a shared unit of a list",
        "2, 4 or 8 GB disk",
        "Minimum disk ≤ 2 GB or Minimum disk ≤ 4 GB or Minimum disk ≤ 8 GB",
    ),
    (
        "a shared unit behind an OS",
        "debian 11 or 12 GB disk",
        "Debian, Minimum disk ≤ 11 GB or Minimum disk ≤ 12 GB",
    ),
    (
        "a list of versions before an amount",
        "debian 11 or 12, 12 GB disk",
        "Debian, version 11 or 12, Minimum disk ≤ 12 GB",
    ),
    (
        "a version before an amount",
        "ubuntu 22.04, 8 GB ram",
        "Ubuntu, version 22.04, Minimum memory ≤ 8192 MB",
    ),
    ("a negated tag", "without tag env=prod", "not (Tags: env=prod or env.prod)"),
    ("not tagged", "not tagged env=prod", "not (Tags: env=prod or env.prod)"),
    ("a negated word of a tag", "without tags env", "not Tags: env"),
    ("no tag, then an OS", "images without a tag on ubuntu", "not Tags: stated, Ubuntu"),
    ("tags by the field's name", "tags:env=prod", "Tags: env=prod"),
    ("tags by their parameter's name", "tag:env=prod", "Tags: env=prod or env.prod"),
    (
        "the default project in words",
        "default enterprise project",
        "Enterprise project: 0 or not Enterprise project: stated",
    ),
    ("the default project by number", "enterprise_project_id=0", "Enterprise project: 0"),
    ("a field that is joined in", "last_seen>=2025-01-01", "Last seen ≥ 2025-01-01"),
    ("a field that images are not found by", "image_location:abc", "text image_location:abc"),
    ("words of a phrase that are searched", "CentOS Stream 8", "CentOS, version 8, text Stream"),
    ("a negated negation", "not not ubuntu", "Ubuntu"),
    ("a written negated negation", "NOT NOT ubuntu", "Ubuntu"),
    ("both, in Chinese", "既支持KVM又支持XEN", "KVM, Xen"),
    ("a v before a version", "kylin v10", "Kylin, version 10"),
    ("a bare version before its OS", "22.04 ubuntu", "version 22.04, Ubuntu"),
    ("a number of something else before an OS", "python 3.11 ubuntu", "Ubuntu, text python 3.11"),
    ("a version before its OS", "v22.04 ubuntu", "version 22.04, Ubuntu"),
    ("a Chinese name and a version", "麒麟V10", "Kylin, version 10"),
    ("full-width forms", "ＵＢＵＮＴＵ　２２．０４", "Ubuntu, version 22.04"),
    ("years from to", "from 2023 to 2024", "Created: 2023-01-01 before 2025-01-01"),
    ("years between", "between 2023 and 2024", "Created: 2023-01-01 before 2025-01-01"),
    ("a range of years", "2020-2022 images", "Created: 2020-01-01 before 2023-01-01"),
    ("a range of years beside an OS", "ubuntu 2020-2022", "Ubuntu, Created: 2020-01-01 before 2023-01-01"),
    ("a range of versions that look like years", "windows 2016-2019", "Windows, Version: 2016 to 2019"),
    ("words behind a name, in Chinese", "名字包含nginx", "text nginx"),
    ("not larger is said of the file", "not larger than 1GB", "Image size ≤ 1073741824 bytes"),
    ("not larger of what is named", "system disk not larger than 40 GB", "Minimum disk ≤ 40 GB"),
    ("a list of values", "platform:SecretOS,Ubuntu", "SecretOS or Ubuntu"),
    ("a list of negated values", "platform:neq:Ubuntu,CentOS", "not Ubuntu and not CentOS"),
    (
        "an operator behind a comma",
        "created_at:gte:2025-01-01,lt:2026",
        "Created: 2025-01-01 before 2026-01-01",
    ),
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


@pytest.mark.parametrize(
    ("sentence", "sort", "facets"),
    [
        ("order by min_disk asc", [("min_disk", False)], ()),
        ("group by os_bit", [], ("os_bit",)),
    ],
)
def test_written_names_are_names(
    sentence: str, sort: list[tuple[str, bool]], facets: tuple[str, ...]
) -> None:
    found = read(sentence, words(), NOW)
    assert [(level.field, level.descending) for level in found.sort] == sort
    assert (found.facets, found.text) == (facets, ())


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("ubuntu or debian but not both", "“not” was not used"),
        ("no images", "“no” was not used"),
        ("images not set", "“not set” was not used: no field is named"),
        ("4 or 8 vcpus", "“4 or 8 vcpus” was not used"),
        ("platform:-ubuntu", "read as neq:Ubuntu"),
        ('platform="Ubuntu', "“platform=” was not used: no value follows"),
        ("name:*a*b*c*d*e*f*g*h*i*", "more than 8 *"),
        ("platform:SecretOS,Ubuntu", "no public image has platform 'SecretOS'"),
    ],
)
def test_what_was_not_used_is_said(sentence: str, note: str) -> None:
    assert note in "; ".join(read(sentence, words(), NOW).notes)


def test_a_sign_that_negates_nothing_is_left_aside() -> None:
    sentence = '"data disk"-arm'
    found = read(sentence, words(), NOW)
    assert [sentence[slice(*ignored.span)] for ignored in found.ignored] == ["-"]


@pytest.mark.parametrize("sentence", ["not not ubuntu", "not 64-bit Windows", "NOT uefi", "no tags"])
def test_a_negation_that_is_used_needs_no_note(sentence: str) -> None:
    assert read(sentence, words(), NOW).notes == ()


SAME = [
    ("min_ram>=1024 min_ram<=4096", [("min_ram", "gte:1024"), ("min_ram", "lte:4096")]),
    ("min_ram:gte:1024 min_ram:lte:4096", [("min_ram", "gte:1024,lte:4096")]),
    ("version>=18 version<22", [("version", "gte:18"), ("version", "lt:22")]),
    (
        "created_at>=2025-01-01 created_at<2026-01-01",
        [("created_at", "gte:2025-01-01"), ("created_at", "lt:2026")],
    ),
    ("min_disk:10..40 min_disk<30", [("min_disk", "10..40"), ("min_disk", "lt:30")]),
    ("os_bit:64,32", [("os_bit", "64"), ("os_bit", "32")]),
    ("platform:in:CentOS,Ubuntu", [("platform", "CentOS,Ubuntu")]),
    ("platform!=Ubuntu platform!=CentOS", [("platform", "neq:Ubuntu,CentOS")]),
    ("platform:Ubuntu platform:CentOS", [("platform", "Ubuntu,CentOS")]),
    ("tags:a=b", [("tags", "a=b")]),
    ("tag:a=b", [("tag", "a=b")]),
]


@pytest.mark.parametrize(("sentence", "parameters"), SAME, ids=[case[0] for case in SAME])
def test_terms_mean_what_the_parameters_mean(sentence: str, parameters: list[tuple[str, str]]) -> None:
    terms = [
        parse_term_value(field_named(name), term, words(), NOW, name)
        for name, value in parameters
        for _, term in split_terms(field_named(name), value)
    ]
    given = combined([term for term in terms if not isinstance(term, ValueProblem)])
    assert read(sentence, words(), NOW).filter == conjunction(*given)


def test_what_was_guessed_is_said() -> None:
    assert read("ubunut", words(), NOW).notes == ("“ubunut” was read as “ubuntu”",)
    assert "was read as minimum memory" in read("8 GB images", words(), NOW).notes[0]
    assert "images state nothing about it" in read("4 vCPU", words(), NOW).notes[0]

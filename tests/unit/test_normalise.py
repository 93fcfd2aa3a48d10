import json
from pathlib import Path

import orjson
import pytest

from mappings.date import date_text
from mappings.document import Document, restore, store
from mappings.field import Exposure, Kind
from mappings.fields import FIELDS, field_named
from mappings.normalise import EXTRA_KEYS, ID_BYTES, KEY_BYTES, Problem, normalise
from mappings.scope import CloudKind, ImageType, Scope
from mappings.value import KEYWORD_BYTES, TEXT_BYTES, Reason

DATA = Path(__file__).parents[1] / "data"
RECORDS = [
    json.loads(line)["record"]
    for line in (DATA / "ims-real-records.jsonl").read_text(encoding="utf-8").splitlines()
]
# Written down for each real record and read by eye against it.
EXPECTED = [
    json.loads(line) for line in (DATA / "expected-documents.jsonl").read_text(encoding="utf-8").splitlines()
]
OTHER_SHAPES = [
    json.loads(line) for line in (DATA / "ims-other-shapes.jsonl").read_text(encoding="utf-8").splitlines()
]
OWNER_FIELDS = [field for field in FIELDS if field.exposure is Exposure.OWNER]


def scope(
    image_type: ImageType = ImageType.GOLD, kind: CloudKind = CloudKind.IMS, project: str = "p1"
) -> Scope:
    public = image_type in {ImageType.GOLD, ImageType.MARKET}
    return Scope("prod", "huawei", kind, "cn-north-4", image_type, None if public else project)


def document(
    record: dict[str, object],
    image_type: ImageType = ImageType.GOLD,
    kind: CloudKind = CloudKind.IMS,
) -> Document:
    found = normalise({"id": "i-1", **record}, scope(image_type, kind)).document
    assert found is not None
    return found


def problems(record: dict[str, object]) -> list[tuple[str, Reason]]:
    return [(p.name, p.reason) for p in normalise({"id": "i-1", **record}, scope()).problems]


def test_there_is_an_expectation_for_each_real_record() -> None:
    assert [record["id"] for record in RECORDS] == [expected["id"] for expected in EXPECTED]
    assert len(RECORDS) == 104


@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_a_real_record_becomes_the_expected_document(number: int) -> None:
    record, expected = RECORDS[number], EXPECTED[number]
    listing = scope(
        ImageType(expected["image_type"]), CloudKind(expected["kind"]), project=record.get("owner") or "p1"
    )
    normalised = normalise(record, listing)
    assert normalised.document is not None
    found = restore(store(normalised.document))
    assert found == normalised.document
    shown = {
        name: date_text(int(value)) if field_named(name).kind is Kind.DATE else value
        for name, value in orjson.loads(orjson.dumps(found.fields)).items()
        if name not in {"cloud", "region", "view", "scopes", "visible_to"}
    }
    assert shown == expected["fields"]
    assert found.extra == expected["extra"]
    assert list(found.derived) == expected["derived"]
    assert [[p.name, p.reason.name] for p in normalised.problems] == expected["problems"]
    assert sorted(set(record) - set(orjson.loads(found.raw))) == expected["hidden"]


def test_other_shapes_are_read_or_refused_and_counted() -> None:
    seen = [normalise(shape["record"], scope()) for shape in OTHER_SHAPES]
    refused = [one for one in seen if one.document is None]
    assert (len(seen), len(refused)) == (23, 11)
    assert all(one.problems == (Problem("id", Reason.NO_ID),) for one in refused)
    for one in seen:
        if one.document is not None:
            assert restore(store(one.document)) == one.document


@pytest.mark.parametrize(
    ("title", "value", "image"),
    [
        ("text", "i-1", "i-1"),
        ("text with blanks around", " i-1 ", "i-1"),
        ("an integer", 7, "7"),
        ("zero", 0, "0"),
        ("Chinese", "镜像", "镜像"),
        ("absent", None, None),
        ("empty", "", None),
        ("blank", "  ", None),
        ("the word null", "null", None),
        ("a boolean", True, None),
        ("a float", 1.0, None),
        ("an object", {"id": 1}, None),
        ("a list", ["i-1"], None),
    ],
)
def test_an_id_is_text_or_an_integer(title: str, value: object, image: str | None) -> None:
    found = normalise({"id": value}, scope()).document
    assert (found.fields["id"] if found else None) == image


def test_long_ids_stay_unique() -> None:
    one, other = document({"id": "x" * 3000 + "1"}), document({"id": "x" * 3000 + "2"})
    assert one.key != other.key
    assert len(str(one.fields["id"]).encode()) <= ID_BYTES
    assert normalise({"id": 10**6000}, scope()).document is not None


@pytest.mark.parametrize("unset", [None, "", "null"])
@pytest.mark.parametrize("key", ["__platform", "min_ram", "__support_kvm", "tags", "deleted_at", "team"])
def test_what_is_not_set_is_absent_and_no_problem(key: str, unset: object) -> None:
    with_it, without = document({key: unset}), document({})
    assert (with_it.fields, with_it.extra, with_it.derived) == (without.fields, {}, without.derived)
    assert problems({key: unset}) == []


@pytest.mark.parametrize("word", ["NULL", "None", " "])
def test_other_words_are_values(word: str) -> None:
    assert document({"team": word}).extra == {"team": word}


@pytest.mark.parametrize(
    ("title", "record", "project"),
    [
        ("blank is the default project", {"enterprise_project_id": ""}, "0"),
        ("zero", {"enterprise_project_id": "0"}, "0"),
        ("null is not set", {"enterprise_project_id": None}, None),
        ("absent is not set", {}, None),
        ("the Glance-style key", {"_sys_enterprise_project_id": "e-1"}, "e-1"),
        ("the Glance-style key, blank", {"_sys_enterprise_project_id": ""}, "0"),
        (
            "a project wins over a blank",
            {"enterprise_project_id": "", "_sys_enterprise_project_id": "e"},
            "e",
        ),
    ],
)
def test_the_enterprise_project(title: str, record: dict[str, object], project: str | None) -> None:
    assert document(record).fields.get("enterprise_project_id") == project


@pytest.mark.parametrize(
    ("title", "record", "field", "value"),
    [
        ("every spelling of Red Hat is one", {"__platform": "Redhat"}, "platform", "Red Hat"),
        ("text stays as it is", {"__platform": "Anolis OS"}, "platform", "Anolis OS"),
        (
            "documented values are in documented spelling",
            {"__image_source_type": "UDS"},
            "image_source_type",
            "uds",
        ),
        ("others as they came", {"__os_type": "Suse"}, "os_type", "Suse"),
        ("bits from a number", {"__os_bit": 64}, "os_bit", "64"),
        (
            "the first spelling of a date wins",
            {"create_at": "2018-09-06T14:03:27Z"},
            "created_at",
            1536242607000,
        ),
        ("flag True", {"__lazyloading": "True"}, "lazyloading", True),
        ("size as text", {"__image_size": "449261568"}, "image_size", 449261568),
        ("memory of zero as text", {"max_ram": "0"}, "max_ram", 0),
    ],
)
def test_a_field_is_read(title: str, record: dict[str, object], field: str, value: object) -> None:
    assert document(record).fields[field] == value
    assert field not in document(record).derived


def test_further_keys_are_read_where_the_first_gives_nothing() -> None:
    both: dict[str, object] = {"created_at": "2020-01-01T00:00:00Z", "create_at": "2018-01-01T00:00:00Z"}
    assert date_text(int(str(document(both).fields["created_at"]))) == "2020-01-01T00:00:00Z"
    broken = {**both, "created_at": "soon"}
    assert date_text(int(str(document(broken).fields["created_at"]))) == "2018-01-01T00:00:00Z"
    assert problems(broken) == [("created_at", Reason.NOT_A_DATE)]


def test_keys_of_glance_are_read_from_glance_only() -> None:
    record: dict[str, object] = {"os_distro": "ubuntu", "os_version": "22.04", "size": 5, "os_hidden": False}
    glance, ims = document(record, kind=CloudKind.GLANCE), document(record)
    assert glance.fields["platform"] == "Ubuntu"
    assert glance.fields["version"] == "22.04"
    assert (glance.fields["size"], glance.fields["image_size"]) == (5, 5)
    assert glance.extra == {}
    assert "platform" not in ims.fields
    assert "image_size" not in ims.fields
    assert ims.extra == {"os_distro": "ubuntu", "os_version": "22.04", "os_hidden": "false"}


@pytest.mark.parametrize("field", OWNER_FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("kind", CloudKind)
def test_what_only_the_owner_may_know_stands_in_own_documents_only(field: object, kind: CloudKind) -> None:
    assert field in OWNER_FIELDS
    for declared in (one for one in OWNER_FIELDS if one is field):
        for key in declared.wire_names:
            record: dict[str, object] = {key: "instance,secret-1", "nested": {"deep": [{key: "secret-1"}]}}
            own = store(document(record, ImageType.PRIVATE, kind))
            assert b"secret-1" in own.raw
            for image_type in (ImageType.GOLD, ImageType.SHARED, ImageType.MARKET):
                other = document(record, image_type, kind)
                assert declared.name not in other.fields
                stored = store(other)
                assert b"secret-1" not in stored.raw + stored.body + stored.internal
            if key in declared.ims or kind is CloudKind.GLANCE:
                assert document(record, ImageType.PRIVATE, kind).fields[declared.name] == "instance,secret-1"


def test_the_origin_is_told_without_its_id() -> None:
    found = document({"__data_origin": "instance,secret-1"}, ImageType.SHARED)
    assert found.fields["origin"] == "instance"


def test_the_listing_is_told() -> None:
    own = document({}, ImageType.PRIVATE)
    assert own.key == "huawei/cn-north-4/i-1/own"
    assert (own.scopes, own.many("visible_to")) == (("prod/cn-north-4/p1/private",), ("p1",))
    public = document({})
    assert public.key == "huawei/cn-north-4/i-1/public"
    assert "visible_to" not in public.fields


def test_the_member_of_a_shared_image_and_its_owner_see_two_views() -> None:
    shared = document({"__imagetype": "shared"}, ImageType.SHARED)
    own = document({"__imagetype": "private"}, ImageType.PRIVATE)
    assert (shared.fields["image_type"], shared.fields["trust"]) == ("shared", 2)
    assert (own.fields["image_type"], own.fields["trust"]) == ("private", 1)


def test_a_kvm_gpu_image_needs_no_kvm_flag() -> None:
    found = document({"__support_kvm_gpu_type": "V100", "__os_version": "Ubuntu 22.04 server 64bit"})
    assert found.fields["gpu"] == ("kvm",)
    assert found.fields["hypervisors"] == ("kvm",)
    assert "support_kvm" not in found.fields


@pytest.mark.parametrize(
    ("title", "value", "text"),
    [
        ("text", "payments", "payments"),
        ("a number", 12, "12"),
        ("a fraction", 1.5, "1.5"),
        ("a boolean", True, "true"),
        ("an object", {"b": 1, "a": ["标"]}, '{"a":["标"],"b":1}'),
        ("an empty list", [], "[]"),
        ("a long text is cut", "x" * 3000, "x" * KEYWORD_BYTES),
    ],
)
def test_unknown_attributes_are_kept_as_text(title: str, value: object, text: str) -> None:
    found = document({"team.name": value})
    assert found.extra == {"team.name": text}
    assert orjson.loads(found.raw)["team.name"] == value


def test_unknown_keys_are_bounded_and_counted() -> None:
    found = normalise({"id": "i-1", **{f"k{number:04}": "v" for number in range(5000)}}, scope())
    assert found.document is not None
    assert list(found.document.extra) == [f"k{number:04}" for number in range(EXTRA_KEYS)]
    assert found.problems == (Problem("extra", Reason.TOO_MANY),)
    long = document({"标" * 200: "v"})
    assert [len(key.encode()) for key in long.extra] == [KEY_BYTES]


def test_texts_are_bounded_in_the_index_and_whole_in_raw() -> None:
    name = "镜像" * 1_000_000
    found = document({"name": name})
    assert len(str(found.fields["name"]).encode()) <= TEXT_BYTES
    assert orjson.loads(found.raw)["name"] == name
    assert problems({"name": name}) == [("name", Reason.CUT)]


def test_a_bad_attribute_costs_only_itself() -> None:
    record: dict[str, object] = {"min_ram": -1, "min_disk": "much", "protected": "maybe", "name": ["a"]}
    found = document({**record, "status": "active"})
    assert not {"min_disk", "protected", "name"} & set(found.fields)
    assert found.fields["status"] == "active"
    assert "min_ram" not in found.fields
    assert problems(record) == [
        ("min_ram", Reason.OUT_OF_RANGE),
        ("min_disk", Reason.NOT_AN_INTEGER),
        ("protected", Reason.NOT_A_BOOLEAN),
        ("name", Reason.NOT_TEXT),
    ]


@pytest.mark.parametrize(
    ("title", "record", "absent"),
    [
        ("memory with a fraction", {"min_ram": 2048.5}, {"min_ram"}),
        ("a negative ceiling", {"max_ram": "-1"}, {"max_ram"}),
        ("a flag that is neither", {"__support_arm": "maybe"}, {"support_arm", "architecture", "firmware"}),
        ("boot mode as a list", {"hw_firmware_type": ["uefi"]}, {"hw_firmware_type", "firmware"}),
        (
            "a platform as an object",
            {"__platform": {"name": "SUSE"}, "__os_version": "Ubuntu 22.04 64bit"},
            {"platform"},
        ),
        (
            "a full ECS perhaps",
            {"__whole_image": "maybe", "virtual_env_type": "FusionCompute"},
            {"kind"},
        ),
        ("an environment as a list", {"virtual_env_type": ["DataImage"], "disk_format": "iso"}, {"kind"}),
        ("a type as a list", {"__imagetype": ["market"]}, {"image_type"}),
    ],
)
def test_no_rule_fills_in_what_was_stated_and_cannot_be_read(
    title: str, record: dict[str, object], absent: set[str]
) -> None:
    found = document(record, ImageType.PRIVATE)
    assert not absent & (set(found.fields) | set(found.derived))
    assert "min_ram" in found.derived or "min_ram" in absent


@pytest.mark.parametrize(
    ("title", "record", "expected"),
    [
        ("nothing stated", {}, {}),
        ("an architecture", {"hw_architecture": "x86_64"}, {"architecture": "x86", "firmware": "bios"}),
        ("the flag of IMS", {"__support_arm": "true"}, {"architecture": "arm", "firmware": "uefi"}),
        ("a firmware", {"hw_firmware_type": "uefi"}, {"firmware": "uefi"}),
    ],
)
def test_an_absent_flag_of_ims_is_no_answer_on_glance(
    title: str, record: dict[str, object], expected: dict[str, object]
) -> None:
    found = document({"status": "active", **record}, kind=CloudKind.GLANCE)
    asked = ("architecture", "firmware", "registered", "deleted", "hypervisors", "gpu", "support_kvm")
    assert {name: found.fields[name] for name in asked if name in found.fields} == expected
    assert found.fields["usable"] is True


def test_a_community_image_of_others_is_of_no_type_and_least_trusted() -> None:
    found = document({"visibility": "community"}, ImageType.MARKET, CloudKind.GLANCE)
    assert "image_type" not in found.fields
    assert (found.fields["trust"], found.fields["view"]) == (3, "public")


def test_a_further_key_that_can_be_read_makes_up_for_the_first() -> None:
    record: dict[str, object] = {"hw_architecture": ["arm"], "architecture": "aarch64"}
    found = document(record, kind=CloudKind.GLANCE)
    assert (found.fields["architecture"], found.fields["firmware"]) == ("arm", "uefi")


@pytest.mark.parametrize("key", ["__support_KVM_GPU_A100", "__SUPPORT_gpu_a100", " __support_gpu_A100 "])
def test_a_flag_counts_however_it_is_written(key: str) -> None:
    found = document({key: "True"})
    assert (found.fields["gpu"], found.fields["gpu_types"]) == (("kvm",), ("A100",))
    assert found.extra == {key: "True"}


def test_the_order_of_keys_and_tags_changes_nothing() -> None:
    one = document({"b": "1", "a": "2", "tags": ["x", "y"]})
    other = document({"tags": ["y", "x"], "a": "2", "b": "1"})
    assert store(one).digest == store(other).digest

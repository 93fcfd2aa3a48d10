"""The drawn estate: the same every time, entered anywhere, and with every corner of the wire in it."""

import re
import tracemalloc
import uuid
from collections import Counter
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest

from ims_catalog.sandbox.draw import Record
from ims_catalog.sandbox.estate import Estate, Listing, draw_estate
from ims_catalog.sandbox.flavor import flavors, os_version_table
from ims_catalog.sandbox.identifier import image_id, number_of
from ims_catalog.sandbox.planted import PLANTED

ESTATE = draw_estate()
PINNED = ("9c55025d-bb1d-447a-a29d-34726b3bae2a", "2015-01-01T00:00:00Z", "GitLab CE (openEuler 22.03 64bit)")
SHARED = 175
SEEN = [record for _, record in ESTATE.walk()]


def answers_the_mission(record: Record) -> bool:
    """KVM GPU images for 64-bit Ubuntu with UEFI, usable: read off the wire attributes alone."""
    return (
        ("__support_kvm_gpu_type" in record or record.get("__support_gpu_t4") == "true")
        and record.get("__platform") == "Ubuntu"
        and record.get("__os_bit") == "64"
        and record.get("hw_firmware_type") == "uefi"
        and record["status"] == "active"
        and record.get("deleted") is not True
        and record["__isregistered"] != "false"
    )


def listed(estate: Estate, image_type: str) -> list[Record]:
    return [
        record
        for listing in estate.listings()
        if listing.image_type == image_type
        for record in estate.records(listing)
    ]


def test_the_same_seed_draws_the_same_estate_and_another_another() -> None:
    def drawn(seed: int) -> list[Record]:
        return [record for _, record in draw_estate(60, seed).walk()]

    assert drawn(3) == drawn(3)
    assert not {str(record["id"]) for record in drawn(3)} & {str(record["id"]) for record in drawn(4)}
    assert [record["name"] for record in drawn(3)] != [record["name"] for record in drawn(4)]


def test_one_record_is_pinned() -> None:
    record = next(islice(draw_estate(3000, 1).records(Listing("cn-north-4", "market")), 1, None))
    assert (record["id"], record["created_at"], record["name"]) == PINNED


def test_counts_are_stable() -> None:
    counts = [sum(1 for _ in ESTATE.records(listing)) for listing in ESTATE.listings()]
    kinds = Counter[str]()
    for listing, count in zip(ESTATE.listings(), counts, strict=True):
        kinds[listing.image_type] += count
    assert [project.name for project in ESTATE.projects] == [
        "cn-north-4",
        "cn-east-3",
        "ap-southeast-3",
        "cn-north-4_research",
        "cn-east-3_research",
        "ap-southeast-3_research",
    ]
    assert kinds == {"gold": 900, "market": 600, "private": 1500, "shared": SHARED}
    assert counts[:12] == [300, 200] * 3 + [250] * 6


@pytest.mark.parametrize("images", [0, 1, 5, 59, 1000])
def test_as_many_images_as_asked_for_are_drawn(images: int) -> None:
    estate = draw_estate(images, 2, regions=2, projects=5)
    own = [record for kind in ("gold", "market", "private") for record in listed(estate, kind)]
    assert len({record["id"] for record in own}) == len(own) == images


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        pytest.param({"regions": 0}, "regions", id="no region"),
        pytest.param({"regions": 99}, "regions", id="more regions than there are names"),
        pytest.param({"regions": 3, "projects": 2}, "projects", id="a region without project"),
        pytest.param({"images": -1}, "images", id="a negative number"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: dict[str, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        draw_estate(**arguments)  # type: ignore[arg-type]


def test_ids_are_uuids_and_lead_back_to_their_image() -> None:
    for listing in ESTATE.listings():
        if listing.image_type == "shared":
            continue
        for place in islice(ESTATE.places(listing), 40):
            parsed = uuid.UUID(place[1])
            assert (parsed.version, parsed.variant, str(parsed)) == (4, uuid.RFC_4122, place[1])
            assert ESTATE.find(place[1]) == place
    for text in ("", "no-id", "not-a-uuid-" * 10, str(uuid.UUID(int=0)), image_id(7, seed=2), "\ud800"):
        assert ESTATE.find(text) is None


def test_ids_are_a_permutation() -> None:
    numbers = [0, 1, 2, 999_999, 2**40, 2**60 - 1]
    for seed in (0, 1, 12345):
        assert [number_of(image_id(number, seed), seed) for number in numbers] == numbers


@pytest.mark.parametrize("image_type", ["gold", "market", "private", "shared"])
def test_a_listing_is_ordered_by_creation_then_id_and_entered_anywhere(image_type: str) -> None:
    listing = next(one for one in ESTATE.listings() if one.image_type == image_type)
    keys = [place[:2] for place in ESTATE.places(listing)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    for position in range(0, len(keys), 7):
        assert [place[:2] for place in ESTATE.places(listing, after=keys[position])] == keys[position + 1 :]


def test_dates_spread_over_years_with_ties_and_end_when_told() -> None:
    until = datetime(2024, 2, 29, tzinfo=UTC)
    created = sorted(
        str(record["created_at"]) for record in listed(draw_estate(2000, until=until), "private")
    )
    assert created[0] < "2015-02"
    assert "2024-02" < created[-1] <= "2024-02-29T00:00:00Z"
    ties = Counter(created)
    assert max(ties.values()) >= 4
    assert all(str(record["updated_at"]) >= str(record["created_at"]) for record in SEEN)


def test_pages_hold_all_records() -> None:
    listing = Listing("cn-north-4", "gold")
    pages = list(ESTATE.pages(listing, size=128))
    assert [len(page) for page in pages] == [128, 128, 44]
    assert [record for page in pages for record in page] == list(ESTATE.records(listing))


def test_a_million_images_take_no_memory() -> None:
    tracemalloc.start()
    try:
        estate = draw_estate(1_000_000, 3)
        listing = Listing(estate.regions[1], "private", estate.projects[1].id)
        block = next(block for block in estate.blocks if block.project == listing.project)
        deep = image_id(block.first + block.length - 700, 3)
        found = estate.find(deep)
        assert found is not None
        assert sum(1 for _ in estate.places(listing, after=found[:2])) in range(696, 704)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_public_images_are_the_same_in_each_region_but_for_their_ids() -> None:
    here, there = (list(ESTATE.records(Listing(region, "gold"))) for region in ESTATE.regions[:2])
    assert Counter(str(record["name"]) for record in here) == Counter(str(record["name"]) for record in there)
    assert not {record["id"] for record in here} & {record["id"] for record in there}


def test_a_shared_image_is_its_owners_with_two_attributes_changed() -> None:
    own = {record["id"]: record for record in listed(ESTATE, "private")}
    shared = listed(ESTATE, "shared")
    assert shared
    for record in shared:
        original = own[record["id"]]
        assert original["__imagetype"] == original["visibility"] == "private"
        assert record == {**original, "__imagetype": "shared", "visibility": "shared"}
    statuses = {
        status
        for listing in ESTATE.listings()
        if listing.image_type == "private"
        for place in ESTATE.places(listing)
        for status in ESTATE.members(place).values()
    }
    assert statuses == {"accepted", "pending", "rejected"}


def test_types_are_those_of_the_wire() -> None:
    others = {
        "protected": {bool},
        "deleted": {bool},
        "__system_support_market": {bool},
        "__system_support_export": {bool},
        "__whole_image": {bool, str},
        "min_disk": {int},
        "min_ram": {int},
        "size": {int},
        "virtual_size": {int, type(None)},
        "tags": {list},
        "deleted_at": {type(None)},
        "__data_origin": {str, type(None)},
    }
    found: dict[str, set[type]] = {}
    for record in SEEN:
        for key, value in record.items():
            found.setdefault(key, set()).add(type(value))
    assert {key: types for key, types in found.items() if types != {str}} == others


def test_a_gpu_image_never_states_plain_kvm_or_xen() -> None:
    gpu = [
        record
        for record in SEEN
        if {"__support_kvm_gpu_type", "__support_xen_gpu_type", "__support_gpu_t4", "__support_xen_hana"}
        & record.keys()
    ]
    assert len(gpu) > 200
    assert not [record for record in gpu if {"__support_kvm", "__support_xen"} & record.keys()]


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("__imagetype", {"gold", "private", "shared", "market"}),
        ("visibility", {"public", "private", "shared"}),
        ("status", {"active", "queued", "saving", "killed", "deleted"}),
        ("__os_type", {None, "Linux", "Windows", "Other", "Suse"}),
        ("__os_bit", {None, "32", "64"}),
        ("__support_arm", {None, "true", "false"}),
        ("hw_firmware_type", {None, "bios", "uefi"}),
        ("virtual_env_type", {"FusionCompute", "Ironic", "DataImage", "IsoImage"}),
        ("__whole_image", {None, "true", True}),
        ("__lazyloading", {None, "True", "true", "False"}),
        ("__isregistered", {"true", "false"}),
        ("max_ram", {None, "0", "4096", "32768", "131072"}),
        ("disk_format", {"zvhd2", "zvhd", "vhd", "qcow2", "raw", "iso"}),
        (
            "__support_kvm_gpu_type",
            {None, "P4", "M60", "V100_vGPU", "P2V_V100", "P100", "V100", "RTX5000"},
        ),
        ("__support_xen_gpu_type", {None, "M60_vGPU"}),
        ("__support_gpu_t4", {None, "true"}),
        ("__support_largememory", {None, "true"}),
        ("__support_kvm_ascend_310", {None, "true"}),
        ("__is_offshelved", {None, "true", "false"}),
        ("__support_agent_list", {None, "hss,ces", "hss", "ces"}),
        ("__root_origin", {None, "file"}),
    ],
)
def test_every_value_occurs(attribute: str, values: set[object]) -> None:
    assert {record.get(attribute) for record in SEEN} == values


def test_what_is_stated_and_what_is_not() -> None:
    gold = [record for record in listed(ESTATE, "gold") if record["virtual_env_type"] == "FusionCompute"]
    flagged = [bool(re.search(r"__support_(kvm|xen|gpu)", " ".join(record))) for record in gold]
    assert 0.15 < flagged.count(False) / len(gold) < 0.6
    arm = [record for record in SEEN if record.get("__support_arm") == "true"]
    assert {record.get("hw_firmware_type") for record in arm} == {None, "uefi"}
    assert {record.get("min_ram", "absent") for record in SEEN} >= {"absent", 0, 512, 1024, 2048}
    assert {record["__imagetype"] for record in SEEN if record["visibility"] == "public"} == {
        "gold",
        "market",
    }
    assert any(set(record) & {"build.number", "cost center", "__support_quantum"} for record in SEEN)
    descriptions = "".join(str(record.get("__description", "")) for record in SEEN)
    assert "镜像" in descriptions
    assert "Hardened" in descriptions
    tags = {tag for record in SEEN for tag in record["tags"]}  # type: ignore[attr-defined]
    assert {"env.prod", "env=prod", "staging"} <= tags
    assert any(record.get("__system__cmkid") for record in SEEN)
    assert any(key.startswith("__support_") and key.endswith("xl") for record in SEEN for key in record)


def test_every_published_platform_occurs() -> None:
    platforms = {record.get("__platform") for record in SEEN}
    published = {entry["platform"] for entry in os_version_table(())} | {"Windows"}
    spelled = {"Rocky Linux": "Rocky", "AlmaLinux": "Alma"}
    assert {spelled.get(str(platform), platform) for platform in published} <= platforms
    assert {"RedHat", "Red Hat", "openSUSE", "OpenSUSE", "Suse"} <= platforms


@pytest.mark.parametrize("region", ESTATE.regions)
def test_the_mission_has_several_answers_everywhere(region: str) -> None:
    answers = [record for record in ESTATE.records(Listing(region, "gold")) if answers_the_mission(record)]
    assert len(answers) >= 3
    assert any("__support_gpu_t4" in record for record in answers)
    assert any("__support_kvm_gpu_type" in record for record in answers)


@pytest.mark.parametrize("image_type", ["gold", "private", "market"])
def test_planted_images_are_what_they_say(image_type: str) -> None:
    by_name: dict[str, set[bool]] = {}
    for record in listed(ESTATE, image_type):
        by_name.setdefault(str(record["name"]), set()).add(answers_the_mission(record))
    for planted in PLANTED[image_type]:
        assert planted.answers in by_name[str(planted.changes["name"])], planted.why
    misses = [planted for planted in PLANTED[image_type] if not planted.answers]
    assert len({planted.why for planted in misses}) == len(misses)


def test_flavors_have_the_shape_of_the_wire() -> None:
    here = flavors("cn-north-4")
    assert len({flavor["id"] for flavor in here}) == len(here) > 600
    specs = {str(flavor["id"]): flavor["os_extra_specs"] for flavor in here}
    assert all(
        isinstance(value, str) for spec in specs.values() if isinstance(spec, dict) for value in spec.values()
    )
    everywhere = {str(flavor["id"]): flavor for region in ESTATE.regions for flavor in flavors(region)}
    expected = {
        "pi2.2xlarge.4": ("cond:image", "__support_gpu_t4=true"),
        "p2.2xlarge.8": ("pci_passthrough:alias", "nvidia-v100-pcie:1"),
        "g1.xlarge": ("ecs:virtualization_env_types", "FusionCompute"),
        "kc1.large.2": ("ecs:instance_architecture", "arm64"),
        "ai1.2xlarge.4": ("cond:image", "__support_kvm_ascend_310=true"),
    }
    for name, (key, value) in expected.items():
        spec = everywhere[name]["os_extra_specs"]
        assert isinstance(spec, dict)
        assert spec[key] == value
    assert (
        len({tuple(sorted(str(flavor["id"]) for flavor in flavors(region))) for region in ESTATE.regions}) > 1
    )


def test_neighbours_differ() -> None:
    records = list(ESTATE.records(Listing("cn-north-4", "gold")))
    assert (
        sum(one["__os_version"] != two["__os_version"] for one, two in pairwise(records)) > len(records) / 2
    )

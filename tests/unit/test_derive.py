import pytest

from mappings.derive import derive
from mappings.filter import Value
from mappings.scope import ImageType

Many = tuple[str, ...]


@pytest.mark.parametrize(
    ("title", "stated", "name", "value", "unstated"),
    [
        ("platform from the OS version", {"os_version": "CentOS 7.9 64bit"}, "platform", "CentOS", True),
        (
            "a stated platform stays",
            {"os_version": "Astra Linux 1.4", "platform": "Other"},
            "platform",
            "Other",
            False,
        ),
        ("no OS version, no platform", {}, "platform", None, False),
        ("version", {"os_version": "Ubuntu 22.04 server 64bit"}, "version", "22.04", False),
        ("ARM stated", {"support_arm": True}, "architecture", "arm", False),
        ("ARM denied", {"support_arm": False}, "architecture", "x86", False),
        ("nothing stated is x86", {}, "architecture", "x86", True),
        ("architecture as OpenStack states it", {"hw_architecture": "aarch64"}, "architecture", "arm", False),
        ("x86 as OpenStack states it", {"hw_architecture": "x86_64"}, "architecture", "x86", False),
        ("another architecture is neither", {"hw_architecture": "ppc64le"}, "architecture", None, False),
        ("UEFI stated", {"hw_firmware_type": "uefi"}, "firmware", "uefi", False),
        ("BIOS is the rule on x86", {}, "firmware", "bios", True),
        ("UEFI is the rule on ARM", {"support_arm": True}, "firmware", "uefi", True),
        ("no rule elsewhere", {"hw_architecture": "ppc64le"}, "firmware", None, False),
        ("strange firmware is neither", {"hw_firmware_type": "coreboot"}, "firmware", None, False),
        ("system disk", {"virtual_env_type": "FusionCompute"}, "kind", "system_disk", False),
        ("data disk", {"virtual_env_type": "DataImage"}, "kind", "data_disk", False),
        ("bare metal", {"virtual_env_type": "Ironic"}, "kind", "bare_metal", False),
        ("ISO", {"virtual_env_type": "IsoImage"}, "kind", "iso", False),
        ("ISO by format", {"disk_format": "iso"}, "kind", "iso", True),
        (
            "full ECS wins",
            {"virtual_env_type": "FusionCompute", "whole_image": True},
            "kind",
            "full_ecs",
            False,
        ),
        ("no kind", {}, "kind", None, False),
        ("origin", {"data_origin": "server_backup,5e1d"}, "origin", "server_backup", False),
        ("strange origin", {"data_origin": "magic,1"}, "origin", None, False),
        ("memory floor", {}, "min_ram", 0, True),
        ("memory floor stated", {"min_ram": 0}, "min_ram", 0, False),
        ("memory ceiling", {}, "max_ram", 0, True),
        ("usable", {"status": "active"}, "usable", True, False),
        (
            "usable though deleted is said false",
            {"status": "active", "deleted": False},
            "usable",
            True,
            False,
        ),
        ("not active", {"status": "queued"}, "usable", False, False),
        ("deleted", {"status": "active", "deleted": True}, "usable", False, False),
        ("unregistered", {"status": "active", "registered": False}, "usable", False, False),
        ("status unknown", {}, "usable", False, False),
        ("type of the listing", {}, "image_type", "gold", True),
        ("type stated", {"image_type": "market"}, "image_type", "market", False),
    ],
)
def test_a_value_follows(
    title: str, stated: dict[str, Value | Many], name: str, value: Value | None, unstated: bool
) -> None:
    known, derived = derive(stated, (), ImageType.GOLD)
    assert known.get(name) == value
    assert (name in derived) is unstated


KVM_ONLY = [
    "support_kvm",
    "support_gpu_t4",
    "support_kvm_infiniband",
    "support_kvm_ascend_310",
    "support_kvm_hi1822_hiovs",
    "support_kvm_hi1822_hisriov",
    "support_kvm_hi1822_hivirtionet",
    "support_kvm_nvme_spdk",
]


@pytest.mark.parametrize("flag", KVM_ONLY)
def test_each_flag_of_kvm_is_evidence_for_kvm(flag: str) -> None:
    assert derive({flag: True}, (), ImageType.GOLD)[0]["hypervisors"] == ("kvm",)
    assert "hypervisors" not in derive({flag: False}, (), ImageType.GOLD)[0]


@pytest.mark.parametrize(
    ("title", "stated", "flags", "expected"),
    [
        ("nothing is stated", {}, (), (None, None, None)),
        ("both", {"support_kvm": True, "support_xen": True}, (), (("kvm", "xen"), None, None)),
        (
            "KVM GPU without __support_kvm",
            {"support_kvm_gpu_type": "V100"},
            (),
            (("kvm",), ("kvm",), ("V100",)),
        ),
        ("T4 has its own flag", {"support_gpu_t4": True}, (), (("kvm",), ("kvm",), ("T4",))),
        ("T4 denied", {"support_gpu_t4": False}, (), (None, None, None)),
        ("Xen GPU", {"support_xen_gpu_type": "M60_vGPU"}, (), (("xen",), ("xen",), ("M60_vGPU",))),
        ("several", {"support_kvm_gpu_type": "V100, P4"}, (), (("kvm",), ("kvm",), ("P4", "V100"))),
        ("false is no type", {"support_kvm_gpu_type": "false"}, (), (None, None, None)),
        ("true is no model", {"support_kvm_gpu_type": "true"}, (), (("kvm",), ("kvm",), None)),
        ("Xen HANA", {"support_xen_hana": True}, (), (("xen",), None, None)),
        ("FPGA", {"support_kvm_fpga_type": "VU9P"}, (), (("kvm",), None, None)),
        ("OpenStack's statement", {"img_hv_type": "kvm"}, (), (("kvm",), None, None)),
        ("unknown GPU flag is KVM's", {}, (("__support_gpu_a10", "true"),), (("kvm",), ("kvm",), ("A10",))),
        ("virtual GPU of Xen", {}, (("__support_xen_vgpu", "true"),), (("xen",), ("xen",), None)),
        ("Xen without a gap", {}, (("__support_xengpu", "M60"),), (("xen",), ("xen",), ("M60",))),
        ("unknown GPU flag denied", {}, (("__support_gpu_a10", "false"),), (None, None, None)),
        ("unknown GPU flag of KVM", {}, (("__support_kvm_gpu_a30", "True"),), (("kvm",), ("kvm",), ("A30",))),
        ("unknown GPU type", {}, (("__support_xen_gpu_kind", "M10"),), (("xen",), ("xen",), ("M10",))),
        ("virtual GPU of KVM", {}, (("__support_kvm_vgpu", "true"),), (("kvm",), ("kvm",), None)),
        ("unknown flag of KVM", {}, (("__support_kvm_npu", "true"),), (("kvm",), None, None)),
        ("unknown flag of nothing", {}, (("__support_static_ip", "true"),), (None, None, None)),
    ],
)
def test_hypervisors_and_gpus_follow(
    title: str,
    stated: dict[str, Value | Many],
    flags: tuple[tuple[str, str], ...],
    expected: tuple[Many | None, Many | None, Many | None],
) -> None:
    known, derived = derive(stated, flags, ImageType.GOLD)
    assert (known.get("hypervisors"), known.get("gpu"), known.get("gpu_types")) == expected
    assert not {"hypervisors", "gpu", "gpu_types"} & set(derived)


@pytest.mark.parametrize("board", ["s1l", "m2m", "h2l", "hs2l", "io2xl", "kl13xl"])
def test_boards_are_found_on_bare_metal_only(board: str) -> None:
    flags = ((f"__support_{board}", "true"), ("__support_s2m", "false"), ("__support_static", "true"))
    assert derive({"virtual_env_type": "Ironic"}, flags, ImageType.GOLD)[0]["boards"] == (board,)
    assert "boards" not in derive({"virtual_env_type": "FusionCompute"}, flags, ImageType.GOLD)[0]


@pytest.mark.parametrize(
    ("listing", "stated", "trust"),
    [
        (ImageType.GOLD, "gold", 0),
        (ImageType.PRIVATE, "private", 1),
        (ImageType.SHARED, "shared", 2),
        (ImageType.MARKET, "market", 3),
        (ImageType.GOLD, "market", 3),
        (ImageType.MARKET, "gold", 3),
    ],
)
def test_trust_follows_from_listing_and_type(listing: ImageType, stated: str, trust: int) -> None:
    known, _ = derive({"image_type": stated}, (), listing)
    assert known["trust"] == trust


def test_what_is_given_is_not_changed() -> None:
    stated: dict[str, Value | Many] = {"status": "active"}
    derive(stated, (), ImageType.GOLD)
    assert stated == {"status": "active"}

"""`PLANTED`: images that every estate holds: answers to the example question, and their near misses.

The question is "KVM GPU images for 64-bit Ubuntu with UEFI". An estate of chance alone would make too few of
these; a search that confuses two attributes finds a near miss and is thereby seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Changes = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Planted:
    """What is laid over a drawn record (None takes an attribute off), whether it answers, and why."""

    changes: Changes
    answers: bool
    why: str


_HYPERVISORS = dict.fromkeys(
    (
        "__support_kvm",
        "__support_xen",
        "__support_kvm_gpu_type",
        "__support_xen_gpu_type",
        "__support_gpu_t4",
        "__support_xen_hana",
        "__support_kvm_infiniband",
        "__support_kvm_fpga_type",
        "__support_kvm_ascend_310",
        "__support_kvm_hi1822_hiovs",
        "__support_kvm_hi1822_hisriov",
        "__support_kvm_hi1822_hivirtionet",
        "__support_largememory",
        "__support_diskintensive",
        "__support_highperformance",
        "__support_nvme_highio",
        "__support_kvm_nvme_spdk",
        "__support_arm",
    )
)
_ANSWER: Changes = {
    **_HYPERVISORS,
    "status": "active",
    "deleted": None,
    "__isregistered": "true",
    "virtual_env_type": "FusionCompute",
    "__whole_image": None,
    "disk_format": "zvhd2",
    "__platform": "Ubuntu",
    "__os_type": "Linux",
    "__os_version": "Ubuntu 22.04 server 64bit",
    "__os_bit": "64",
    "hw_firmware_type": "uefi",
}
_V100 = {"__support_kvm_gpu_type": "V100"}
_T4 = {"__support_gpu_t4": "true"}


def _answer(name: str, why: str, **changes: object) -> Planted:
    return Planted({**_ANSWER, "name": name, **changes}, answers=True, why=why)


def _miss(name: str, why: str, **changes: object) -> Planted:
    return Planted({**_ANSWER, **_V100, "name": name, **changes}, answers=False, why=why)


_GOLD = (
    _answer("Ubuntu 22.04 server 64bit with Tesla driver (UEFI)", "V100 on KVM", **_V100),
    _answer("Ubuntu 20.04 server 64bit for T4 (UEFI)", "T4 has a flag of its own", **_T4),
    _answer("Ubuntu 18.04 P2v", "another card", __support_kvm_gpu_type="P2V_V100"),
    _miss("Ubuntu 22.04 server 64bit with Tesla driver", "BIOS is stated", hw_firmware_type="bios"),
    _miss("Ubuntu 22.04 with Tesla driver, firmware not stated", "absent is BIOS", hw_firmware_type=None),
    _miss(
        "Ubuntu 14.04 32bit with Tesla driver",
        "32 bit",
        __os_bit="32",
        __os_version="Ubuntu 14.04 server 32bit",
    ),
    _miss(
        "Debian 12 with Tesla driver",
        "Debian",
        __platform="Debian",
        __os_version="Debian GNU/Linux 12.0.0 64bit",
    ),
    _miss("Ubuntu 22.04 server 64bit (UEFI)", "no GPU", __support_kvm_gpu_type=None, __support_kvm="true"),
    _miss(
        "Ubuntu 16.04 vGPU",
        "a GPU on Xen",
        __support_kvm_gpu_type=None,
        __support_xen_gpu_type="M60_vGPU",
        __os_version="Ubuntu 16.04 server 64bit",
    ),
    _miss(
        "Ubuntu 22.04 server 64bit with ARM (UEFI)",
        "ARM without GPU",
        __support_kvm_gpu_type=None,
        __support_arm="true",
    ),
    _miss("Ubuntu 24.04 Graphic driver", "a driver in the name only", __support_kvm_gpu_type=None),
    _miss("Ubuntu 22.04 server 64bit Tesla, withdrawn", "not registered", __isregistered="false"),
    _miss("Ubuntu 22.04 server 64bit Tesla, upload failed", "killed", status="killed"),
)
_PRIVATE = (
    _answer("my-ubuntu-t4-uefi", "an own T4 image", **_T4),
    _answer("training-ubuntu-v100", "an own V100 image", **_V100),
    _miss("training-ubuntu-v100-saving", "still being saved", status="saving"),
    _miss("training-ubuntu-v100-deleted", "deleted", status="deleted", deleted=True),
    _miss("training-ubuntu-kvm", "KVM without GPU", __support_kvm_gpu_type=None, __support_kvm="true"),
    _miss(
        "training-ubuntu-data",
        "a data disk",
        virtual_env_type="DataImage",
        __support_kvm_gpu_type=None,
        hw_firmware_type=None,
    ),
)
_MARKET = (
    _answer("PyTorch on Ubuntu 22.04 (T4, UEFI)", "a market T4 image", visibility="public", **_T4),
    _miss("PyTorch on Ubuntu 22.04 (T4)", "BIOS", hw_firmware_type="bios"),
    _miss(
        "PyTorch on openEuler 22.03 (V100, UEFI)",
        "openEuler",
        __platform="openEuler",
        __os_version="openEuler 22.03 64bit",
    ),
)
PLANTED: Mapping[str, tuple[Planted, ...]] = {"gold": _GOLD, "private": _PRIVATE, "market": _MARKET}


def planted_at(image_type: str, position: int, length: int) -> Planted | None:
    """Give what stands at a position of a listing of this length: spread evenly, all if there is room."""
    planted = PLANTED[image_type]
    stride = max(1, length // len(planted))
    place, rest = divmod(position, stride)
    return planted[place] if rest == 0 and place < len(planted) else None

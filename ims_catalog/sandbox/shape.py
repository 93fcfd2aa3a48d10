"""`Shape`: the sorts of images there are, and which attributes tell them apart on the wire.

Source: IMS API Reference, "Image Attributes" (which flags exclude each other) and "Values of Related
Parameters" (GPU values); BMS documents (`__support_<board>`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

Choice = TypeVar("Choice")
Flags = Mapping[str, str]

BOARDS = ("s1l", "m2m", "h2l", "hs2l", "io2xl", "kl13xl", "o3s", "d2l")
"""Bare-metal boards; `physical.s1.large` is s1l."""


def weighted(weights: Mapping[Choice, int]) -> tuple[Choice, ...]:
    """Lay weights out as a table of 256 places, so that a byte picks one."""
    total = sum(weights.values())
    table: list[Choice] = []
    reached = 0
    for choice, weight in weights.items():
        reached += weight
        table += [choice] * (reached * 256 // total - len(table))
    return tuple(table)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A sort of image: its key, the flags it may carry, whether it exists for ARM, and on which systems.

    `platforms` is a table of 256 platform names, None for all of them; `suffix` ends a public image's name.
    """

    key: str
    variants: tuple[Flags, ...] = ({},)
    virtual_env_type: str = "FusionCompute"
    arm: bool = False
    platforms: tuple[str, ...] | None = None
    suffix: str = ""


def _true(*names: str) -> Flags:
    return {f"__support_{name}": "true" for name in names}


_GPU_PLATFORMS = weighted(
    {"Ubuntu": 110, "CentOS": 60, "Windows": 40, "EulerOS": 16, "Oracle Linux": 10, "Debian": 20}
)
_KVM_GPUS = ("P4", "M60", "V100_vGPU", "P2V_V100", "P100", "V100", "RTX5000")
_NO_FLAG: Flags = {}

# Documented public images state no hypervisor at all; owners' images mostly state KVM.
_PUBLIC_SYSTEM = Shape(
    "system", (_NO_FLAG, _NO_FLAG, _true("kvm"), _true("kvm"), _true("kvm", "xen"), _true("xen")), arm=True
)
_OWN_SYSTEM = Shape(
    "system", (_true("kvm"), _true("kvm"), _true("kvm", "xen"), _NO_FLAG, _true("xen")), arm=True
)

_KVM_GPU = Shape(
    "kvm_gpu",
    tuple({"__support_kvm_gpu_type": card} for card in _KVM_GPUS),
    platforms=_GPU_PLATFORMS,
    suffix=" with Tesla driver",
)
_T4 = Shape("t4", (_true("gpu_t4"),), platforms=_GPU_PLATFORMS, suffix=" with Graphic driver")
_XEN_GPU = Shape(
    "xen_gpu",
    ({"__support_xen_gpu_type": "M60_vGPU"},),
    platforms=weighted({"Windows": 190, "Ubuntu": 40, "CentOS": 26}),
    suffix=" with vGPU driver",
)
_BARE_METAL = Shape(
    "bare_metal",
    virtual_env_type="Ironic",
    platforms=weighted({"SUSE": 70, "CentOS": 60, "EulerOS": 50, "Ubuntu": 40, "Windows": 20, "Red Hat": 16}),
    suffix=" for BareMetal",
)
_DATA_DISK = Shape("data_disk", virtual_env_type="DataImage")
_ISO = Shape("iso", virtual_env_type="IsoImage")
_WHOLE = Shape("whole", (_true("kvm"), _NO_FLAG))
_SPECIAL = Shape(
    "special",
    (
        _true("kvm", "largememory"),
        _true("kvm", "diskintensive"),
        _true("kvm", "highperformance"),
        _true("xen", "highperformance"),
        _true("xen_hana"),
        _true("kvm", "kvm_infiniband"),
        _true("kvm", "nvme_highio"),
        _true("kvm", "kvm_nvme_spdk"),
        {"__support_kvm_fpga_type": "VU9P"},
        _true("kvm_ascend_310"),
        _true("kvm", "kvm_hi1822_hisriov"),
        _true("kvm", "kvm_hi1822_hivirtionet"),
        _true("kvm_hi1822_hiovs"),
    ),
)

SHAPES: Mapping[str, tuple[Shape, ...]] = {
    "gold": weighted(
        {_PUBLIC_SYSTEM: 170, _KVM_GPU: 24, _T4: 14, _XEN_GPU: 8, _BARE_METAL: 18, _SPECIAL: 22}
    ),
    "private": weighted(
        {
            _OWN_SYSTEM: 162,
            _DATA_DISK: 18,
            _ISO: 16,
            _WHOLE: 18,
            _BARE_METAL: 8,
            _KVM_GPU: 12,
            _T4: 8,
            _XEN_GPU: 4,
            _SPECIAL: 10,
        }
    ),
    "market": weighted({_OWN_SYSTEM: 226, _KVM_GPU: 14, _T4: 10, _SPECIAL: 6}),
}

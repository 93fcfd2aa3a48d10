"""`derive`: what follows from the stated fields of an image, one rule per field.

The rules are those of the IMS API reference (attributes, special images, bare metal).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from mappings.fields import FIELDS
from mappings.filter import Value
from mappings.platform import platform_named_by
from mappings.scope import CloudKind, ImageType, View
from mappings.version import version_of

Values = dict[str, Value | tuple[str, ...]]
Flags = Sequence[tuple[str, str]]
"""Unknown `__support_*` keys in lower case, with their values as text."""


def derive(
    stated: Mapping[str, Value | tuple[str, ...]],
    flags: Flags,
    image_type: ImageType,
    unreadable: AbstractSet[str] = frozenset(),
    kind: CloudKind = CloudKind.IMS,
) -> tuple[Values, tuple[str, ...]]:
    """Fill in what follows: give all values, and the names of those that stand for something not stated.

    `stated` holds every field that was read, those of the owner too; `image_type` is the type of the listing;
    `unreadable` names the fields that were set to something that could not be read. What is stated is never
    overruled, and nothing is filled in for what was stated and cannot be read. Only a `kind` of cloud that
    documents what an absent flag means has something follow from it.
    """
    known = dict(stated)
    hardware = frozenset(name for name in known.keys() & _HARDWARE if _holds(known[name]))
    facts = _Facts(
        known,
        hardware,
        tuple((key, value) for key, value in flags if _holds(value)),
        image_type,
        unreadable,
        kind,
    )
    unstated: list[str] = []
    for name, rule in _RULES:
        if name not in known:
            value, follows = rule(facts)
            if not follows and unreadable and not unreadable.isdisjoint(_STATED_IN[name]):
                continue
            if value is not None and value != ():
                known[name] = value
                if not follows:
                    unstated.append(name)
    for name, absent in _ABSENT:
        if name not in known and name not in unreadable:
            known[name] = absent
            unstated.append(name)
    return known, tuple(unstated)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a rule may look at.

    Fields so far, hardware fields and unknown flags that hold, the type of the listing, the fields that could
    not be read, and the kind of cloud.
    """

    known: Values
    hardware: frozenset[str]
    flags: Flags
    image_type: ImageType
    unreadable: AbstractSet[str]
    kind: CloudKind


_Ruled = tuple[Value | tuple[str, ...] | None, bool]
"""A value (None: nothing follows), and whether it follows from something that was stated about it."""


def _platform(facts: _Facts) -> _Ruled:
    return platform_named_by(str(facts.known.get("os_version", ""))), False


def _version(facts: _Facts) -> _Ruled:
    os_version = facts.known.get("os_version")
    return None if os_version is None else version_of(_text(facts, "platform"), str(os_version)), True


def _architecture(facts: _Facts) -> _Ruled:
    arm = facts.known.get("support_arm")
    if arm is not None:
        return "arm" if arm else "x86", True
    stated = _text(facts, "hw_architecture")
    if stated is None:
        # IMS documents __support_arm for ARM images; on Glance nobody has to state an architecture.
        return ("x86", False) if facts.kind is CloudKind.IMS else (None, False)
    return _ARCHITECTURES.get(stated.casefold()), True


def _firmware(facts: _Facts) -> _Ruled:
    stated = _text(facts, "hw_firmware_type")
    if stated is not None:
        return stated if stated in {"bios", "uefi"} else None, True
    return {"x86": "bios", "arm": "uefi"}.get(str(facts.known.get("architecture"))), False


def _kind(facts: _Facts) -> _Ruled:
    if facts.known.get("whole_image") is True:
        return "full_ecs", True
    if "whole_image" in facts.unreadable:
        return None, False
    environment = _text(facts, "virtual_env_type")
    if environment is not None:
        return _KINDS.get(environment), True
    return "iso" if facts.known.get("disk_format") == "iso" else None, False


def _image_type(facts: _Facts) -> _Ruled:
    if facts.kind is CloudKind.GLANCE and facts.image_type is ImageType.MARKET:
        return None, False  # a community image is of none of the types
    return facts.image_type.value, False


def _origin(facts: _Facts) -> _Ruled:
    first = str(facts.known.get("data_origin", "")).partition(",")[0].strip()
    return first if first in _ORIGINS else None, True


def _hypervisors(facts: _Facts) -> _Ruled:
    return tuple(name for name in ("kvm", "xen") if _runs_on(facts, name)), True


def _gpu(facts: _Facts) -> _Ruled:
    return tuple(name for name in ("kvm", "xen") if _gpu_on(facts, name)), True


def _gpu_types(facts: _Facts) -> _Ruled:
    return tuple(sorted(set(_gpu_models(facts)))), True


def _boards(facts: _Facts) -> _Ruled:
    if facts.known.get("virtual_env_type") != "Ironic":
        return None, True
    found = (_BOARD.fullmatch(key) for key, value in facts.flags if value.casefold() == "true")
    return tuple(sorted({board[1] for board in found if board})), True


def _usable(facts: _Facts) -> _Ruled:
    known = facts.known
    active = known.get("status") == "active"
    return active and known.get("deleted") is not True and known.get("registered") is not False, True


def _trust(facts: _Facts) -> _Ruled:
    """Give public 0, own 1, shared 2, market 3; where listing and statement differ, market wins."""
    if ImageType.MARKET in {facts.image_type, facts.known.get("image_type")}:
        return 3, True
    return _TRUST[facts.image_type.view], True


_Rule = Callable[[_Facts], _Ruled]
_RULES: tuple[tuple[str, _Rule], ...] = (
    ("platform", _platform),
    ("version", _version),
    ("architecture", _architecture),
    ("firmware", _firmware),
    ("kind", _kind),
    ("image_type", _image_type),
    ("origin", _origin),
    ("hypervisors", _hypervisors),
    ("gpu", _gpu),
    ("gpu_types", _gpu_types),
    ("boards", _boards),
    ("usable", _usable),
    ("trust", _trust),
)
"""In this order: a rule sees what those before it gave."""

_STATED_IN = {name: {name} for name, _ in _RULES} | {
    "architecture": {"support_arm", "hw_architecture"},
    "firmware": {"hw_firmware_type"},
    "kind": {"virtual_env_type", "disk_format"},
}
"""Where a cloud states what a rule fills in by default."""

_ABSENT = tuple((field.name, field.absent) for field in FIELDS if field.absent is not None)
_ARCHITECTURES = {
    **dict.fromkeys(("x86", "x86_64", "x86-64", "amd64", "i386", "i486", "i586", "i686", "x64"), "x86"),
    **dict.fromkeys(("arm", "arm64", "aarch64", "armv7", "armv7l", "armv8"), "arm"),
}
_KINDS = {
    "FusionCompute": "system_disk",
    "DataImage": "data_disk",
    "Ironic": "bare_metal",
    "IsoImage": "iso",
}
_ORIGINS = {"instance", "volume", "file", "image", "server_backup"}
_TRUST = {View.PUBLIC: 0, View.OWN: 1, View.SHARED: 2}

# GPU images state no __support_kvm: each of these is KVM's alone, or Xen's.
_EVIDENCE = {
    "kvm": frozenset(
        {
            "support_kvm",
            "support_kvm_gpu_type",
            "support_gpu_t4",
            "support_kvm_infiniband",
            "support_kvm_fpga_type",
            "support_kvm_ascend_310",
            "support_kvm_hi1822_hiovs",
            "support_kvm_hi1822_hisriov",
            "support_kvm_hi1822_hivirtionet",
            "support_kvm_nvme_spdk",
        }
    ),
    "xen": frozenset({"support_xen", "support_xen_gpu_type", "support_xen_hana"}),
}
_GPU_EVIDENCE = {
    "kvm": frozenset({"support_kvm_gpu_type", "support_gpu_t4"}),
    "xen": frozenset({"support_xen_gpu_type"}),
}
_HARDWARE = frozenset().union(*_EVIDENCE.values())
_FLAG = "__support_"
_BOARD = re.compile(rf"{_FLAG}([a-z]{{1,4}}[0-9]{{1,3}}[a-z][a-z0-9]{{0,7}})", re.ASCII)
_NOT_MODELS = frozenset({"", "kvm", "xen", "gpu", "vgpu", "type", "types"})


def _runs_on(facts: _Facts, hypervisor: str) -> bool:
    return (
        not _EVIDENCE[hypervisor].isdisjoint(facts.hardware)
        or facts.known.get("img_hv_type") == hypervisor
        or any(hypervisor in _named(key) for key, _ in facts.flags)
    )


def _gpu_on(facts: _Facts, hypervisor: str) -> bool:
    """Tell it from the attributes, or from an unknown flag with GPU in its key."""
    return not _GPU_EVIDENCE[hypervisor].isdisjoint(facts.hardware) or any(
        "gpu" in key and hypervisor in _named(key) for key, _ in facts.flags
    )


def _named(key: str) -> Sequence[str]:
    """Give the hypervisors that an unknown flag names.

    A GPU that names none is KVM's, like T4 (`__support_gpu_t4`): Xen knows one GPU only, M60_vGPU.
    """
    if "gpu" not in key:
        return _words(key)
    return [name for name in _EVIDENCE if name in key] or ["kvm"]


def _gpu_models(facts: _Facts) -> Iterator[str]:
    if facts.known.get("support_gpu_t4") is True:
        yield "T4"
    for name in ("support_kvm_gpu_type", "support_xen_gpu_type"):
        yield from _models(str(facts.known.get(name, "")))
    for key, value in facts.flags:
        if "gpu" not in key:
            continue
        named_by_key = "_".join(word for word in _words(key) if word not in _NOT_MODELS)
        yield from _models(named_by_key.upper() if value.casefold() == "true" else value)


def _models(text: str) -> Iterator[str]:
    """Split a list of models by commas; true and false are none."""
    for part in text.split(","):
        model = part.strip()
        if model and model.casefold() not in {"true", "false"}:
            yield model


def _words(key: str) -> list[str]:
    return key.removeprefix(_FLAG).split("_")


def _holds(value: object) -> bool:
    """Tell whether a flag or a type is set: true, or any text but false."""
    return value is True or (isinstance(value, str) and value.casefold() not in {"", "false"})


def _text(facts: _Facts, name: str) -> str | None:
    value = facts.known.get(name)
    return value if isinstance(value, str) else None

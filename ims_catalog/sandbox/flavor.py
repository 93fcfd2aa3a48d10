"""Flavors as `GET /v1/{project_id}/cloudservers/flavors` sends them, and the table of operating systems.

Flavors: published names, sizes and cards; where no answer of the API was published, the extra specs follow
the documented meaning of each (ECS API Reference, "Flavors"). Numbers are strings there, and `ram` sometimes.
"""

import functools
import re
from collections.abc import Mapping

from ims_catalog.sandbox.corpus import OperatingSystem, corpus
from indexer.documented import FlavorFacts, flavor_facts

Flavor = dict[str, object]


@functools.cache
def flavors(region: str) -> tuple[Flavor, ...]:
    """Give the flavors of a region, in a fixed order."""
    return tuple(
        _flavor(facts, number, region)
        for number, facts in enumerate(flavor_facts())
        if facts.get("virtualization") != "Bare metal" and (number + len(region)) % 17 != 0
    )


@functools.cache
def os_version_table(tags: tuple[str, ...]) -> list[dict[str, object]]:
    """Give the answer of `GET /v1/cloudimages/os_version`: platforms with the systems that have every tag.

    Windows is not returned any more; `os_bit` is a number here, and a string in images.
    """
    return [
        {"platform": platform, "version_list": [_entry(system) for system in systems if _has(system, tags)]}
        for platform, systems in corpus().systems.items()
        if platform != "Windows" and any(_has(system, tags) for system in systems)
    ]


def _flavor(facts: FlavorFacts, number: int, region: str) -> Flavor:
    ram = facts["ram_mb"]
    return {
        "id": facts["name"],
        "name": facts["name"],
        "vcpus": str(facts["vcpus"]),
        "ram": str(ram) if number % 37 == 0 else ram,
        "disk": "0",
        "swap": "",
        "os_extra_specs": {
            **_derived_specs(facts),
            **facts.get("extra_specs", {}),
            "cond:operation:status": _STATUSES[number % len(_STATUSES)],
            "cond:operation:az": f"{region}a(normal),{region}b({_STATUSES[number * 7 % len(_STATUSES)]})",
        },
    }


def _derived_specs(facts: FlavorFacts) -> dict[str, str]:
    series = facts["name"].partition(".")[0]
    specs = {
        "ecs:generation": series,
        "ecs:performancetype": facts.get("performancetype") or _performance(facts, series),
        "ecs:virtualization_env_types": "FusionCompute"
        if facts.get("virtualization") == "Xen"
        else "CloudCompute",
        "resource_type": f"IOoptimized{series.upper()}",
    }
    if facts["arch"] == "aarch64":
        specs["ecs:instance_architecture"] = "arm64"
    card = re.match(r"(\d+) x (?:NVIDIA-)?(\S+)", facts.get("gpu", ""))
    if card is not None and card[2] in _CARDS:
        key, value = _CARDS[card[2]]
        specs[key] = value.format(count=card[1])
    if series == "pi2":
        specs["cond:image"] = "__support_gpu_t4=true"
    if series == "pi1":
        specs["pci_passthrough:alias"] = "nvidia-p4:1"
    return specs


def _performance(facts: FlavorFacts, series: str) -> str:
    known = _BY_CATEGORY.get(facts.get("category", ""))
    return known or next((kind for prefix, kind in _BY_SERIES if series.startswith(prefix)), "normal")


def _has(system: OperatingSystem, tags: tuple[str, ...]) -> bool:
    return all(
        system.uefi
        if tag == "uefi"
        else tag in system.architectures
        if tag in {"x86", "arm"}
        else tag == "bms"
        for tag in tags
    )


def _entry(system: OperatingSystem) -> dict[str, object]:
    return {
        "platform": system.platform,
        "os_version_key": system.os_version,
        "os_version": system.os_version,
        "os_bit": int(system.os_bit),
        "os_type": system.os_type,
    }


_STATUSES = ("normal", "normal", "normal", "normal", "sellout", "obt", "normal", "abandon", "promotion")
_BY_CATEGORY: Mapping[str, str] = {
    "General-purpose": "normal",
    "Dedicated general-purpose": "computingv3",
    "GPU-accelerated": "gpu",
    "Memory-optimized": "highmem",
    "High-performance computing": "highcpu",
    "Ultra-high I/O": "highio",
    "Large-memory": "saphana",
    "Disk-intensive": "diskintensive",
}
_BY_SERIES = (
    ("kc", "kunpeng_computing"),
    ("km", "kunpeng_highmem"),
    ("ki", "kunpeng_highio"),
    ("ai", "ascend"),
    ("fp", "fpga"),
    ("g", "gpu"),
    ("p", "gpu"),
    ("t", "entry"),
    ("c", "computingv3"),
    ("m", "highmem"),
    ("d", "diskintensive"),
    ("i", "highio"),
    ("h", "highcpu"),
    ("e", "saphana"),
)
_CARDS: Mapping[str, tuple[str, str]] = {
    "T4": ("pci_passthrough:gpu_specs", "nvidia-t4:{count}"),
    "V100": ("pci_passthrough:alias", "nvidia-v100-pcie:{count}"),
    "P100": ("pci_passthrough:alias", "nvidia-p100:{count}"),
    "M60": ("pci_passthrough:gpu_specs", "m60:direct_graphics:{count}"),
    "M60-1Q": ("pci_passthrough:gpu_specs", "m60_1q:virt:{count}"),
}

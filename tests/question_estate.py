"""Records to ask of: drawn at random from all documented values, and planted around each reading's bounds."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from mappings.document import Document
from mappings.normalise import normalise
from mappings.scope import CloudKind, ImageType, Scope

DATA = Path(__file__).parent / "data"
REGIONS = ("cn-north-4", "ap-southeast-3", "eu-west-101")
PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
_SLIPS = {"create_at": "created_at", "update_at": "updated_at"}
_POOLS: Mapping[str, tuple[object, ...]] = {
    "__os_bit": ("64", "64", "32", None),
    "__os_type": ("Linux", "Windows", "Other"),
    "__support_arm": (None, None, None, "true", "True", "false"),
    "hw_firmware_type": (None, None, "bios", "uefi"),
    "__imagetype": ("gold", "private", "shared", "market"),
    "visibility": ("public", "private", "shared"),
    "virtual_env_type": ("FusionCompute", "FusionCompute", "Ironic", "DataImage", "IsoImage", None),
    "__whole_image": (None, None, "true", True, "false"),
    "protected": (True, False),
    "status": ("active", "active", "active", "killed", "queued", "saving"),
    "disk_format": ("zvhd2", "vhd", "zvhd", "raw", "qcow2", "iso"),
    "min_ram": (None, 0, 512, 513, 1024, 1025, 1536, 2048, 2049, 4096, 8192, 8193, 16384, 16385),
    "min_disk": (None, 8, 10, 20, 21, 39, 40, 41, 50, 51, 60, 61, 100, 1000, 1024, 1025),
    "__image_size": (
        None,
        "0",
        "449261568",
        "524287999",
        "524288000",
        "4294967296",
        "4294967297",
        "10737418241",
    ),
    "__support_agent_list": (None, "hss", "ces", "hss,ces"),
    "__support_fc_inject": (None, "true", "false"),
    "enterprise_project_id": (None, "0", "5c1d9f7a-2b3e-4c58-9a6d-7e8f90123456"),
    "__support_largememory": (None, None, None, "true"),
    "__support_diskintensive": (None, None, None, "true"),
    "__support_highperformance": (None, None, None, "true"),
    "__support_nvme_highio": (None, None, None, None, "true"),
    "tags": (
        [],
        ["staging"],
        ["production"],
        ["web"],
        ["production", "web"],
        ["team=blue"],
        ["deprecated", "golden"],
    ),
}
_HARDWARE: tuple[Mapping[str, str], ...] = (
    {},
    {"__support_kvm": "true"},
    {"__support_xen": "true"},
    {"__support_kvm": "true", "__support_xen": "true"},
    *(
        {"__support_kvm_gpu_type": card}
        for card in ("M60", "V100", "V100_vGPU", "P2V_V100", "P100", "P4", "RTX5000")
    ),
    {"__support_xen_gpu_type": "M60_vGPU"},
    {"__support_gpu_t4": "true"},
    {"__support_xen_hana": "true"},
    {"__support_kvm_infiniband": "true"},
    {"__support_kvm_fpga_type": "VU9P"},
    {"__support_kvm_ascend_310": "true"},
    {"__support_kvm_nvme_spdk": "true"},
    {"__support_kvm_hi1822_hisriov": "true"},
)
_PRESENT: Mapping[str, object] = {
    "__support_kvm_gpu_type": "P100",
    "__support_xen_gpu_type": "M60_vGPU",
    "__support_kvm_fpga_type": "VU9P",
    "__system__cmkid": "0f1c6f0a-2d7e-4c6b-9d4a-3a1f5e7b9c22",
    "tags": ["some"],
}
_EXCLUSIVE = re.compile(r"__support_(kvm|xen|gpu_t4)")


@dataclass(frozen=True, slots=True)
class Planted:
    """A record as sent, where it was listed, and the document made of it."""

    record: Mapping[str, object]
    region: str
    document: Document


@lru_cache(maxsize=1)
def pool() -> tuple[Planted, ...]:
    """Images at random: every value occurs, beside every other and absent."""
    draw = random.Random(20260311)
    versions = [
        (platform, entry["os_version"])
        for platform, entries in _os_versions().items()
        for entry in entries
        if platform != "Other"
    ]
    return tuple(
        _planted(_random(draw, *draw.choice(versions)), draw.choice(REGIONS), index) for index in range(1500)
    )


def around(reading: Mapping[str, object], seed: int) -> tuple[Planted, ...]:
    """Images that the reading holds for, and those that miss it by one thing."""
    draw = random.Random(seed)
    found: list[Planted] = []
    for index in range(8):
        record, region = _satisfying(reading, draw)
        number = 100_000 + seed * 1000 + index * 100
        found.append(_planted(record, region, number))
        for place, (missed, elsewhere) in enumerate(_near_misses(reading, record, region, draw)):
            found.append(_planted(missed, elsewhere, number + 1 + place))
    return tuple(found)


def _os_versions() -> Mapping[str, list[Mapping[str, str]]]:
    found: Mapping[str, list[Mapping[str, str]]] = json.loads(
        (DATA / "os-versions.json").read_text(encoding="utf-8")
    )
    return found


def _random(draw: random.Random, platform: str, os_version: str) -> dict[str, object]:
    record: dict[str, object] = {name: draw.choice(values) for name, values in _POOLS.items()}
    record |= draw.choice(_HARDWARE)
    spelled = draw.choice(("RedHat", "Red Hat", "Redhat")) if platform == "Red Hat" else platform
    record |= {
        "__platform": spelled,
        "__os_version": os_version,
        "__os_type": "Windows" if platform == "Windows" else "Linux",
    }
    if record["__imagetype"] == "private" and draw.random() < 0.2:
        record["__system__cmkid"] = _PRESENT["__system__cmkid"]
    words = draw.sample(
        ("nginx", "backup", "data", "disk", "jenkins", "agent", "sql", "2019", "golden", "Enterprise", "LTS"),
        2,
    )
    record["name"] = " ".join(words)
    for name in ("created_at", "updated_at"):
        moment = datetime(2021, 1, 1) + timedelta(seconds=draw.randrange(5 * 365 * 86400))  # noqa: DTZ001
        record[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    record["owner"] = draw.choice((PROJECT, "ffffffffffffffffffffffffffffffff"))
    if platform == "Windows":  # there is none for ARM
        record["__support_arm"] = None
    return {name: value for name, value in record.items() if value is not None}


def _planted(record: Mapping[str, object], region: str, number: int) -> Planted:
    full = {"id": f"00000000-0000-4000-8000-{number:012d}", "name": f"image {number}", **record}
    kind = ImageType(str(full.setdefault("__imagetype", "gold")))
    if kind is ImageType.PRIVATE:  # listings agree with what they list
        full["owner"] = PROJECT
        if full.get("visibility") == "public":
            full["visibility"] = "private"
    elif kind in (ImageType.GOLD, ImageType.MARKET) and full.get("visibility") == "private":
        full["visibility"] = "public"
    project = PROJECT if kind in (ImageType.PRIVATE, ImageType.SHARED) else None
    document = normalise(full, Scope("test", "huawei", CloudKind.IMS, region, kind, project)).document
    assert document is not None
    return Planted(full, region, document)


def _satisfying(reading: Mapping[str, object], draw: random.Random) -> tuple[dict[str, object], str]:
    platform, os_version = "Debian", "Debian GNU/Linux 9.3.0 64bit"
    record = _random(draw, platform, os_version)
    for name in [name for name in record if _EXCLUSIVE.match(name)]:
        del record[name]
    region = draw.choice(REGIONS)
    parts = list(_chosen(reading, draw))
    for part in parts:
        for name in _mapping(part, "must_not"):
            record.pop(_SLIPS.get(name, name), None)
    for part in parts:
        region = _apply(part, record, region, draw)
    return record, region


def _chosen(reading: Mapping[str, object], draw: random.Random) -> Iterator[Mapping[str, object]]:
    """The reading, and one clause of every group."""
    yield reading
    groups = reading.get("any") or []
    assert isinstance(groups, list)
    for group in groups:
        yield from _chosen(draw.choice(group), draw)


def _mapping(reading: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = reading.get(name) or {}
    assert isinstance(part, Mapping)
    return part


def _apply(part: Mapping[str, object], record: dict[str, object], region: str, draw: random.Random) -> str:
    must = dict(_mapping(part, "must"))
    for name, wanted in must.items():
        value = draw.choice(wanted) if isinstance(wanted, list) else wanted
        if name == "@region":
            region = str(value)
        elif name != "@os_version":
            _set(record, name, value)
    if must.get("__platform") == "Windows":
        record.pop("__support_arm", None)
    if "__system__cmkid" in must:
        record["__imagetype"] = "private"
    bounds = _mapping(part, "range")
    _set_version(record, must, bounds.get("@os_version"), draw)
    for name, limits in bounds.items():
        assert isinstance(limits, Mapping)
        if name != "@os_version":
            _within(record, _SLIPS.get(name, name), limits, draw)
    text = str(part.get("text") or "")
    if text:
        record["name"] = f"{record.get('name', '')} {text.replace(chr(34), '')}".strip()
    return region


def _set(record: dict[str, object], name: str, value: object) -> None:
    if value == "":
        record.pop(name, None)
    elif value == "*":
        record[name] = _PRESENT.get(name, "true")
    elif name == "tags":
        old = record.get("tags")
        record[name] = sorted({*(old if isinstance(old, list) else []), str(value)})
    elif name in ("min_ram", "min_disk"):
        record[name] = value
    else:
        record[name] = str(value).replace("*", "x7") if isinstance(value, str) else str(value).lower()


def _set_version(
    record: dict[str, object], must: Mapping[str, object], limits: object, draw: random.Random
) -> None:
    version = must.get("@os_version")
    if isinstance(version, list):
        version = draw.choice(version)
    if version is None and isinstance(limits, Mapping):
        version = _beside_version(str(draw.choice(list(limits.values()))), draw)
    if version is not None or "__platform" in must:
        record["__os_version"] = _written_version(
            str(record.get("__platform")), str(version or draw.choice(("7.6", "9", "12.1")))
        )


def _within(record: dict[str, object], name: str, limits: Mapping[str, object], draw: random.Random) -> None:
    operator, bound = draw.choice(list(limits.items()))
    if isinstance(bound, str):
        moment = datetime.fromisoformat(bound)
        step = draw.choice((timedelta(seconds=1), timedelta(hours=7), timedelta(days=5), timedelta(days=40)))
        moment += {
            "gte": draw.choice((timedelta(0), step)),
            "gt": step,
            "lt": -step,
            "lte": -draw.choice((timedelta(0), step)),
        }[operator]
        record[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        assert isinstance(bound, int)
        value = bound + {"gte": draw.choice((0, 1)), "gt": 1, "lt": -1, "lte": draw.choice((0, -1))}[operator]
        record[name] = str(value) if name == "__image_size" else value


def _beside_version(bound: str, draw: random.Random) -> str:
    *head, last = bound.removesuffix("R2").split(".")
    return ".".join((*head, str(max(0, int(last) + draw.choice((-1, 0, 0, 1))))))


def _written_version(platform: str, version: str) -> str:
    if platform == "Windows":
        release = " R2" if version.endswith("R2") else ""
        return f"Windows Server {version.removesuffix('R2')}{release} Standard 64bit"
    parts = version.split(".")
    if platform in ("SUSE", "openEuler") and len(parts) > (1 if platform == "SUSE" else 2):
        return f"{platform} {'.'.join(parts[:-1])} SP{parts[-1]} 64bit"
    return f"{platform} {version} 64bit"


def _near_misses(
    reading: Mapping[str, object], record: Mapping[str, object], region: str, draw: random.Random
) -> Iterator[tuple[dict[str, object], str]]:
    """The record with one thing changed: another value, no value, the other side of a bound."""
    for name in _names(reading):
        wire = _SLIPS.get(name, name)
        if name == "@region":
            yield dict(record), next(other for other in REGIONS if other != region)
            continue
        if name == "@os_version":
            missed = dict(record)
            missed["__os_version"] = re.sub(
                r"\d+(?=\D*( SP| R2| Standard| 64bit))",
                lambda m: str(int(m[0]) + 1),
                str(record.get("__os_version")),
                count=1,
            )
            yield missed, region
            continue
        missed = {key: value for key, value in record.items() if key != wire}
        if wire == "__platform":  # where it is not stated, the product reads it from the OS version
            missed["__os_version"] = re.sub(r"^.*?(?=\d)", "", str(record.get("__os_version")))
        yield missed, region
        others = [value for value in _POOLS.get(wire, ("true",)) if value not in (None, record.get(wire))]
        if wire == "__platform":
            others = ["openSUSE", "SUSE", "EulerOS", "openEuler", "CoreOS", "CentOS", "Ubuntu"]
        if others and wire not in ("name", "id", "owner", "created_at", "updated_at"):
            yield {**record, wire: draw.choice(others)}, region
    text = str(reading.get("text") or "")
    if text:
        yield {**record, "name": f"image of {text.split(maxsplit=1)[0][:-1]}"}, region


def _names(reading: Mapping[str, object]) -> list[str]:
    names = [
        name
        for part in ("must", "must_not", "range")
        for name in _mapping(reading, part)
        if name not in ("id", "@text")
    ]
    groups = reading.get("any") or []
    assert isinstance(groups, list)
    for group in groups:
        for clause in group:
            names += _names(clause)
    return list(dict.fromkeys(names))[:12]

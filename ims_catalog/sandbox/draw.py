"""`draw`: one image record from a number, as IMS would send it.

Each attribute is decided by bytes of its own in a digest of (seed, number), so that an estate is the same
whenever and wherever it is drawn, any record can be drawn alone, and a new attribute changes no other.
Nearly every value is a string, as on the wire (IMS API Reference, "Image Attributes").
"""

import functools
import hashlib
import time
from collections.abc import Mapping
from typing import NamedTuple

from ims_catalog.sandbox import wording
from ims_catalog.sandbox.corpus import OperatingSystem, corpus
from ims_catalog.sandbox.shape import BOARDS, SHAPES, Shape, weighted

Record = dict[str, object]

# Which byte of the digest decides what.
_SHAPE, _PLATFORM, _VERSION, _VARIANT, _ARM, _FIRMWARE, _SPELLING, _STATUS = 0, 1, 2, 4, 5, 6, 7, 8
_MIN_RAM, _MIN_DISK, _MAX_RAM, _SIZE, _FORMAT, _NAME, _TEXT, _TAGS = 9, 10, 11, 12, 15, 16, 18, 20
_AGENTS, _FEATURES, _QUEUES, _LAZY, _INJECT, _REGISTERED, _INIT, _TIMEOUT = 23, 24, 25, 26, 27, 28, 29, 30
_ORIGIN, _ENTERPRISE, _ENCRYPTED, _OFFSHELVED, _EXPORT, _OWN_KEYS, _UPDATED = 31, 32, 34, 35, 36, 37, 38
_ABSENT, _PROTECTED, _SHARED, _HEX = 41, 42, 43, 46


class Seat(NamedTuple):
    """Where an image stands: what its record takes from its place rather than from chance.

    `created` and `latest` are seconds since 1970; `owner` and the id of `parent` fill attributes.
    """

    id: str
    image_type: str
    region: str
    owner: str
    created: int
    latest: int
    parent: str


def digest_of(seed: int, label: str, number: int) -> bytes:
    """Give the 64 bytes that decide everything about one image."""
    digest = _keyed(seed, label).copy()
    digest.update(number.to_bytes(8, "big"))
    return digest.digest()


def sharing(digest: bytes) -> tuple[int, str] | None:
    """Say whether a private image is shared: an offset to another project, and its member status."""
    if digest[_SHARED] >= 48:
        return None
    return digest[_SHARED + 1], _MEMBER_STATUSES[digest[_SHARED + 2]]


def draw(seat: Seat, digest: bytes) -> Record:
    """Draw the record of the image at this seat, as its owner's listing sends it."""
    shape = SHAPES[seat.image_type][digest[_SHAPE]]
    system = _system(shape, digest)
    arm = _is_arm(shape, system, digest)
    record = _identity(seat, shape, system, arm, digest)
    _add_operating_system(record, shape, system, arm, digest)
    record.update(shape.variants[digest[_VARIANT] % len(shape.variants)])
    _add_sizes(record, shape, system, digest)
    for stated, place in _GUEST:
        record.update(stated[digest[place]])
    _ADD_ORIGIN[seat.image_type](record, seat, shape, digest)
    return record


@functools.cache
def _keyed(seed: int, label: str) -> hashlib.blake2b:
    return hashlib.blake2b(key=f"{seed}/{label}".encode())


def _system(shape: Shape, digest: bytes) -> OperatingSystem:
    systems = corpus().systems[(shape.platforms or _PLATFORMS)[digest[_PLATFORM]]]
    return systems[(digest[_VERSION] << 8 | digest[_VERSION + 1]) % len(systems)]


def _is_arm(shape: Shape, system: OperatingSystem, digest: bytes) -> bool:
    if not shape.arm or system.os_bit == "32" or system.os_type == "Windows":
        return False
    return digest[_ARM] < (150 if "arm" in system.architectures else 8)


def _identity(seat: Seat, shape: Shape, system: OperatingSystem, arm: bool, digest: bytes) -> Record:
    public = seat.image_type in {"gold", "market"}
    name = _NAMES[seat.image_type](shape, system, arm, digest)
    updated = min(seat.latest, seat.created + _SPREAD[digest[_UPDATED]] + digest[_UPDATED + 1] * 257)
    record: Record = {
        "id": seat.id,
        "name": name,
        "status": _STATUSES[seat.image_type][digest[_STATUS]],
        "visibility": "public" if public else "private",
        "protected": public or digest[_PROTECTED] < 12,
        "owner": seat.owner,
        "created_at": _date(seat.created),
        "updated_at": _date(updated),
        "file": f"/v2/images/{seat.id}/file",
        "self": f"/v2/images/{seat.id}",
        "schema": "/v2/schemas/image",
        "tags": [] if public else _tags(digest),
        "__imagetype": seat.image_type,
        "__isregistered": "false" if digest[_REGISTERED] < 4 else "true",
    }
    description = wording.description(shape.key, digest[_TEXT], digest[_TEXT + 1])
    if description is not None:
        record["__description"] = description
    if digest[_ABSENT] & 1:
        record["deleted"] = False
        record["deleted_at"] = None
    return record


def _add_operating_system(
    record: Record, shape: Shape, system: OperatingSystem, arm: bool, digest: bytes
) -> None:
    record["virtual_env_type"] = shape.virtual_env_type
    if shape.key == "data_disk" and digest[_ABSENT] & 2:
        return
    spellings = _SPELLINGS.get(system.platform, (system.platform,))
    record |= {
        "__os_type": system.os_type if system.platform != "Other" else "Other",
        "__platform": spellings[digest[_SPELLING] % len(spellings)],
        "__os_version": system.os_version,
        "__os_bit": system.os_bit,
    }
    if shape.key == "bare_metal":
        record[f"__support_{BOARDS[digest[_VARIANT] % len(BOARDS)]}"] = "true"
        if system.platform == "SUSE":
            record |= {"__os_type": "Suse", "__platform": "Suse"}
    if arm:
        record["__support_arm"] = "true"
    elif digest[_ABSENT] & 12 == 12:
        record["__support_arm"] = "false"
    firmware = _firmware(shape, system, arm, digest)
    if firmware is not None:
        record["hw_firmware_type"] = firmware


def _firmware(shape: Shape, system: OperatingSystem, arm: bool, digest: bytes) -> str | None:
    if shape.key in {"data_disk", "iso"}:
        return None
    if arm:
        return "uefi" if digest[_FIRMWARE] < 180 else None
    stated = _FIRMWARES[digest[_FIRMWARE]]
    return "bios" if stated == "uefi" and not system.uefi else stated


def _add_sizes(record: Record, shape: Shape, system: OperatingSystem, digest: bytes) -> None:
    disks = _WINDOWS_DISKS if system.os_type == "Windows" else _LINUX_DISKS
    size = int.from_bytes(digest[_SIZE : _SIZE + 3], "big")
    record["min_disk"] = disks[digest[_MIN_DISK]]
    record.update(_PAYLOADS[digest[_ABSENT] >> 4 & 1])
    record["disk_format"] = "iso" if shape.key == "iso" else _FORMATS[digest[_FORMAT]]
    min_ram = _MIN_RAMS[digest[_MIN_RAM]]
    if min_ram is not None:
        record["min_ram"] = min_ram
    max_ram = _MAX_RAMS[digest[_MAX_RAM]]
    if max_ram is not None:
        record["max_ram"] = max_ram
    if digest[_FORMAT] < 200:
        record["__image_size"] = "0" if size < 1 << 18 else str((size + 1) * 1031)


def _tags(digest: bytes) -> list[str]:
    count = _TAG_COUNTS[digest[_TAGS]]
    return [wording.TAGS[digest[_TAGS + 1 + place] % len(wording.TAGS)] for place in range(count)]


def _add_gold_origin(record: Record, seat: Seat, _shape: Shape, digest: bytes) -> None:
    record |= {"__originalimagename": "", "__productcode": "", "__backup_id": ""}
    if digest[_ORIGIN] & 1:
        record |= {"__data_origin": None, "active_at": _date(seat.created + 1800)}
    if digest[_ORIGIN] & 6 == 6:
        record["__support_amd"] = "true"


def _add_private_origin(record: Record, seat: Seat, shape: Shape, digest: bytes) -> None:
    token = digest[_HEX : _HEX + 16].hex()
    other = f"{token[:8]}-{token[8:12]}-4{token[13:16]}-8{token[17:20]}-{token[20:]}"
    kind = "server_backup" if shape.key == "whole" else _SOURCES[digest[_ORIGIN]]
    kind = "file" if shape.key == "iso" else "volume" if shape.key == "data_disk" else kind
    record |= {
        "__data_origin": _DATA_ORIGINS[kind].format(other=other, region=seat.region, parent=seat.parent),
        "__originalimagename": seat.parent if kind in {"instance", "image", "server_backup"} else "",
        "__productcode": "",
        "__backup_id": other if kind == "server_backup" else "",
        "__image_location": f"obs.{seat.region}.sandbox.invalid:443:ims-{token[:8]}:{seat.id}",
        "__system_support_market": bool(digest[_EXPORT] & 1),
        "__system_support_export": bool(digest[_EXPORT] & 6),
    }
    if kind == "file":
        record["__root_origin"] = "file"
    if kind == "image":
        record |= {"__source_image_id": seat.parent, "__source_owner": token}
    if shape.key == "whole":
        record["__whole_image"] = True if digest[_ABSENT] & 32 else "true"
    if digest[_ENCRYPTED] < 10:
        record["__system__cmkid"] = other
    enterprise = _ENTERPRISES[digest[_ENTERPRISE]]
    if enterprise is not None:
        record["enterprise_project_id"] = enterprise
    record.update(wording.OWN_KEYS[digest[_OWN_KEYS]])


def _add_market_origin(record: Record, seat: Seat, _shape: Shape, digest: bytes) -> None:
    record |= {
        "__data_origin": f"image,{seat.region},{seat.parent}",
        "__originalimagename": seat.parent,
        "__account_code": "",
        "__productcode": digest[_HEX : _HEX + 16].hex(),
        "active_at": _date(seat.created + 8000),
    }
    if digest[_OFFSHELVED] < 230:
        record["__is_offshelved"] = "true" if digest[_OFFSHELVED] < 26 else "false"


def _gold_name(shape: Shape, system: OperatingSystem, arm: bool, digest: bytes) -> str:
    published = (corpus().arm_names if arm else corpus().names).get(system.os_version)
    if published and shape.key == "system" and digest[_NAME] < 128:
        return published[digest[_NAME + 1] % len(published)]
    return system.os_version + shape.suffix + (" with ARM" if arm else "")


def _private_name(_shape: Shape, system: OperatingSystem, _arm: bool, digest: bytes) -> str:
    if digest[_NAME] < 16:
        return corpus().other_names[digest[_NAME + 1] % len(corpus().other_names)]
    return wording.private_name(system.platform, digest[_NAME], digest[_NAME + 1], digest[_SIZE])


def _market_name(_shape: Shape, system: OperatingSystem, _arm: bool, digest: bytes) -> str:
    return wording.market_name(system.os_version, digest[_NAME], digest[_NAME + 1])


def _date(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"{_day(days)}{_MINUTES[rest // 60]}{rest % 60:02}Z"


@functools.lru_cache(maxsize=8192)
def _day(days: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(days * 86_400))


_MINUTES = tuple(f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60))
_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
_EMPTY_OBJECT = "99914b932bd37a50b983c5e7c90ae93b"

_PLATFORMS = weighted(
    {
        "Ubuntu": 48,
        "CentOS": 42,
        "Windows": 30,
        "Debian": 20,
        "Red Hat": 18,
        "SUSE": 15,
        "EulerOS": 15,
        "Huawei Cloud EulerOS": 14,
        "openEuler": 10,
        "OpenSUSE": 9,
        "Oracle Linux": 8,
        "Fedora": 8,
        "Rocky Linux": 6,
        "CoreOS": 4,
        "AlmaLinux": 4,
        "NeoKylin": 2,
        "FreeBSD": 2,
        "Other": 1,
    }
)
# The wire's spelling of Rocky and Alma is not documented; these head their lists in the documents.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "Red Hat": ("Red Hat", "RedHat"),
    "OpenSUSE": ("OpenSUSE", "openSUSE"),
    "Rocky Linux": ("Rocky",),
    "AlmaLinux": ("Alma",),
}
_FIRMWARES = weighted({None: 110, "bios": 66, "uefi": 80})
_STATUSES = {
    "gold": weighted({"active": 252, "queued": 2, "killed": 2}),
    "private": weighted({"active": 230, "saving": 8, "queued": 8, "killed": 8, "deleted": 2}),
    "market": weighted({"active": 256}),
}
_MEMBER_STATUSES = weighted({"accepted": 160, "pending": 64, "rejected": 32})
_LINUX_DISKS = weighted({40: 130, 10: 30, 20: 40, 100: 30, 60: 10, 1: 4, 80: 6, 200: 4, 1024: 2})
_WINDOWS_DISKS = weighted({40: 100, 20: 20, 60: 60, 100: 50, 80: 20, 255: 6})
_MIN_RAMS = weighted({0: 90, None: 40, 512: 20, 1024: 40, 2048: 40, 4096: 14, 8192: 8, 16384: 4})
_MAX_RAMS = weighted({None: 120, "0": 110, "32768": 12, "131072": 10, "4096": 4})
_FORMATS = weighted({"zvhd2": 180, "zvhd": 30, "vhd": 22, "qcow2": 16, "raw": 8})
_TAG_COUNTS = weighted({0: 130, 1: 70, 2: 56})
_SOURCES = weighted({"instance": 110, "file": 56, "image": 60, "volume": 30})
_SPREAD = weighted({0: 40, 900: 60, 86_400: 50, 2_592_000: 50, 31_536_000: 40, 94_608_000: 16})
_ENTERPRISES = weighted(
    {
        "0": 120,
        None: 70,
        "": 10,
        "5f1c2e9a-7c2b-4a36-9d4f-0d6a3b1c8e77": 36,
        "0e4d7c61-2b8f-4f0a-8a11-93c5d2e6f4b0": 20,
    }
)
_DATA_ORIGINS = {
    "instance": "instance,{other}",
    "volume": "volume,{other}",
    "file": "file,uploads:images/{other}.zvhd2",
    "image": "image,{region},{parent}",
    "server_backup": "server_backup,{other}",
}
_PAYLOADS: tuple[Record, Record] = (
    {"size": 2, "virtual_size": 0, "checksum": _EMPTY_OBJECT, "container_format": "bare"},
    {"size": 0, "virtual_size": None, "checksum": _NOTHING, "container_format": "bare"},
)


def _guest(**attributes: Mapping[str | None, int]) -> tuple[Record, ...]:
    tables = {name: weighted(weights) for name, weights in attributes.items()}
    return tuple(
        {name: value for name, table in tables.items() if (value := table[place]) is not None}
        for place in range(256)
    )


# Attributes side by side are decided by one byte.
_GUEST = (
    (
        _guest(
            __image_source_type={"uds": 256},
            __lazyloading={None: 60, "True": 80, "true": 100, "False": 16},
        ),
        _LAZY,
    ),
    (_guest(__support_fc_inject={None: 200, "true": 50, "false": 6}), _INJECT),
    (_guest(__is_config_init={None: 150, "true": 56, "false": 50}), _INIT),
    (_guest(__support_agent_list={None: 120, "hss,ces": 70, "hss": 40, "ces": 26}), _AGENTS),
    (
        _guest(
            __os_feature_list={
                None: 120,
                '{"onekey_resetpasswd":"true"}': 60,
                '{"nic_hotplug":"true", "disk_hotplug": "true", "user_data": "true", "ssh_key":"true"}': 50,
                '{"onekey_resetpasswd": "true", "hostname_inject": "false"}': 26,
            }
        ),
        _FEATURES,
    ),
    (_guest(hw_vif_multiqueue_enabled={None: 90, "true": 140, "false": 26}), _QUEUES),
    (
        _guest(
            os_shutdown_timeout={None: 220, "60": 20, "180": 10, "300": 6},
            __sequence_num={None: 140, "0": 116},
        ),
        _TIMEOUT,
    ),
)
_ADD_ORIGIN = {"gold": _add_gold_origin, "private": _add_private_origin, "market": _add_market_origin}
_NAMES = {"gold": _gold_name, "private": _private_name, "market": _market_name}

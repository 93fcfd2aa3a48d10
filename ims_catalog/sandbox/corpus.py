"""The published facts that an estate is drawn from: operating systems and image names."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TypedDict


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """One published OS: `os_version` as images write it, "32" or "64" bits, whether it can boot by UEFI."""

    platform: str
    os_version: str
    os_bit: str
    os_type: str
    architectures: tuple[str, ...]
    uefi: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """Operating systems by platform, published image names by `os_version`, and names that tell no OS."""

    systems: Mapping[str, tuple[OperatingSystem, ...]]
    names: Mapping[str, tuple[str, ...]]
    arm_names: Mapping[str, tuple[str, ...]]
    other_names: tuple[str, ...]


class _SystemRow(TypedDict):
    platform: str
    os_version: str
    os_bit: str
    os_type: str
    architectures: list[str]
    uefi: bool


class _NameRow(TypedDict):
    name: str
    os_version: str
    architecture: str


class _Images(TypedDict):
    operating_systems: list[_SystemRow]
    image_names: list[_NameRow]
    names_without_os: list[_NameRow]


@functools.cache
def corpus() -> Corpus:
    """Read operating systems and names, once per process."""
    data: _Images = json.loads(_text("images.json"))
    systems: dict[str, list[OperatingSystem]] = {}
    for row in data["operating_systems"]:
        systems.setdefault(row["platform"], []).append(
            OperatingSystem(
                platform=row["platform"],
                os_version=row["os_version"],
                os_bit=row["os_bit"],
                os_type=row["os_type"],
                architectures=tuple(row["architectures"]),
                uefi=row["uefi"],
            )
        )
    return Corpus(
        systems={platform: tuple(rows) for platform, rows in systems.items()},
        names=_names(data["image_names"], "x86"),
        arm_names=_names(data["image_names"], "arm"),
        other_names=tuple(row["name"] for row in data["names_without_os"]),
    )


def _names(rows: list[_NameRow], architecture: str) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row["architecture"] == architecture:
            names[row["os_version"]] = (*names.get(row["os_version"], ()), row["name"])
    return names


def _text(name: str) -> str:
    return resources.files("ims_catalog.sandbox").joinpath("data", name).read_text("utf-8")

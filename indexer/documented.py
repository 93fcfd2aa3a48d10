"""`documented_flavors`: what is published of flavors, for clouds whose own list cannot be had.

The table `data/flavors.json` names the document of every flavor. What it does not state, no record states;
what it says of stock at one moment is left out.
"""

import functools
import json
from importlib import resources
from typing import TypedDict

from clouds.payload import Record
from indexer.companions import DOCUMENTED


class FlavorFacts(TypedDict, total=False):
    """What is published of a flavor; `extra_specs` only where an answer of the API was."""

    name: str
    vcpus: int
    ram_mb: int
    arch: str
    category: str
    virtualization: str
    gpu: str
    performancetype: str
    extra_specs: dict[str, str]


class _Table(TypedDict):
    flavors: list[FlavorFacts]


@functools.cache
def flavor_facts() -> tuple[FlavorFacts, ...]:
    """Read the published facts, once per process."""
    text = resources.files("indexer").joinpath("data", "flavors.json").read_text("utf-8")
    table: _Table = json.loads(text)
    return tuple(table["flavors"])


def documented_flavors() -> tuple[Record, ...]:
    """Give the published flavors in the shape that ECS sends, each with `source` beside it."""
    return tuple(_record(facts) for facts in flavor_facts())


def _record(facts: FlavorFacts) -> Record:
    return {
        "id": facts["name"],
        "name": facts["name"],
        "vcpus": str(facts["vcpus"]),
        "ram": facts["ram_mb"],
        "os_extra_specs": _extra_specs(facts),
        "source": DOCUMENTED,
    }


def _extra_specs(facts: FlavorFacts) -> dict[str, str]:
    """Give the extra specs that are published, or that say nothing but what is."""
    stated = {
        key: value
        for key, value in facts.get("extra_specs", {}).items()
        if not key.startswith("cond:operation:")
    }
    # One published answer has arm64 on a flavor that all its documents give an x86 processor.
    stated.pop(_ARCHITECTURE, None)
    if facts["arch"] == "aarch64":
        stated[_ARCHITECTURE] = "arm64"
    if facts.get("virtualization") in _PLATFORMS:
        stated["ecs:virtualization_env_types"] = _PLATFORMS[facts["virtualization"]]
    performance = facts.get("performancetype") or _PERFORMANCE.get(facts.get("category", ""))
    if performance:
        stated["ecs:performancetype"] = performance
    if "gpu" in facts:
        stated.setdefault("info:gpu:name", facts["gpu"])
    return stated


_ARCHITECTURE = "ecs:instance_architecture"
_PLATFORMS = {"KVM": "CloudCompute", "Xen": "FusionCompute"}
_PERFORMANCE = {"GPU-accelerated": "gpu"}
"""The category whose performance type is the same in all documents."""

"""The words of an estate: names, descriptions, tags and owners' own attributes, all made up."""

import functools
from collections.abc import Mapping

from ims_catalog.sandbox.shape import weighted

TAGS = (
    "env.prod",
    "env=prod",
    "env=staging",
    "staging",
    "team=blue",
    "team.green",
    "app=nginx",
    "cuda.11.8",
    "owner=数据平台",
    "golden",
    "cost-center=4711",
    "backup=daily",
)
"""`key.value` is the old form of a tag, `key=value` the new one; a tag may also have no value."""

_APPLICATIONS = (
    "nginx",
    "web-frontend",
    "postgres",
    "mysql",
    "redis",
    "jenkins",
    "hadoop",
    "kafka",
    "gitlab",
    "golden",
    "batch",
    "训练",
    "测试镜像",
    "build-agent",
    "vpn-gateway",
    "elasticsearch",
)
_PRODUCTS = (
    "LAMP 环境",
    "WordPress",
    "宝塔面板",
    "SAP Business One",
    "Docker CE",
    "Node.js 运行环境",
    "GitLab CE",
    "OpenVPN Access Server",
    "Kubernetes node v1.28",
    "PyTorch 2.1 CUDA 11.8",
    "MySQL 8.0",
    "安全加固",
)
_DESCRIPTIONS = (
    "Hardened base image, patched monthly",
    "nginx reverse proxy with ModSecurity",
    "云时通标准套件镜像",
    "Built by the CI pipeline; do not edit by hand",
    "预装 Docker 与监控插件",
    "PostgreSQL 15 with pgvector",
    "测试环境专用，请勿用于生产",
    "Migrated from VMware, first boot takes 5 minutes",
    "",
)
_OF_SHAPE = {
    "kvm_gpu": ("CUDA toolkit and Tesla driver preinstalled", "预装 NVIDIA Tesla 驱动和 CUDA"),
    "t4": ("NVIDIA T4, CUDA 11.8 preinstalled", "T4 推理镜像"),
    "data_disk": ("Data disk of a retired server", "数据盘备份"),
    "iso": ("Installation medium", "安装介质"),
    "whole": ("Full-ECS image before migration", "整机镜像"),
}
_OWN_KEY_SETS: tuple[Mapping[str, str], ...] = (
    {},
    {"build.number": "417", "pipeline": "nightly"},
    {"cost center": "R&D 研发"},
    {"__support_quantum": "true", "reviewed_by": "null"},
    {"comment": "", "os.patch.level": "2025-11"},
)
OWN_KEYS = tuple(_OWN_KEY_SETS[choice] for choice in weighted({0: 200, 1: 16, 2: 16, 3: 12, 4: 12}))
"""Attributes that owners added themselves, or that no document names."""


def description(shape: str, decision: int, choice: int) -> str | None:
    """Give a description fit for the shape of an image; None: the attribute is absent."""
    if decision < 100:
        return None
    choices = _OF_SHAPE.get(shape, _DESCRIPTIONS)
    return choices[choice % len(choices)]


def private_name(platform: str, decision: int, choice: int, number: int) -> str:
    """Name an image as its owner might."""
    application = _APPLICATIONS[choice % len(_APPLICATIONS)]
    short = _short(platform)
    return f"my-{short}" if decision < 40 else f"{application}-{short}-{number:03d}"


@functools.cache
def _short(platform: str) -> str:
    return platform.lower().replace(" ", "")


def market_name(os_version: str, decision: int, choice: int) -> str:
    """Name an image as a seller might."""
    product = _PRODUCTS[choice % len(_PRODUCTS)]
    return f"{product} ({os_version})" if decision & 1 else f"{product} {os_version.removesuffix(' 64bit')}"

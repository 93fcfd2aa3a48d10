"""The products behind `__platform`: one spelling each, and the texts that mean them."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mappings.text import platform_key


@dataclass(frozen=True, slots=True)
class Product:
    """An operating system product.

    `aliases` are other texts that mean it, compared by `platform_key`; an OS version that begins with one of
    them, or with the name, is of this product.
    """

    name: str
    label_zh: str
    aliases: tuple[str, ...] = ()


PRODUCTS = (
    Product("Windows", "Windows", ("Windows Server", "Microsoft Windows")),
    Product("Ubuntu", "Ubuntu"),
    Product("CentOS", "CentOS", ("CentOS Stream", "CentOS Linux")),
    Product("Debian", "Debian", ("Debian GNU/Linux",)),
    Product(
        "Red Hat",
        "Red Hat",
        ("Red Hat Enterprise Linux", "Red Hat Linux Enterprise", "Red Hat Linux", "RHEL"),
    ),
    Product(
        "SUSE",
        "SUSE",
        (
            "SLES",
            "SLED",
            "SUSE Linux",
            "SUSE Linux Enterprise",
            "SUSE Linux Enterprise Server",
            "SUSE Enterprise Linux Server",
            "Novell SUSE Linux Enterprise Server",
            "Novell SUSE",
        ),
    ),
    Product("OpenSUSE", "openSUSE", ("openSUSE Leap", "openSUSE Tumbleweed")),
    Product("Oracle Linux", "Oracle Linux", ("Oracle", "Oracle Linux Server", "OracleLinux", "OEL")),
    Product("Fedora", "Fedora", ("Fedora Linux", "Fedora Server")),
    Product("CoreOS", "CoreOS", ("CoreOS Container Linux",)),
    Product("EulerOS", "EulerOS", ("EuleOS",)),
    Product("openEuler", "openEuler"),
    Product("Huawei Cloud EulerOS", "Huawei Cloud EulerOS", ("HCE", "HCE OS", "HCEOS", "HuaweiCloudEulerOS")),
    Product("Rocky Linux", "Rocky Linux", ("Rocky",)),
    Product("AlmaLinux", "AlmaLinux", ("Alma", "Alma Linux")),
    Product("FreeBSD", "FreeBSD"),
    Product("NeoKylin", "中标麒麟", ("中标麒麟", "NeoKylin Server", "NeoKylin Linux Advanced Server")),
    Product("Kylin", "银河麒麟", ("银河麒麟", "Kylin OS", "KylinOS", "Kylin Linux Advanced Server")),
    Product(
        "UnionTech OS",
        "统信UOS",
        ("UOS", "UnionTech", "UnionTech OS Server", "UniontechOS", "统信", "统信UOS"),
    ),
    Product("Astra Linux", "Astra Linux", ("Astra",)),
    Product("Other", "其他", ("Others",)),
)
"""Documented in IMS API Reference, "Values of Related Parameters", and seen in published lists of images."""


@lru_cache(maxsize=4096)
def canonical_platform(text: str) -> str:
    """Give the product's one spelling, also of a name with a version or an edition behind it.

    A text that means no known product stays as it is, trimmed.
    """
    return _BY_KEY.get(platform_key(text)) or platform_named_by(text) or text.strip()


@lru_cache(maxsize=4096)
def platform_named_by(os_version: str) -> str | None:
    """Give the product whose name an OS version begins with, the longest name first; else None.

    Between the name and the first number, or the end, only words for editions may stand: Fedora CoreOS is not
    Fedora, Ubuntu Kylin not Ubuntu, Oracle Solaris not Oracle Linux.
    """
    found = _BEGINNING.match(unicodedata.normalize("NFKC", os_version))
    return None if found is None else _BY_KEY[platform_key(found[1])]


def _spelled() -> Iterator[tuple[str, str]]:
    for product in PRODUCTS:
        for text in (product.name, *product.aliases):
            yield text, product.name


def _pattern(text: str) -> str:
    """Match the words of a name, written together or not, and no further letter unless it ends in Chinese."""
    words = r"[\W_]*".join(map(re.escape, re.findall(r"[^\W_]+", text)))
    return words + (r"(?![^\W\d_])" if text[-1].isascii() else "")


_EDITIONS = (
    *(
        "Linux",
        "GNU",
        "OS",
        "Server",
        "Client",
        "Desktop",
        "Workstation",
        "Enterprise",
        "Advanced",
        "Standard",
    ),
    *("Datacenter", "Essentials", "Foundation", "Web", "Home", "Pro", "Professional", "Ultimate", "Minimal"),
    *("Edition", "Release", "Version", "LTS", "XP", "Vista", "for", "ARM", "SAP", "HPC", "Applications"),
    *("高级", "服务器", "操作系统", "系统", "桌面", "企业", "专业", "标准", "版"),
)
_BY_KEY = {platform_key(text): name for text, name in _spelled()}
_BEGINNING = re.compile(
    rf"\W*({'|'.join(_pattern(text) for text, _ in sorted(_spelled(), key=lambda pair: -len(pair[0])))})"
    rf"(?:[\W_]*(?:{'|'.join(map(_pattern, _EDITIONS))}))*[\W_]*(?:v?[0-9]|\Z)",
    re.IGNORECASE,
)

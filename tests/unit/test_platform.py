import json
from pathlib import Path

import pytest

from mappings.platform import PRODUCTS, canonical_platform, platform_named_by

OS_VERSIONS = json.loads(
    (Path(__file__).parents[1] / "data" / "os-versions.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    ("product", "spellings"),
    [
        ("Red Hat", "Red Hat|RedHat|Redhat|Red Hat Enterprise Linux|Red Hat Linux Enterprise|rhel|REDHAT"),
        ("SUSE", "SUSE|Suse|suse|SLES|Novell SUSE Linux Enterprise Server|SUSE Enterprise Linux Server"),
        ("OpenSUSE", "OpenSUSE|openSUSE|opensuse|openSUSE Leap"),
        ("EulerOS", "EulerOS|euleros|EuleOS"),
        ("openEuler", "openEuler|OpenEuler|open euler"),
        ("Huawei Cloud EulerOS", "Huawei Cloud EulerOS|HuaweiCloudEulerOS|HCE|HCE OS"),
        ("CentOS", "CentOS|centos|CentOS Stream"),
        ("CoreOS", "CoreOS|coreos"),
        ("Oracle Linux", "Oracle Linux|oraclelinux|Oracle"),
        ("Rocky Linux", "Rocky|Rocky LInux|Rocky Linux"),
        ("AlmaLinux", "Alma|AlmaLinux|Alma Linux"),
        ("NeoKylin", "NeoKylin|中标麒麟"),
        ("Kylin", "Kylin|银河麒麟|KylinOS"),
        ("UnionTech OS", "UnionTech OS|UOS|统信"),
        ("Windows", "Windows|windows|Windows Server"),
        ("FreeBSD", "FreeBSD|freebsd"),
        ("Other", "Other|other"),
    ],
)
def test_a_product_has_one_spelling(product: str, spellings: str) -> None:
    assert {canonical_platform(text) for text in spellings.split("|")} == {product}


def test_an_unknown_platform_keeps_its_text() -> None:
    assert canonical_platform(" Anolis OS ") == "Anolis OS"


def test_no_two_products_share_a_text() -> None:
    texts = [canonical_platform(text) for product in PRODUCTS for text in (product.name, *product.aliases)]
    assert texts == [product.name for product in PRODUCTS for _ in (product.name, *product.aliases)]


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("Ubuntu 22.04 server 64bit", "Ubuntu"),
        ("Huawei Cloud EulerOS 2.0 Standard 64 bit", "Huawei Cloud EulerOS"),
        ("HCE2.0", "Huawei Cloud EulerOS"),
        ("openSUSE 15.5 64bit", "OpenSUSE"),
        ("SLES15SP3", "SUSE"),
        ("CentOS Stream 9.6 64bit", "CentOS"),
        ("银河麒麟V10", "Kylin"),
        ("Kylin V10 64bit", "Kylin"),
        ("UnionTech OS Server 20", "UnionTech OS"),
        ("Rocky Linux 9.0 64bit", "Rocky Linux"),
        ("Other(64 bit)", "Other"),
        ("Debian GNU/Linux 10.2.0 64bit", "Debian"),
        ("Ubuntuish 1", None),
        ("8.6 64bit", None),
        ("", None),
    ],
)
def test_an_os_version_names_its_product(text: str, product: str | None) -> None:
    assert platform_named_by(text) == product


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("Windows Server 2019", "Windows"),
        ("Windows Server 2012 R2 Datacenter", "Windows"),
        ("Windows 10", "Windows"),
        ("AlmaLinux 9", "AlmaLinux"),
        ("HCE 2.0", "Huawei Cloud EulerOS"),
        ("Huawei Cloud EulerOS 2.0 Standard", "Huawei Cloud EulerOS"),
        ("Red Hat Enterprise Linux Server", "Red Hat"),
        ("Red Hat Enterprise Linux 9.1", "Red Hat"),
        ("RHEL8", "Red Hat"),
        ("Ubuntu Server 22.04 LTS", "Ubuntu"),
        ("ubuntu_22_04", "Ubuntu"),
        ("CentOS-7", "CentOS"),
        ("CentOS Stream 9", "CentOS"),
        ("CoreOS 1298.6.0", "CoreOS"),
        ("SLES 15 SP5", "SUSE"),
        ("SUSE Linux Enterprise Server for SAP Applications 15", "SUSE"),
        ("openSUSE Leap 15.5", "OpenSUSE"),
        ("openSUSE 15.5", "OpenSUSE"),
        ("EulerOS V2.0SP5", "EulerOS"),
        ("openEuler 22.03", "openEuler"),
        ("Kylin V10", "Kylin"),
        ("NeoKylin 7.4", "NeoKylin"),
        ("银河麒麟高级服务器操作系统 V10", "Kylin"),
        ("UOS Server 20", "UnionTech OS"),
        ("Debian GNU/Linux 12", "Debian"),
        ("Other(64 bit)", "Other"),
    ],
)
def test_a_platform_with_more_behind_its_name_is_its_product(text: str, product: str) -> None:
    assert canonical_platform(text) == product
    assert platform_named_by(text) == product


@pytest.mark.parametrize(
    "text",
    [
        "Fedora CoreOS",
        "Fedora CoreOS 38",
        "Red Hat CoreOS",
        "Red Hat Enterprise Linux CoreOS 4.14",
        "Ubuntu Kylin 20.04",
        "Ubuntu Core 22",
        "SUSE openSUSE 15",
        "SUSE Leap 15",
        "SUSE Linux Enterprise Micro 5.5",
        "openSUSE MicroOS",
        "Oracle Solaris 11",
        "EulerOS openEuler 22.03",
        "Huawei EulerOS",
        "HCE openEuler",
        "CentOS CoreOS",
        "CentOSish 9",
        "Debian GNU/Hurd",
        "Anolis OS 8 for CentOS",
    ],
)
def test_what_only_begins_like_a_product_keeps_its_text(text: str) -> None:
    assert canonical_platform(text) == text
    assert platform_named_by(text) is None


@pytest.mark.parametrize("platform", sorted(OS_VERSIONS))
def test_published_os_versions_name_their_platform(platform: str) -> None:
    nameless = ("published without the OS name",)
    for entry in OS_VERSIONS[platform]:
        expected = None if entry.get("note") in nameless else platform
        named = platform_named_by(entry["os_version"])
        assert named == ("Astra Linux" if entry["os_version"].startswith("Astra") else expected)

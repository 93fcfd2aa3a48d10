"""`ims-catalog demo` as a newcomer meets it: a process, what it prints, and whether what it prints works."""

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

README = Path(__file__).parents[2] / "README.md"
COMMAND = Path(sys.executable).with_name("ims-catalog")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("IMS_CATALOG_")}
REAL = {"IMS_CATALOG_ENGINE__PATH": "real", "IMS_CATALOG_API__HOST": "0.0.0.0"}
"""Settings of a real installation, which made-up images must never reach."""


@dataclass
class Demo:
    folder: Path
    printed: str
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [COMMAND, "demo"],
        cwd=folder,
        env={**ENVIRONMENT, **REAL},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    while "3." not in printed or not printed.endswith("\n\n"):
        line = process.stdout.readline()
        assert line, f"it ended: {printed}"
        printed += line
    yield Demo(folder, printed, process)
    process.send_signal(signal.SIGINT)
    process.stdout.close()
    assert process.wait(30) == 0


def fetch(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url) as answer:
        found: dict[str, object] = orjson.loads(answer.read())
    return found


def test_it_says_what_it_crawled_and_where_it_answers(demo: Demo) -> None:
    assert re.search(r"published: [\d,]+ images in var/demo", demo.printed)
    assert re.search(r"answers on http://127\.0\.0\.1:\d+", demo.printed)


def test_it_leaves_a_real_catalogue_alone(demo: Demo) -> None:
    assert not (demo.folder / "real").exists()
    assert (demo.folder / "var/demo/served.json").exists()
    assert (demo.folder / "var/demo").stat().st_mode & 0o077 == 0


def test_the_addresses_to_try_answer(demo: Demo) -> None:
    urls = re.findall(r"curl '([^']+)'", demo.printed)
    assert len(urls) == 2
    question, counts = map(fetch, urls)
    assert question["images"]
    assert isinstance(counts["facets"], dict)
    assert set(counts["facets"]) == {"platform", "firmware", "image_type", "region"}


def test_the_command_to_try_answers(demo: Demo) -> None:
    line = next(line.strip() for line in demo.printed.splitlines() if "ims-catalog search" in line)
    setting, _, *arguments = shlex.split(line)
    name, value = setting.split("=")
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=demo.folder,
        env={**ENVIRONMENT, name: value, "COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Read as: images for" in done.stdout
    assert "Ubuntu" in done.stdout
    assert done.stderr == ""


def test_the_readme_shows_a_real_answer(demo: Demo) -> None:
    shown = re.search(r"```console\n\$ (.* search .*)\n((?:.*\n)+?)```", README.read_text("utf-8"))
    assert shown is not None
    setting, _, *arguments = shlex.split(shown[1])
    name, value = setting.split("=")
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=demo.folder,
        env={**ENVIRONMENT, name: value, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert lines(done.stdout) == lines(shown[2])


def lines(text: str) -> list[str]:
    """Lines of an answer but for the one that says when it was crawled."""
    return [line.rstrip() for line in text.strip().splitlines() if not line.startswith("As of ")]


def test_the_mission_sentence_gives_exactly_what_the_cloud_has(demo: Demo) -> None:
    """KVM GPU (T4 included), Ubuntu, 64-bit, UEFI, usable: told from the records as the cloud sent them."""
    base = re.findall(r"curl '(http://[^/]+)", demo.printed)[0]
    expected = set()
    for image in all_images(base):
        raw = fetch(f"{base}/v1/images/{image['id']}/raw?region={image['region']}")
        if is_wanted(raw):
            expected.add((image["region"], image["id"]))
    asked = "KVM+GPU+images+for+64-bit+Ubuntu+with+UEFI"
    answer = fetch(f"{base}/v1/images?q={asked}&limit=1000")
    found = answer["images"]
    assert isinstance(found, list)
    assert {(image["region"], image["id"]) for image in found} == expected
    assert any(image.get("support_gpu_t4") for image in found)
    assert any(image.get("support_kvm_gpu_type") for image in found)


def all_images(base: str) -> Iterator[dict[str, object]]:
    """Walk over every image by cursor, usable or not."""
    cursor = ""
    while True:
        asked = f"{base}/v1/images?limit=500&usable=exists:true&fields=id,region"
        page = fetch(asked + (f"&cursor={cursor}" if cursor else ""))
        assert isinstance(page["images"], list)
        yield from page["images"]
        if page["next"] is None:
            return
        cursor = str(page["next"])


def is_wanted(raw: dict[str, object]) -> bool:
    gpu = raw.get("__support_kvm_gpu_type") or str(raw.get("__support_gpu_t4")).lower() == "true"
    arm = str(raw.get("__support_arm")).lower() == "true"
    uefi = raw.get("hw_firmware_type") == "uefi" or (arm and not raw.get("hw_firmware_type"))
    return (
        bool(gpu)
        and raw.get("__platform") == "Ubuntu"
        and raw.get("__os_bit") == "64"
        and uefi
        and raw.get("status") == "active"
        and str(raw.get("__isregistered")).lower() != "false"
    )

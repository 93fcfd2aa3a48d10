"""Artifacts of Maven Central, each known by its sha256."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from filelock import FileLock

from tests.opensearch.unavailable import Unavailable, in_plain_words

PATIENCE = 900
"""Seconds for one download: 160 MB at 1.5 Mbit/s."""

PAUSES = (2.0, 10.0)
"""Seconds before the second and the third try: a download that was cut mostly succeeds later."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What to fetch: `group:artifact[:packaging[:classifier]]:version`, and the sha256 it must have."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in a folder of jars, as the repository has it."""
        _, name, *packaging, version = self.coordinate.split(":")
        classifier = f"-{packaging[1]}" if len(packaging) > 1 else ""
        return f"{name}-{version}{classifier}.{packaging[0] if packaging else 'jar'}"


def fetch(artifact: Artifact, folder: Path, *, pauses: Sequence[float] = PAUSES) -> Path:
    """The artifact's file in `folder`: the one that is there if it is whole, else a fetched one.

    Tried once more after each pause. Raises Unavailable if it cannot be fetched, or is not what its sha256
    says, and leaves nothing of it.
    """
    file = folder / artifact.file_name
    with (
        in_plain_words(f"{artifact.coordinate} could not be kept in {folder}"),
        FileLock(file.with_name(f"{file.name}.lock")),
    ):
        if not file.is_file() or _sha256(file) != artifact.sha256:
            part = file.with_name(f"{file.name}.part")
            try:
                _fetch(artifact, part, pauses)
                part.chmod(0o644)
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
    return file


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a try came to, and whether another one can come to more."""

    said: str
    final: bool = False


def _fetch(artifact: Artifact, part: Path, pauses: Sequence[float]) -> None:
    tries = 1
    while (failure := _download(artifact, part) or _unlike(artifact, part)) is not None:
        if failure.final or tries > len(pauses):
            what = f"{artifact.coordinate} could not be fetched from {_source()}"
            raise Unavailable(f"{what} (tries: {tries}): {failure.said}")
        time.sleep(pauses[tries - 1])
        tries += 1


def _download(artifact: Artifact, part: Path) -> _Failure | None:
    part.unlink(missing_ok=True)
    command = [sys.executable, "-m", "maven_artifact.main", *_mirror(), artifact.coordinate, str(part)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return _Failure(f"it was not there within {PATIENCE} s, {_size(part)} came", final=True)
    if done.returncode == 0 and part.is_file():
        return None
    # A stack trace, if it is one, ends with its cause.
    said = (done.stderr.strip() or done.stdout.strip() or "no reason was told").splitlines()[-1]
    refused = re.search(r"\b4(?!08|29)\d\d Client Error", said) is not None
    return _Failure(f"{_without_secrets(said)} ({_size(part)} came)", final=refused)


def _unlike(artifact: Artifact, part: Path) -> _Failure | None:
    found = _sha256(part)
    if found == artifact.sha256:
        return None
    return _Failure(
        f"its sha256 is {found}, expected is {artifact.sha256}; {_size(part)} came. "
        "It was cut on its way, or a proxy has answered in its place"
    )


def _size(part: Path) -> str:
    return f"{part.stat().st_size if part.is_file() else 0:,} bytes"


def _source() -> str:
    named = os.environ.get("MAVEN_REPOSITORY_URL")
    return f"MAVEN_REPOSITORY_URL={_without_secrets(named)}" if named else "Maven Central"


def _mirror() -> list[str]:
    """A mirror of Maven Central, if MAVEN_REPOSITORY_URL names one; HTTPS_PROXY is obeyed anyway."""
    url = os.environ.get("MAVEN_REPOSITORY_URL")
    return ["--maven-repo", url] if url else []


def _without_secrets(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", text)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()

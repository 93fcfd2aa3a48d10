"""Artifacts of Maven Central, each known by its sha256."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from filelock import FileLock

from tests.opensearch.unavailable import Unavailable

PATIENCE = 900
"""Seconds for one download: 160 MB at 1.5 Mbit/s."""


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


def fetch(artifact: Artifact, folder: Path) -> Path:
    """The artifact's file in `folder`: the one that is there if it is whole, else a fetched one.

    Raises Unavailable if it cannot be fetched, or is not what its sha256 says.
    """
    file = folder / artifact.file_name
    with FileLock(file.with_name(f"{file.name}.lock")):
        if not file.is_file() or _sha256(file) != artifact.sha256:
            part = file.with_name(f"{file.name}.part")
            part.unlink(missing_ok=True)
            _download(artifact, part)
            found = _sha256(part)
            if found != artifact.sha256:
                part.unlink()
                raise Unavailable(
                    f"{artifact.coordinate} was fetched and refused: its sha256 is {found}, "
                    f"expected is {artifact.sha256}. A proxy may have answered in its place."
                )
            part.chmod(0o644)
            part.replace(file)
    return file


def _download(artifact: Artifact, part: Path) -> None:
    command = [sys.executable, "-m", "maven_artifact.main", *_mirror(), artifact.coordinate, str(part)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{artifact.coordinate} could not be fetched within {PATIENCE} s.") from error
    if done.returncode != 0 or not part.is_file():
        said = re.sub(r"//[^/@\s]*@", "//", (done.stdout + done.stderr).strip())
        raise Unavailable(f"{artifact.coordinate} could not be fetched from Maven Central:\n{said}")


def _mirror() -> list[str]:
    """A mirror of Maven Central, if MAVEN_REPOSITORY_URL names one; HTTPS_PROXY is obeyed anyway."""
    url = os.environ.get("MAVEN_REPOSITORY_URL")
    return ["--maven-repo", url] if url else []


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()

"""The virtual environment of Keystone and Glance, and their data bases as they are before the first request.

Both are made once and kept: an environment takes a minute, the data bases take half of one.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.opensearch.cache import cache_folder, made_once
from tests.opensearch.unavailable import Unavailable
from tests.openstack.configuration import KEYSTONE, PASSWORD, PLACEHOLDER, configure
from tests.openstack.missing import Missing

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
_PATIENCE = 600


def environment() -> Path:
    """The folder of the environment, installed if it is not there yet. Raises Missing."""
    return _kept("environment", CONSTRAINTS.read_bytes() + sys.version.encode(), _install)


def prepared() -> Path:
    """The folder of the prepared data bases and keys. Raises Missing."""
    installed = environment()
    made_by = CONSTRAINTS.read_bytes() + Path(__file__).read_bytes() + KEYSTONE.encode() + PASSWORD.encode()
    return _kept("prepared", made_by, lambda half: _prepare(half, installed))


def _kept(name: str, made_by: bytes, make: Callable[[Path], None]) -> Path:
    try:
        folder = cache_folder(None, "openstack") / f"{name}-{hashlib.sha256(made_by).hexdigest()[:12]}"
        return made_once(folder, make)
    except Unavailable as error:
        raise Missing(error.what) from None


def _install(half: Path) -> None:
    _run(sys.executable, "-m", "venv", "--without-pip", str(half))
    pip = ("-m", "pip", "--python", str(half / "bin" / "python"), "--disable-pip-version-check")
    # Every distribution is named, so there is nothing to resolve; what is imported is compiled then.
    _run(sys.executable, *pip, "install", "--quiet", "--no-deps", "--no-compile", "-r", str(CONSTRAINTS))


def _prepare(half: Path, installed: Path) -> None:
    configure(half, installed, PLACEHOLDER)
    python = str(installed / "bin" / "python")
    # Not the script of that name: its first line names the folder that the environment was made in.
    manage = "from keystone.cmd.manage import main; main()"
    keystone = (python, "-c", manage, "--config-file", str(half / "keystone.conf"))
    me = (str(os.getuid()), str(os.getgid()))
    keys = ("--keystone-user", me[0], "--keystone-group", me[1])
    _run(*keystone, "db_sync")
    _run(*keystone, "fernet_setup", *keys)
    _run(*keystone, "credential_setup", *keys)
    bootstrap = ("--bootstrap-password", PASSWORD, "--bootstrap-region-id", "home")
    _run(*keystone, "bootstrap", *bootstrap, "--bootstrap-public-url", f"{PLACEHOLDER}/v3")
    _run(python, "-m", "glance.cmd.manage", "--config-file", str(half / "glance-api.conf"), "db_sync")
    for made in ("keystone.db", "glance.db"):
        if not (half / made).is_file():
            raise Missing(f"{made} was not made, though all steps to it ended well")


def _run(*command: str) -> None:
    """Run a step; raises Missing with the end of what it said if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False, cwd="/"
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"{command[0]} could not be run: {error}") from None
    if done.returncode != 0:
        said = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-15:])
        raise Missing(f"{' '.join(command[:4])} ... ended with {done.returncode}:\n{said}")

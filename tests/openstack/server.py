"""The two services: started, waited for, stopped."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from tests.opensearch import keeper
from tests.openstack import pair
from tests.openstack.configuration import PLACEHOLDER, Addresses, configure
from tests.openstack.environment import environment, prepared
from tests.openstack.missing import Missing

START = 110
"""Seconds for both to answer; it takes 10 to 30 on two busy cores."""

GRACE = 20
"""Seconds for both to end by themselves before they are killed; it takes one."""


@contextmanager
def running() -> Iterator[Addresses]:
    """Both services for the length of a `with`. Raises Missing if they cannot be started."""
    folder = new_folder()
    lifeline = hold(folder)
    try:
        start(folder)
        yield answering(folder)
    finally:
        let_go(lifeline, folder)


def new_folder() -> Path:
    """A new temporary folder."""
    try:
        return Path(tempfile.mkdtemp(prefix="ims-catalog-openstack-"))
    except OSError as error:
        raise Missing(f"No temporary folder could be made: {error.strerror}") from None


def hold(folder: Path) -> int:
    """Take the lifeline of the services in `folder`: the descriptor to close when nobody needs them."""
    descriptor = os.open(folder / "lifeline", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def start(folder: Path) -> None:
    """Start the services in `folder`, whose lifeline somebody holds; do not wait until they answer."""
    installed, ready = environment(), prepared()
    place = folder / "node"
    try:
        shutil.copytree(ready, place)
        configure(place, installed, PLACEHOLDER)
        errand = pair.Errand(
            python=str(installed / "bin" / "python"), folder=str(place), placeholder=PLACEHOLDER
        )
        order = keeper.Order(
            node=str(place),
            lifeline=str(folder / "lifeline"),
            command=[sys.executable, "-I", pair.__file__, json.dumps(errand)],
            folder=str(place),
            environment={"PATH": os.defpath, "HOME": str(place), "LANG": "C.UTF-8"},
            grace=GRACE,
        )
        subprocess.run([sys.executable, "-I", keeper.__file__, json.dumps(order)], check=True, cwd="/")
    except (OSError, shutil.Error, subprocess.SubprocessError) as error:
        raise Missing(f"Keystone and Glance could not be started: {error}") from None


def answering(folder: Path) -> Addresses:
    """Where the services of `folder` answer, as soon as both do. Raises Missing if they do not in time."""
    place = folder / "node"
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if (place / "ended").exists():
            code = (place / "ended").read_text()
            raise Missing(f"Keystone or Glance ended while they started ({code}).{_last_lines(place)}")
        if (place / "addresses").exists():
            addresses = Addresses(**json.loads((place / "addresses").read_text()))
            if _answers(f"{addresses.keystone}/v3") and _answers(f"{addresses.glance}/versions"):
                return addresses
        time.sleep(0.1)
    raise Missing(f"Keystone and Glance did not answer within {START} s.{_last_lines(place)}")


def let_go(lifeline: int, folder: Path) -> None:
    """Let go of the lifeline, wait until the services are gone, and remove the folder."""
    os.close(lifeline)
    deadline = time.monotonic() + GRACE + 10
    while (folder / "node").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        with _opener.open(url, timeout=START) as answer:
            return bool(answer.status == 200)
    except HTTPError as refusal:
        refusal.close()
        return False
    except (OSError, HTTPException):
        return False


def _last_lines(place: Path, count: int = 15) -> str:
    log = place / "node.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\nThe last lines of their log:\n" + "\n".join(
        f"  {line}" for line in lines[-count:] or ["(none)"]
    )


_opener = build_opener(ProxyHandler({}))

"""One node: started, waited for, stopped."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.opensearch import keeper
from tests.opensearch.account import Account, server_account
from tests.opensearch.cache import cache_folder
from tests.opensearch.distribution import distribution
from tests.opensearch.health import answers
from tests.opensearch.older import older
from tests.opensearch.place import Place, Setting, furnish
from tests.opensearch.server import Launch, Server
from tests.opensearch.unavailable import Unavailable, in_plain_words

START = 100
"""Seconds for a node to come up; it takes 12 to 25 on two busy cores."""

GRACE = 20
"""Seconds for a node to end by itself before it is killed; it takes one."""

RELEASES: Mapping[str, Callable[[Account | None, Path], Server]] = {
    "3.8": distribution,
    "2.19": older,
}
HEAP = "512m"


@dataclass(frozen=True, slots=True)
class Node:
    """A running node: where it answers, its process, and its log."""

    url: str
    pid: int
    log: Path


@contextmanager
def running(
    settings: Mapping[str, Setting] | None = None, *, release: str | None = None, heap: str = HEAP
) -> Iterator[Node]:
    """A node of one's own for the length of a `with`.

    `settings` go into opensearch.yml over the defaults; `release` is "3.8" or "2.19", else that of the
    environment variable OPENSEARCH_VERSION. Raises Unavailable if it cannot be started.
    """
    folder = node_folder()
    lifeline = hold(folder)
    try:
        yield start(folder, settings or {}, release or wanted_release(), heap)
    finally:
        let_go(lifeline, folder)


def wanted_release() -> str:
    """What OPENSEARCH_VERSION names, "3.8" if it names nothing."""
    release = os.environ.get("OPENSEARCH_VERSION") or "3.8"
    if release not in RELEASES:
        raise Unavailable(f"OPENSEARCH_VERSION={release} is unknown; known are {', '.join(RELEASES)}.")
    return release


def fetch_only(release: str) -> None:
    """Make ready what a node of that release needs, and start none."""
    _made_ready(release, server_account())


def node_folder() -> Path:
    """A new temporary folder that the server's account may pass."""
    with in_plain_words("No temporary folder could be made"):
        folder = Path(tempfile.mkdtemp(prefix="ims-catalog-opensearch-"))
    folder.chmod(0o711)
    return folder


def hold(folder: Path) -> int:
    """Take the lifeline of the node in `folder`: the descriptor to close when nobody needs the node."""
    descriptor = os.open(folder / "lifeline", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def start(folder: Path, settings: Mapping[str, Setting], release: str, heap: str) -> Node:
    """Start a node in `folder`, whose lifeline somebody holds, and wait until it answers."""
    return wait_until(answers, begin(folder, settings, release, heap), START)


def begin(folder: Path, settings: Mapping[str, Setting], release: str, heap: str) -> Place:
    """Start a node as `start` does, and wait for nothing. It finds what a node before it stored there."""
    account = server_account()
    server = _made_ready(release, account)
    with in_plain_words("OpenSearch could not be started"):
        place = furnish(folder / "node", settings, account)
        order = _order(place, folder / "lifeline", server.launch(place, heap), account)
        subprocess.run([sys.executable, "-I", keeper.__file__, json.dumps(order)], check=True, cwd="/")
    return place


def let_go(lifeline: int, folder: Path) -> None:
    """Let go of the lifeline, wait until the node is gone, and remove the folder."""
    os.close(lifeline)
    remove(folder)


def remove(folder: Path) -> None:
    """Wait until the node in `folder` is gone, whose lifeline was let go, and remove the folder."""
    deadline = time.monotonic() + GRACE + 10
    while (folder / "node").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def _made_ready(release: str, account: Account | None) -> Server:
    with in_plain_words(f"OpenSearch {release} could not be made ready"):
        return RELEASES[release](account, cache_folder(account))


def _order(place: Place, lifeline: Path, launch: Launch, account: Account | None) -> keeper.Order:
    order = keeper.Order(
        node=str(place.folder),
        lifeline=str(lifeline),
        command=list(launch.command),
        folder=str(launch.folder),
        environment={"PATH": os.defpath, "HOME": str(place.folder), "LANG": "C.UTF-8"},
        grace=GRACE,
    )
    if account:
        order["uid"], order["gid"] = account.uid, account.gid
    return order


def wait_until(reached: Callable[[str], bool], place: Place, seconds: float) -> Node:
    """Wait until what the node's address is given to holds. Raises Unavailable if the node ends, or after so
    long.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if place.ended.exists():
            raise Unavailable(
                f"OpenSearch ended while it started ({place.ended.read_text()}).{_last_lines(place)}"
            )
        if not place.folder.exists():
            raise Unavailable(f"OpenSearch was given up: {place.folder} could not be written to. Is it full?")
        url = _url(place)
        if url and reached(url):
            return Node(url, int(place.pid.read_text()), place.log)
        time.sleep(0.1)
    raise Unavailable(f"OpenSearch was not up after {seconds:g} s.{_last_lines(place)}")


def _url(place: Place) -> str | None:
    if not place.ports.exists():
        return None
    return next(
        (
            f"http://{address}"
            for address in place.ports.read_text().split()
            if address.startswith("127.0.0.1:")
        ),
        None,
    )


def _last_lines(place: Place, count: int = 15) -> str:
    """The end of the node's log under a heading, less its stack traces and the log files that it names, as
    these go with the node.
    """
    lines = place.log.read_text(errors="replace").splitlines() if place.log.exists() else []
    telling = [line for line in lines if not _UNTELLING.match(line)]
    return "\nThe last lines of its log:\n" + "\n".join(
        f"  {line}" for line in telling[-count:] or ["(none)"]
    )


_UNTELLING = re.compile(r"\s+(at |\.\.\. \d+ more)|ERROR: OpenSearch did not exit normally")

"""Keeps one node alive as long as somebody needs it, and not longer.

Run as a program of its own, with the node's folder, the lifeline, and what to start. Whoever needs the node
holds a lock on the lifeline; the system lets go of it when that process ends, however it ends. So a
node outlives neither its test run nor an interrupted or killed one, nor, on Linux, a killed keeper. It
imports nothing of the project.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NotRequired, TypedDict

PR_SET_PDEATHSIG = 1
"""As in Linux's <sys/prctl.h>: the signal that comes when the thread that started the process ends."""


class Order(TypedDict):
    """What is to be kept: folders as text, the command, its environment, and the user to run it as.

    `grace` is the time in seconds for the node to end by itself before it is killed.
    """

    node: str
    lifeline: str
    command: list[str]
    folder: str
    environment: dict[str, str]
    grace: float
    uid: NotRequired[int]
    gid: NotRequired[int]


def keep(order: Order) -> None:
    """Start the node, wait until the lifeline is let go, end the node, remove the folder of both.

    Where nothing can be written any more the node is ended at once, and its folder removed: that tells.
    """
    place, lifeline = Path(order["node"]), Path(order["lifeline"])
    try:
        try:
            _keep_node(order, place, lifeline)
        except OSError:
            shutil.rmtree(place, ignore_errors=True)
        _wait_for(lifeline)
    finally:
        shutil.rmtree(lifeline.parent, ignore_errors=True)


def _keep_node(order: Order, place: Path, lifeline: Path) -> None:
    _write(place / "keeper", str(os.getpid()))
    try:
        node = _start(order, place)
    except OSError as error:
        _write(place / "ended", f"not started: {error}")
        return
    try:
        threading.Thread(target=_note_end, args=(node, place), daemon=True).start()
        _write(place / "pid", str(node.pid))
        _wait_for(lifeline)
    finally:
        _end(node, order["grace"])


def _start(order: Order, place: Path) -> subprocess.Popen[bytes]:
    uid = order.get("uid")
    with (place / "node.log").open("ab") as log:
        return subprocess.Popen(
            order["command"],
            cwd=order["folder"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=uid,
            group=order.get("gid"),
            extra_groups=[] if uid is not None else None,
            # Safe: no other thread runs yet that could hold a lock in the child.
            preexec_fn=partial(_die_with, os.getpid(), _prctl()),  # noqa: PLW1509
        )


def _prctl() -> Callable[[int, int], int] | None:
    """The call by which Linux is asked for a signal; other systems have none."""
    found = getattr(ctypes.CDLL(None), "prctl", None)
    return found if sys.platform == "linux" else None


def _die_with(parent: int, prctl: Callable[[int, int], int] | None) -> None:
    """Have the system kill this process as soon as its parent is gone, however that ended."""
    if prctl:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def _note_end(node: subprocess.Popen[bytes], place: Path) -> None:
    code = node.wait()
    with suppress(OSError):
        _write(place / "ended", str(code))


def _wait_for(lifeline: Path) -> None:
    with suppress(FileNotFoundError), lifeline.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)


def _end(node: subprocess.Popen[bytes], grace: float) -> None:
    node.terminate()
    try:
        node.wait(grace)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()


def _write(file: Path, text: str) -> None:
    """Whole or not at all: somebody is reading."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text)
    part.replace(file)


if __name__ == "__main__":
    if os.fork() == 0:
        os.setsid()
        # A keeper that is asked to end ends its node too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        keep(json.loads(sys.argv[1]))

"""Keeps one node alive as long as somebody needs it, and not longer.

Run as a program of its own, with the node's folder, the lifeline, and what to start. Whoever needs the node
holds a lock on the lifeline; the system lets go of it when that process ends, however it ends. So a
node outlives neither its test run nor an interrupted or killed one. It imports nothing of the project.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NotRequired, TypedDict


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
    """Start the node, wait until the lifeline is let go, end the node, remove the folder of both."""
    place, lifeline = Path(order["node"]), Path(order["lifeline"])
    node = None
    try:
        node = _start(order, place)
        _write(place / "pid", str(node.pid))
        threading.Thread(target=_note_end, args=(node, place), daemon=True).start()
    except OSError as error:
        _write(place / "ended", f"not started: {error}")
    _wait_for(lifeline)
    if node:
        _end(node, order["grace"])
    shutil.rmtree(lifeline.parent, ignore_errors=True)


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
        )


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
        keep(json.loads(sys.argv[1]))

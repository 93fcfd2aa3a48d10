"""Runs Keystone and Glance side by side until one of them ends, or until it is told to end.

Run as a program of its own, with an `Errand` as JSON. It opens the sockets itself, so that the addresses are
known before anything answers and no port is guessed; what is asked too early waits in them. It imports
nothing of the project.
"""

import ctypes
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypedDict

PR_SET_PDEATHSIG = 1
"""As in Linux's <sys/prctl.h>: the signal that comes when the thread that started the process ends."""

GUNICORN = (
    "--workers 1 --threads 4 --worker-class gthread --timeout 120 --no-control-socket --log-level warning"
)


class Errand(TypedDict):
    """The Python of both services, the folder of their configurations and data, and what stands there for
    the address of Keystone.
    """

    python: str
    folder: str
    placeholder: str


def run(errand: Errand) -> int:
    """Serve; give the exit code of the service that ended first."""
    folder = Path(errand["folder"])
    keystone, glance = _listening(), _listening()
    addresses = {"keystone": _address(keystone), "glance": _address(glance)}
    _write_in(folder, errand["placeholder"], addresses["keystone"])
    services = [
        _serve(errand["python"], folder, "keystone", keystone),
        _serve(errand["python"], folder, "glance", glance),
    ]
    signal.signal(signal.SIGTERM, partial(_end, services))
    _tell(folder / "addresses", json.dumps(addresses))
    ended, status = os.wait()
    for service in services:
        if service.pid != ended:
            service.terminate()
            service.wait()
    return os.waitstatus_to_exitcode(status)


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=256)


def _address(opened: socket.socket) -> str:
    return f"http://127.0.0.1:{opened.getsockname()[1]}"


def _write_in(folder: Path, placeholder: str, keystone: str) -> None:
    """Put the address in where the placeholder stands: in Glance's configuration, in Keystone's catalogue."""
    configuration = folder / "glance-api.conf"
    configuration.write_text(configuration.read_text().replace(placeholder, keystone))
    with closing(sqlite3.connect(folder / "keystone.db")) as database, database:
        database.execute("UPDATE endpoint SET url = replace(url, ?, ?)", (placeholder, keystone))


def _serve(python: str, folder: Path, name: str, opened: socket.socket) -> "subprocess.Popen[bytes]":
    descriptor = opened.fileno()
    return subprocess.Popen(
        [python, "-m", "gunicorn"],
        cwd=folder,
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            f"OS_{name.upper()}_CONFIG_DIR": str(folder),
            # Not on the command line: Keystone reads that one too.
            "GUNICORN_CMD_ARGS": f"--config {folder}/gunicorn-{name}.py --bind fd://{descriptor} {GUNICORN}",
        },
        stdin=subprocess.DEVNULL,
        pass_fds=(descriptor,),
        # Safe: no other thread runs that could hold a lock in the child.
        preexec_fn=partial(_die_with, os.getpid()),  # noqa: PLW1509
    )


def _die_with(parent: int) -> None:
    """Have the system end this process as soon as its parent is gone; only Linux can."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None and sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def _end(services: "list[subprocess.Popen[bytes]]", *_: object) -> None:
    for service in services:
        service.terminate()


def _tell(file: Path, text: str) -> None:
    """Whole or not at all: somebody is reading."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text)
    part.replace(file)


if __name__ == "__main__":
    sys.exit(run(json.loads(sys.argv[1])))

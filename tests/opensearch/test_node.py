"""The real server: started, obeyed, stopped; and one that cannot start."""

import json
import os
from pathlib import Path

import pytest

from tests.opensearch.direct import ask
from tests.opensearch.node import running, wanted_release
from tests.opensearch.unavailable import Unavailable

pytestmark = pytest.mark.usefixtures("opensearch_url")

MAPPING = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0, "hidden": True},
    "mappings": {"dynamic": "strict", "properties": {"words": {"type": "text", "analyzer": "whitespace"}}},
}


def test_node_of_ones_own() -> None:
    with running({"thread_pool.write.queue_size": 7}) as node:
        version = ask(node.url)["version"]
        assert isinstance(version, dict)
        assert version["number"].startswith(f"{wanted_release()}.")
        assert "opensearch" in Path(f"/proc/{node.pid}/cmdline").read_text()
        assert ask(f"{node.url}/one", "PUT", MAPPING)["acknowledged"] is True
        assert '"queue_size":7' in json.dumps(ask(f"{node.url}/_nodes/thread_pool"), separators=(",", ":"))
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
    version = ask(opensearch_url)["version"]
    assert isinstance(version, dict)
    assert "OPENSEARCH_URL" in os.environ or version["number"].startswith(f"{wanted_release()}.")

"""Clusters whose nodes are killed, and an account with a catalogue on them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import start_sandbox
from tests.node_deaths.account import Account
from tests.opensearch.several import Nodes, several
from tests.opensearch.unavailable import Unavailable

ESTATE = draw_estate(images=1_500, seed=19, regions=1, projects=3)


@pytest.fixture(scope="session")
def three_nodes() -> Iterator[Nodes]:
    """Three nodes, of which each may manage the cluster and holds data."""
    yield from running(3)


@pytest.fixture(scope="session")
def single_node() -> Iterator[Nodes]:
    """A cluster that has no other node to go on with."""
    yield from running(1)


@pytest.fixture
async def account(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Account]:
    """An account whose catalogue is on the nodes that the test names, all of them alive and well."""
    nodes: Nodes = request.getfixturevalue(request.param)
    async with await start_sandbox(ESTATE) as sandbox:
        monkeypatch.setenv("HUAWEICLOUD_SDK_AK", sandbox.access_key)
        monkeypatch.setenv("HUAWEICLOUD_SDK_SK", sandbox.secret_key)
        one = Account(sandbox, nodes, tmp_path)
        await one.whole_cluster()
        try:
            yield one
        finally:
            await one.remove()


def running(count: int) -> Iterator[Nodes]:
    try:
        with several(count) as nodes:
            yield nodes
    except Unavailable as error:
        refusal = str(error)
    else:
        return
    pytest.fail(refusal, pytrace=False)

"""What every test may ask for."""

import re
from contextlib import ExitStack

import pytest

from tests.opensearch.shared import make_ready, required_url, shared_node
from tests.openstack.shared import begin, shared_services

RUN = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that steers the run, and not its workers, holds the run's servers."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = ExitStack()
        config.stash[RUN].enter_context(shared_node())
        config.stash[RUN].enter_context(shared_services())


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        config.stash[RUN].close()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch servers before the first test begins: the time that a test may take is not for that.

    Keystone and Glance are begun here and need not be waited for.
    """
    if session.config.option.collectonly:
        return
    if any(map(asks_openstack, session.items)):
        begin()
    if any(map(asks_opensearch, session.items)):
        make_ready()


def asks_opensearch(item: pytest.Item) -> bool:
    """Tell whether a test has the fixture of the server, or a parameter that names OpenSearch."""
    if not isinstance(item, pytest.Function):
        return False
    parameters = re.split(r"[^a-z]+", item.callspec.id) if hasattr(item, "callspec") else []
    return "opensearch_url" in item.fixturenames or "opensearch" in parameters


def asks_openstack(item: pytest.Item) -> bool:
    """Tell whether a test has the fixture of Keystone and Glance."""
    return isinstance(item, pytest.Function) and "whole_stack" in item.fixturenames


@pytest.fixture(scope="session")
def opensearch_url() -> str:
    """A real OpenSearch, one for all tests of a run; a run that cannot have one fails and says how to."""
    return required_url()

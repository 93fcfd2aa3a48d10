"""What every test may ask for."""

import re
from contextlib import ExitStack
from importlib import import_module

import pytest

from tests import suite_times
from tests.opensearch.shared import make_ready, required_url, shared_node
from tests.openstack.shared import begin, shared_services

RUN = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that steers the run, and not its workers, holds the run's servers and tells the times."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = ExitStack()
        config.stash[RUN].enter_context(shared_node())
        config.stash[RUN].enter_context(shared_services())
        config.pluginmanager.register(suite_times)


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        config.stash[RUN].close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Give all tests of one cloud to one worker, as Glance on SQLite refuses writers that come together; and
    those whose clusters die, as two of them at once are too many.

    The mark that xdist has for that is without effect since pytest 9.2, whose ids xdist 3.8 cannot change.
    """
    if config.getoption("dist") != "loadgroup":
        return None
    scheduler = import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduler._split_scope = group_of
    made: object = scheduler
    return made


def group_of(nodeid: str) -> str:
    """Name what stays together; most tests stand alone."""
    suite = nodeid.split("/")[1]
    return suite if suite in {"openstack", "node_deaths"} else nodeid


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
    """Tell whether a test has the fixture of a server, or a parameter that names OpenSearch."""
    if not isinstance(item, pytest.Function):
        return False
    parameters = re.split(r"[^a-z]+", item.callspec.id) if hasattr(item, "callspec") else []
    asking = {"opensearch_url", "three_nodes", "single_node"} & set(item.fixturenames)
    return bool(asking) or "opensearch" in parameters


def asks_openstack(item: pytest.Item) -> bool:
    """Tell whether a test has the fixture of Keystone and Glance."""
    return isinstance(item, pytest.Function) and "whole_stack" in item.fixturenames


@pytest.fixture(scope="session")
def opensearch_url() -> str:
    """A real OpenSearch, one for all tests of a run; a run that cannot have one fails and says how to."""
    return required_url()

"""What every test may ask for."""

from contextlib import ExitStack

import pytest

from tests.opensearch.shared import shared_node, shared_url
from tests.opensearch.unavailable import Unavailable

RUN = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that steers the run, and not its workers, holds the run's OpenSearch."""
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = ExitStack()
        config.stash[RUN].enter_context(shared_node())


def pytest_unconfigure(config: pytest.Config) -> None:
    if RUN in config.stash:
        config.stash[RUN].close()


@pytest.fixture(scope="session")
def opensearch_url() -> str:
    """A real OpenSearch, one for all tests of a run; a run that cannot have one fails and says how to."""
    try:
        return shared_url()
    except Unavailable as error:
        refusal = str(error)
    pytest.fail(refusal, pytrace=False)

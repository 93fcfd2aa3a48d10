"""One server for a whole test run, however many processes share the run.

The process that steers the run opens a folder and holds the lifeline in it; the first process that needs the
server starts it there; it ends with the steering process.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import FileLock

from tests.opensearch.available import given_url
from tests.opensearch.node import HEAP, fetch_only, hold, let_go, node_folder, start, wanted_release
from tests.opensearch.unavailable import Unavailable

FOLDER = "OPENSEARCH_TESTS_NODE"
"""The environment variable that tells the processes of a run their folder."""


@contextmanager
def shared_node() -> Iterator[None]:
    """Make one server available to this process and its children; it is started only when one asks for it."""
    folder = node_folder()
    outer = os.environ.get(FOLDER)
    lifeline = hold(folder)
    os.environ[FOLDER] = str(folder)
    try:
        yield
    finally:
        if outer is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = outer
        let_go(lifeline, folder)


def required_url() -> str:
    """`shared_url` for a test: where there is none the test fails in plain words, without a stack trace."""
    try:
        return shared_url()
    except Unavailable as error:
        refusal = str(error)
    pytest.fail(refusal, pytrace=False)


def shared_url() -> str:
    """The URL of the run's server: OPENSEARCH_URL, or a node that the first call of the run starts.

    Raises Unavailable, in every process of the run alike, if there is none to be had; only the first has to
    wait for that.
    """
    with _by_turns() as folder:
        url = folder / "url"
        if not url.exists():
            url.write_text(given_url() or start(folder, {}, wanted_release(), HEAP).url)
        return url.read_text()


def make_ready() -> None:
    """Fetch what `shared_url` needs, so that no test has to wait for it; that one tells what failed."""
    with suppress(Unavailable), _by_turns() as folder:
        url = folder / "url"
        if not url.exists():
            given = given_url()
            if given:
                url.write_text(given)
            else:
                fetch_only(wanted_release())


@contextmanager
def _by_turns() -> Iterator[Path]:
    """The folder of the run, to one process at a time; once something has failed in it, to none any more."""
    folder = Path(os.environ[FOLDER])
    refusal = folder / "refusal"
    with FileLock(folder / "start.lock"):
        if refusal.exists():
            raise Unavailable(refusal.read_text())
        try:
            yield folder
        except BaseException as error:
            with suppress(OSError):
                refusal.write_text(
                    error.what if isinstance(error, Unavailable) else f"Not started: {error!r}"
                )
            raise

"""One server for a whole test run, however many processes share the run.

The process that steers the run opens a folder and holds the lifeline in it; the first process that needs the
server starts it there; it ends with the steering process.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tests.opensearch.available import given_url
from tests.opensearch.node import HEAP, hold, let_go, node_folder, start, wanted_release
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


def shared_url() -> str:
    """The URL of the run's server: OPENSEARCH_URL, or a node that the first call of the run starts.

    Raises Unavailable, in every process of the run alike, if there is none to be had.
    """
    given = given_url()
    if given:
        return given
    folder = Path(os.environ[FOLDER])
    url, refusal = folder / "url", folder / "refusal"
    with FileLock(folder / "start.lock"):
        if refusal.exists():
            raise Unavailable(refusal.read_text())
        if not url.exists():
            try:
                url.write_text(start(folder, {}, wanted_release(), HEAP).url)
            except BaseException as error:
                refusal.write_text(
                    error.what if isinstance(error, Unavailable) else f"Not started: {error!r}"
                )
                raise
        return url.read_text()

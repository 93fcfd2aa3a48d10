"""One pair of services for a whole test run, however many processes share the run.

The process that steers the run opens a folder and holds the lifeline in it; the first process that will need
the services starts them there and goes on; whoever needs them then waits until they answer.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import FileLock

from tests.openstack.configuration import Addresses
from tests.openstack.missing import Missing
from tests.openstack.server import answering, hold, let_go, new_folder, start

FOLDER = "OPENSTACK_TESTS_FOLDER"
"""The environment variable that tells the processes of a run their folder."""


@contextmanager
def shared_services() -> Iterator[None]:
    """Make the services available to this process and its children; they start only when one asks."""
    folder = new_folder()
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


def begin() -> None:
    """Have the services start, installed if need be; what goes wrong is told by `required_addresses`."""
    with suppress(Missing):
        _started()


def required_addresses() -> Addresses:
    """Where the services answer; where there are none the test fails in plain words."""
    try:
        return answering(_started())
    except Missing as error:
        refusal = str(error)
    pytest.fail(refusal, pytrace=False)


def _started() -> Path:
    """The folder of the run with the services started in it; once that has failed, it fails for all."""
    folder = Path(os.environ[FOLDER])
    started, refusal = folder / "started", folder / "refusal"
    with FileLock(folder / "start.lock"):
        if refusal.exists():
            raise Missing(refusal.read_text())
        if not started.exists():
            try:
                start(folder)
            except Missing as error:
                refusal.write_text(error.what)
                raise
            started.touch()
    return folder

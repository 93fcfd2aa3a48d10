"""The cloud of these tests: one for all of a run, emptied after each test."""

from collections.abc import Iterator

import pytest

from tests.openstack.shared import required_addresses
from tests.openstack.stack import Project, Stack


@pytest.fixture(scope="session")
def whole_stack() -> Stack:
    """A real Keystone and Glance; a run that cannot have them fails and says how to."""
    return Stack(required_addresses())


@pytest.fixture(scope="session")
def projects(whole_stack: Stack) -> tuple[Project, Project, Project]:
    """Three projects with a user each: `us` is in the first two, `them` in the third alone."""
    ours, other, theirs = (whole_stack.project(name) for name in ("ours", "other", "theirs"))
    whole_stack.join(other, ours)
    return ours, other, theirs


@pytest.fixture
def stack(whole_stack: Stack) -> Iterator[Stack]:
    """The cloud without images."""
    with whole_stack.emptied() as emptied:
        yield emptied

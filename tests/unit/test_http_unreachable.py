"""A host that refuses connections, or that nobody knows, is no outage to be waited out."""

import socket
from collections.abc import Callable
from contextlib import closing

import pytest

from indexer.limits import Limits
from indexer.sources.failure import Failure
from tests.unit.test_http_client import ask

LIMITS = Limits(
    request_timeout=5.0,
    attempts=9,
    first_wait=0.001,
    longest_wait=0.002,
    probe_every=0.01,
    longest_outage=3600.0,
    unreachable_for=0.05,
)
"""Whoever waited out an outage would wait for an hour."""


def refused() -> str:
    """The address of a port at which nobody listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def unknown() -> str:
    """The address of a host that there never is (RFC 2606)."""
    return "http://ims.invalid"


@pytest.mark.parametrize(
    ("address", "said"),
    [(refused, "no connection could be made"), (unknown, "the host name is not known")],
)
async def test_it_is_given_up_soon(address: Callable[[], str], said: str) -> None:
    with pytest.raises(Failure, match=f"{said}.*has given no usable answer for") as caught:
        await ask(address(), limits=LIMITS)
    assert not caught.value.passing

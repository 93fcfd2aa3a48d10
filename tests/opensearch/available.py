"""A server in any case: the one that the environment names, else one started for the purpose."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.opensearch.health import answers
from tests.opensearch.node import HEAP, running
from tests.opensearch.unavailable import Unavailable

PATIENCE = 30
"""Seconds for a named server to answer: it may just be starting."""


@contextmanager
def available(*, heap: str = HEAP) -> Iterator[str]:
    """The URL of a server for the length of a `with`: OPENSEARCH_URL, or a node of one's own."""
    given = given_url()
    if given:
        yield given
    else:
        with running(heap=heap) as node:
            yield node.url


def given_url(patience: float = PATIENCE) -> str | None:
    """OPENSEARCH_URL without a slash at its end, or None if it is not set.

    Raises Unavailable if no healthy cluster answers there.
    """
    url = os.environ.get("OPENSEARCH_URL", "").rstrip("/")
    if not url:
        return None
    deadline = time.monotonic() + patience
    while not answers(url):
        if time.monotonic() > deadline:
            shown = re.sub(r"//[^/@]*@", "//", url)
            raise Unavailable(
                f"OPENSEARCH_URL={shown} is set, but no healthy OpenSearch answered there "
                f"within {patience:g} s. Without that variable one is started."
            )
        time.sleep(0.2)
    return url

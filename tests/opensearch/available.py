"""A server in any case: the one that the environment names, else one started for the purpose."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

from engines.opensearch.version import NEWEST_MAJOR, OLDEST
from tests.opensearch.direct import ask
from tests.opensearch.health import trouble
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

    Raises Unavailable if no healthy OpenSearch that the engine works on answers there, and at once if it is
    no address or holds a user name: who asks in the tests has none.
    """
    url = os.environ.get("OPENSEARCH_URL", "").rstrip("/")
    if not url:
        return None
    shown = "OPENSEARCH_URL=" + re.sub("^(https?://)?.*@", r"\1", url)
    _check_address(url, shown)
    deadline = time.monotonic() + patience
    while (why := trouble(url)) is not None:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{shown} is set, but no healthy OpenSearch answered there within {patience:g} s ({why}). "
                "Without that variable one is started."
            )
        time.sleep(0.2)
    _check_release(url, shown)
    return url


def _check_address(url: str, shown: str) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Unavailable(f"{shown} is no address: http://HOST:PORT is wanted.") from None
    if not whole or parts.query or parts.fragment:
        raise Unavailable(f"{shown} is no address: http://HOST:PORT is wanted.")
    if "@" in parts.netloc:
        raise Unavailable(
            f"{shown} is set with a user name or password; the tests ask without. "
            "Name a server that asks for none."
        )


def _check_release(url: str, shown: str) -> None:
    needed = f"needed is OpenSearch {'.'.join(map(str, OLDEST))} or {NEWEST_MAJOR}.x"
    try:
        version = ask(f"{url}/").get("version")
    except (HTTPError, OSError, HTTPException) as error:
        raise Unavailable(f"{shown} does not tell its version ({error}); {needed}.") from error
    told = version if isinstance(version, dict) else {}
    number = re.match(r"(\d{1,4})\.(\d{1,4})(?!\d)", str(told.get("number")))
    if told.get("distribution") != "opensearch" or number is None:
        raise Unavailable(f"{shown} is no OpenSearch ({told.get('number', 'no version')}); {needed}.")
    if not OLDEST <= (int(number[1]), int(number[2])) < (NEWEST_MAJOR + 1, 0):
        raise Unavailable(f"{shown} is OpenSearch {told['number']}; {needed}.")

"""Whether a cluster answers and has its primary shards."""

from base64 import b64encode
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener


def answers(url: str) -> bool:
    """Whether the cluster at `url`, which may carry a user and password, is yellow or green now."""
    parts = urlsplit(url)
    request = Request(
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}/_cluster/health"
        "?wait_for_status=yellow&timeout=1s"
    )
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {b64encode(secret.encode()).decode()}")
    try:
        with _opener.open(request, timeout=5):
            return True
    except HTTPError as refusal:
        refusal.close()
        return False
    except (OSError, HTTPException):
        return False


_opener = build_opener(ProxyHandler({}))
"""No proxy stands before a server on loopback."""

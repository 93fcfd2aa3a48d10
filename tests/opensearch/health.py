"""Whether a cluster answers and has its primary shards."""

from http.client import HTTPException
from urllib.error import HTTPError, URLError

from tests.opensearch.direct import ask


def answers(url: str) -> bool:
    """Whether the cluster at `url` is yellow or green now."""
    return trouble(url) is None


def trouble(url: str) -> str | None:
    """Why the cluster at `url` is not yellow or green now; None if it is."""
    try:
        ask(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s", timeout=5)
    except HTTPError as refusal:
        refusal.close()
        return f"HTTP {refusal.code} {refusal.reason}"
    except URLError as error:
        cause = error.reason
        return (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    return None

"""`Client`: asks an OpenSearch cluster, and says in plain words why it did not answer.

Importing this brings opensearch-py with it, which takes some 300 ms: only who uses OpenSearch imports it.
"""

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import orjson
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import ConnectionTimeout
from pydantic import SecretStr
from yarl import URL

from engines.base import EngineError, EngineTimeout, EngineUnavailable, TooCostly
from engines.costs import clauses_too_costly, values_too_costly
from engines.opensearch.connection import UNREACHED, Answered, Connection, Untouched
from engines.opensearch.transport import Transport, trusting

DEAD_SECONDS = 10.0
"""A host that took no connection or gave no answer is left alone for so long, while there are others, however
often that happens.
"""

ADMINISTRATION_SHARE = 0.8
"""Part of the time of a request in which the cluster must have begun to change an index, or leave it."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is and how it is asked: addresses of its hosts, the authority that signed their
    certificates (None: those that the system trusts), and seconds that a request may take.
    """

    urls: tuple[str, ...]
    ca_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    timeout: float = 10.0


class Refused(EngineError):
    """The cluster understood a request and said no.

    `kind` is the type of its error; `reason` may quote what was sent: it is for the program, not for a log.
    """

    def __init__(self, place: str, status: int, kind: str, reason: str) -> None:
        super().__init__(f"{place} was refused: HTTP {status} {kind}")
        self.status = status
        self.kind = kind
        self.reason = reason


class Busy(EngineUnavailable):
    """The cluster has too much to do; `retry_after` are the seconds that it asks to wait, if it says so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Forbidden(EngineUnavailable):
    """The security plugin lets this user not do what was asked."""


class Client:
    """Keeps connections to the hosts of a cluster, for one event loop.

    A question that reads goes on to the next host where one does not answer or has too much to do; all tries
    share the time of one, and the first leaves half of it to another host. What writes goes on to the next
    host where one takes no connection, and is sent once: after EngineTimeout and EngineUnavailable it may
    have been done all the same. (PUT and DELETE are sent anew where a host closed an idle connection in that
    moment, as every HTTP client does.)
    """

    def __init__(self, cluster: Cluster, *, connections: int = 16) -> None:
        """Raises EngineUnavailable for an address that is none, or a `ca_file` that cannot be read."""
        self.cluster = cluster
        self._tries = max(2, len(cluster.urls))
        self._transport = Transport(
            [_host(url) for url in cluster.urls],
            connection_class=Connection,
            serializer=Untouched(),
            serializers={"application/json": Untouched()},
            max_retries=0,
            retry_on_status=(),
            pool_maxsize=connections,
            timeout=cluster.timeout,
            headers=_headers(cluster),
            dead_timeout=DEAD_SECONDS,
            timeout_cutoff=0,
            ssl_context=trusting(cluster.ca_file) if _encrypted(cluster) else None,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | memoryview | None = None,
        params: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> object:
        """Send a request and give the JSON that comes back; `path` is what `quoted` made, `seconds` how long
        it may take with all its tries, if not as long as others. `body` must not change meanwhile.

        Not for HEAD. Raises EngineUnavailable (Busy for 429 and 503), EngineTimeout, and Refused for other
        answers of 4xx.
        """
        now = asyncio.get_running_loop().time
        left = self.cluster.timeout if seconds is None else seconds
        until = now() + left
        if administers(method, path):
            begun = f"{int(1000 * ADMINISTRATION_SHARE * left)}ms"
            params = {"cluster_manager_timeout": begun, **(params or {})}
        sent = _Sent(method, path, params, body)
        tried: list[Connection] = []
        following = await self._transport.untried(tried)
        while following is not None:
            tried.append(following)
            shared = sent.reads and len(tried) < self._tries and self._transport.others(tried)
            try:
                answered = await self._send(following, sent, left / 2 if shared else left)
                return _read(answered, self.cluster)
            except (Unreachable, Busy, EngineTimeout) as error:
                left = until - now()
                following = None if left <= 0 else await self._next(sent, tried, error)
                if following is None:
                    raise
        raise EngineUnavailable("there is no host to ask")

    async def _next(
        self, sent: "_Sent", tried: Sequence[Connection], error: EngineError
    ) -> Connection | None:
        """Choose who is asked next, None where nobody should be.

        A connection that broke may be a good one the next time; who is busy or slow is not asked again, and
        a cluster that says how long to wait is left alone.
        """
        if len(tried) >= self._tries or (isinstance(error, Busy) and error.retry_after is not None):
            return None
        if not sent.reads:
            return await self._transport.untried(tried) if isinstance(error, Unreached) else None
        following = await self._transport.untried(tried)
        return tried[-1] if following is None and isinstance(error, Unreachable) else following

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()
        # The transport forgets those of hosts that it holds for dead.
        for connection in self._transport.seed_connections:
            if isinstance(connection, Connection):
                await connection.close()

    async def _send(self, connection: Connection, sent: "_Sent", seconds: float) -> Answered:
        try:
            _, _, answered = await connection.perform_request(
                sent.method,
                sent.path,
                params=sent.params,
                body=sent.body,
                headers=_NDJSON if sent.path.endswith(("/_bulk", "/_msearch")) else None,
                timeout=seconds,
            )
        except ConnectionTimeout as error:
            self._transport.failed(connection)
            raise EngineTimeout(str(error.error)) from None
        except NoConnection as error:
            self._transport.failed(connection)
            failure = Unreached if isinstance(error.info, UNREACHED) else Unreachable
            raise failure(str(error.error)) from None
        self._transport.answered(connection)
        return answered


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request as each host gets it."""

    method: str
    path: str
    params: Mapping[str, str] | None
    body: bytes | memoryview | None

    @property
    def reads(self) -> bool:
        return reads(self.method, self.path)


def quoted(*parts: str) -> str:
    """Join the parts of a path, each quoted."""
    return "".join([f"/{quote(part, safe='')}" for part in parts])


def reads(method: str, path: str) -> bool:
    """Tell whether a request changes nothing, so that it may be sent twice."""
    return method == "GET" or path.endswith(("/_search", "/_msearch", "/_count", "/_mget"))


def administers(method: str, path: str) -> bool:
    """Tell whether a request is one for the cluster manager, which queues what it cannot do at once."""
    if method == "GET":
        return False
    first, *rest = path.lstrip("/").split("/")
    if not rest:
        return first == "_aliases" or not first.startswith("_")
    return rest[0] in {"_mapping", "_settings", "_block", "_clone"}


class Unreachable(EngineUnavailable):
    """No answer came from the host: another one may give it."""


class Unreached(Unreachable):
    """The host took no connection: it was not asked at all."""


_NDJSON = {"content-type": "application/x-ndjson"}


def _host(address: str) -> dict[str, object]:
    try:
        url = URL(address, encoded=True)
        if url.scheme not in {"http", "https"} or not url.host or url.query_string or url.fragment:
            raise ValueError("http://HOST:PORT or https://HOST:PORT is wanted")
        if url.user is not None or url.password is not None:
            raise ValueError("it must hold no user name and no password")
    except ValueError as error:
        shown = address.rpartition("@")[2]
        raise EngineUnavailable(f"{shown} is not the address of an OpenSearch host: {error}") from None
    return {
        "host": url.raw_host,
        "port": url.port,
        "use_ssl": url.scheme == "https",
        "url_prefix": url.raw_path.strip("/"),
    }


def _encrypted(cluster: Cluster) -> bool:
    return any(url.startswith("https:") for url in cluster.urls)


def _headers(cluster: Cluster) -> dict[str, str]:
    if cluster.username is None or cluster.password is None:
        return {}
    given = f"{cluster.username}:{cluster.password.get_secret_value()}".encode()
    return {"authorization": f"Basic {base64.b64encode(given).decode()}"}


def _read(answered: Answered, cluster: Cluster) -> object:
    """Give the JSON of an answer, or raise what its status means."""
    if not 200 <= answered.status < 300:
        if (costly := _too_costly(answered.body)) is not None:
            raise costly
        raise _failure(answered, cluster)
    try:
        return orjson.loads(answered.body)
    except ValueError:
        raise EngineUnavailable(
            f"{answered.place} was not answered with JSON: is this an OpenSearch?"
        ) from None


def _too_costly(body: bytes) -> TooCostly | None:
    """Say that a query had more clauses than the node takes or counted more values, None if it did not.

    The node says so among the causes of its error.
    """
    try:
        content = orjson.loads(body)
    except ValueError:
        return None
    cause = content.get("error") if isinstance(content, dict) else None
    while isinstance(cause, dict):
        kind = cause.get("type")
        if kind in _CLAUSES_EXCEEDED:
            return clauses_too_costly()
        if kind == "too_many_buckets_exception":
            return values_too_costly()
        cause = cause.get("caused_by")
    return None


_CLAUSES_EXCEEDED = frozenset(("too_many_clauses", "too_many_nested_clauses"))


def _failure(answered: Answered, cluster: Cluster) -> EngineError:
    status, place = answered.status, answered.place
    kind, reason = _error(answered.body)
    match status:
        case _ if (blocked := block_said(status, kind, reason)) is not None:
            failure: EngineError = EngineUnavailable(f"{place}: {blocked}")
        case _ if 300 <= status < 400:
            failure = EngineUnavailable(f"{place} answered with a redirect (HTTP {status}): not followed")
        case 401:
            failure = EngineUnavailable(f"{place}: {_unknown(cluster)} (HTTP 401)")
        case 403:
            failure = Forbidden(f"{place}: {_forbidden(reason, cluster)}")
        case 408 | 504:
            failure = EngineTimeout(f"{place} was not answered in time (HTTP {status})")
        case 429 | 502 | 503:
            said = _LACKING.get((status, kind), "the cluster cannot answer now")
            message = f"{place}: {said} (HTTP {status} {kind})"
            failure = Busy(message, _seconds(answered.retry_after))
        case _ if 400 <= status < 500:
            failure = Refused(place, status, kind, reason)
        case _:
            failure = EngineUnavailable(f"{place} failed: HTTP {status} {kind}")
    return failure


_NO_SHARD = "not every shard of the index is on a node that answers"
_NO_MANAGER = "the cluster has no manager at this moment"
_LACKING = {
    (503, "search_phase_execution_exception"): _NO_SHARD,
    (503, "no_shard_available_action_exception"): _NO_SHARD,
    (503, "unavailable_shards_exception"): _NO_SHARD,
    (503, "cluster_manager_not_discovered_exception"): _NO_MANAGER,
    (503, "master_not_discovered_exception"): _NO_MANAGER,
}
"""What a cluster says that has lost a node."""


def _unknown(cluster: Cluster) -> str:
    if cluster.username is None:
        return "a user name and a password are wanted"
    return f"the user name {cluster.username} or its password are not accepted"


def block_said(status: object, kind: str, reason: str) -> str | None:
    """Say in plain words that an index takes no documents, None where the error says something else.

    OpenSearch names its blocks by number: 12 is the flood stage of the disk watermarks. A node that starts
    (1) or has lost its cluster manager (2) has blocks too, which pass by themselves: these are none here.
    """
    if kind != "cluster_block_exception" or (status == 503 and _PASSING.search(reason)):
        return None
    if "/12/" in reason:
        return (
            "the cluster's disks are full: it takes no documents until there is room again"
            " (cluster.routing.allocation.disk.watermark.flood_stage)"
        )
    blocks = ", ".join(re.findall(r"\[[A-Z_]+/[0-9]+/([^\]]+)\]", reason))
    return f"the cluster blocks this: {blocks or kind}"


_PASSING = re.compile(r"\[SERVICE_UNAVAILABLE/[12]/")


def _forbidden(reason: str, cluster: Cluster) -> str:
    who = f"the user {cluster.username}" if cluster.username is not None else "who asks without a user name"
    actions: Sequence[str] = re.findall(r"no permissions for \[([^\]]{1,200})\]", reason)
    what = actions[0] if actions else "do this"
    return f"{who} has no right to {what} (HTTP 403); `ims-catalog doctor --roles` prints the roles"


def _error(body: bytes) -> tuple[str, str]:
    """Read type and reason of an error, as far as the answer is one of OpenSearch."""
    try:
        content = orjson.loads(body)
    except ValueError:
        return "unknown", ""
    error = content.get("error", content) if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return "unknown", error if isinstance(error, str) else ""
    kind, reason = error.get("type", "unknown"), error.get("reason", "")
    return (kind if isinstance(kind, str) else "unknown"), (reason if isinstance(reason, str) else "")


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None

"""`Http`: the one HTTP client. It trusts nothing that comes back, and sends nothing where it was not told to.

Redirects are errors, links in answers are never followed, proxies and `.netrc` of the environment are not
read, no cookies are kept, certificates are verified. An answer is limited in time, and in bytes before and
after decompression. Nothing but a login is ever posted, and that only to the identity service.
"""

import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from clouds.error import Meaning, read_error
from indexer.limits import Limits
from indexer.sources.failure import Failure
from indexer.sources.lane import Lanes, Turn
from indexer.sources.retry_after import retry_after

_CHUNK = 64 * 1024
_LONGEST_HEADER = 32 * 1024
"""Tokens come in a header, and those that list rights are long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers by lower-case name, the whole body, decompressed.

    `meaning` is None for a success; `retry_after` is in seconds.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    meaning: Meaning | None = None
    retry_after: float | None = None


class Http:
    """Asks the endpoints of one source, and only them; `logins` are those that a login may be posted to.

    Raises ValueError for one that is no address.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoints: Iterable[str],
        lanes: Lanes,
        limits: Limits,
        *,
        logins: Iterable[str] = (),
    ) -> None:
        self._session = session
        self._logins = frozenset(map(_origin, logins))
        self._origins = self._logins | frozenset(map(_origin, endpoints))
        self._limits = limits
        self.lanes = lanes

    async def get(self, endpoint: str, url: URL, headers: Mapping[str, str]) -> Answer:
        """Send one GET to a URL of an endpoint, exactly as the URL is written. Raises Failure."""
        return await self._ask("GET", endpoint, url, headers, allowed=self._origins)

    async def post(self, endpoint: str, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a login. Raises Failure."""
        return await self._ask("POST", endpoint, url, headers, sent=body, allowed=self._logins)

    async def _ask(
        self,
        method: str,
        endpoint: str,
        url: URL,
        headers: Mapping[str, str],
        *,
        sent: bytes | None = None,
        allowed: frozenset[URL],
    ) -> Answer:
        if url.origin() not in allowed:
            what = "configured endpoints" if method == "GET" else "identity services that logins go to"
            raise Failure(
                f"{url.origin()} is none of the {what}: nothing was sent", Meaning.OTHER, sent=False
            )
        async with self.lanes.of(endpoint).turn() as turn:
            try:
                answer = await self._send(method, url, headers, sent)
            except Failure as failure:
                if failure.passing:
                    turn.failed(str(failure), connected=failure.sent)
                else:
                    turn.answered()
                raise
            _tell(turn, answer, url)
            return answer

    async def _send(self, method: str, url: URL, headers: Mapping[str, str], sent: bytes | None) -> Answer:
        place = f"{url.host_port_subcomponent}{url.raw_path}"
        every = {**headers, "Accept": "application/json", "Accept-Encoding": "gzip"}
        try:
            async with self._session.request(
                method, url, headers=every, data=sent, allow_redirects=False
            ) as response:
                if 300 <= response.status < 400:
                    raise Failure(
                        f"{place} answered with a redirect (HTTP {response.status}), which is not followed",
                        Meaning.OTHER,
                    )
                body = await _body(response, self._limits.largest_body, place)
                return self._answer(response.status, response.headers, body)
        except TimeoutError:
            raise Failure(
                f"{place} gave no whole answer within {self._limits.request_timeout:g} s", Meaning.TEMPORARY
            ) from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = getattr(error.certificate_error, "verify_message", "") or "it cannot be read"
            raise Failure(
                f"the certificate of {place} is not valid: {why}", Meaning.CONFIGURATION, sent=False
            ) from None
        except UnicodeError:
            raise Failure(
                f"{place}: this is not the name of a host", Meaning.CONFIGURATION, sent=False
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise Failure(f"{place}: {_said(error)}", Meaning.TEMPORARY, sent=False) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Failure(f"{place}: {_said(error)}", Meaning.TEMPORARY) from None

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        named = {name.lower(): value for name, value in headers.items()}
        if status in {200, 201}:
            return Answer(status, named, body)
        wait = retry_after(named.get("retry-after"), self.lanes.clock.now())
        return Answer(status, named, body, read_error(status, body, named).meaning, wait)


def _tell(turn: Turn, answer: Answer, url: URL) -> None:
    """Tell the lane how a request ended."""
    if answer.meaning is Meaning.THROTTLED:
        turn.throttled(answer.retry_after or 0.0)
    elif answer.status < 500:
        turn.answered()
    if answer.status >= 500:
        turn.failed(f"{url.host_port_subcomponent}{url.raw_path} answered HTTP {answer.status}")


@asynccontextmanager
async def open_session(limits: Limits) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the connections that all sources share."""
    timeout = aiohttp.ClientTimeout(
        total=limits.request_timeout,
        connect=None,
        sock_connect=min(limits.connect_timeout, limits.request_timeout),
        sock_read=limits.request_timeout,
    )
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),  # lanes are the limit; waiting there costs no timeout
        timeout=timeout,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_field_size=_LONGEST_HEADER,
    ) as session:
        yield session


def _origin(endpoint: str) -> URL:
    try:
        url = URL(endpoint, encoded=True)
        if not url.raw_host:  # it is only now that the host and the port are read
            raise ValueError("it names no host")
        return url.origin()
    except ValueError as error:
        raise ValueError(f"{endpoint} is not an address: {error}") from None


async def _body(response: aiohttp.ClientResponse, largest: int, place: str) -> bytes:
    named = response.headers.getall("Content-Encoding", [])
    encoding = ", ".join(named).strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise Failure(
            f"{place} answered in the encoding {encoding[:40]!r}; gzip was asked for", Meaning.OTHER
        )
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    came = size = 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        part = chunk
        if unpack is not None:
            try:
                # One byte more than allowed is enough to know; a bomb is never unpacked further.
                part = unpack.decompress(chunk, largest + 1 - size)
            except zlib.error:
                raise Failure(f"{place} answered with damaged gzip data", Meaning.TEMPORARY) from None
        came += len(chunk)
        size += len(part)
        if max(came, size) > largest:
            raise Failure(f"{place} answered with more than {largest} bytes", Meaning.OTHER)
        if unpack is not None and unpack.unused_data:
            raise Failure(f"{place} answered with more behind the end of its gzip data", Meaning.OTHER)
        parts.append(part)
    if unpack is not None and not unpack.eof:
        raise Failure(f"{place} answered with gzip data that end too early", Meaning.TEMPORARY)
    return b"".join(parts)


def _said(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "the host name is not known"
        case aiohttp.ClientConnectorError():
            return "no connection could be made"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the connection broke before the answer was whole"
        case _:
            return f"no usable answer ({type(error).__name__})"

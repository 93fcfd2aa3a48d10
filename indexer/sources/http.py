"""`Http`: the one HTTP client. It trusts nothing that comes back, and sends nothing where it was not told to.

Redirects are errors, links in answers are never followed, proxies and `.netrc` of the environment are not
read, no cookies are kept, certificates are verified. An answer is limited in time, and in bytes after
decompression.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiolimiter import AsyncLimiter
from yarl import URL

from clouds.error import Meaning
from indexer.limits import Limits
from indexer.sources.failure import Failure

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers by lower-case name, the whole body, decompressed."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Lanes:
    """How many requests at once, and how many a second, each endpoint takes; shared by all sources."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: dict[str, tuple[asyncio.Semaphore, AsyncLimiter]] = {}

    @asynccontextmanager
    async def turn(self, endpoint: str) -> AsyncIterator[None]:
        """Wait for a turn at this endpoint, and hold it."""
        if endpoint not in self._lanes:
            rate = self._limits.requests_per_second
            limiter = AsyncLimiter(max(rate, 1.0), max(1.0, 1.0 / rate))
            self._lanes[endpoint] = (asyncio.Semaphore(self._limits.concurrency), limiter)
        at_once, per_second = self._lanes[endpoint]
        async with at_once, per_second:
            yield


class Http:
    """Asks the endpoints of one source, and only them. Raises ValueError for one that is no address."""

    def __init__(
        self, session: aiohttp.ClientSession, endpoints: Iterable[str], lanes: Lanes, limits: Limits
    ) -> None:
        self._session = session
        self._origins = frozenset(map(_origin, endpoints))
        self._lanes = lanes
        self._limits = limits

    async def get(self, endpoint: str, url: URL, headers: Mapping[str, str]) -> Answer:
        """Send one GET to a URL of an endpoint, exactly as the URL is written. Raises Failure."""
        if url.origin() not in self._origins:
            raise Failure(
                f"{url.origin()} is none of the configured endpoints: nothing was sent", Meaning.OTHER
            )
        async with self._lanes.turn(endpoint):
            return await self._send(url, headers)

    async def _send(self, url: URL, headers: Mapping[str, str]) -> Answer:
        place = f"{url.host_port_subcomponent}{url.raw_path}"
        sent = {**headers, "Accept": "application/json", "Accept-Encoding": "gzip"}
        try:
            async with self._session.get(url, headers=sent, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    raise Failure(
                        f"{place} answered with a redirect (HTTP {response.status}), which is not followed",
                        Meaning.OTHER,
                    )
                body = await _body(response, self._limits.largest_body, place)
                named = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, named, body)
        except TimeoutError:
            raise Failure(
                f"{place} gave no whole answer within {self._limits.request_timeout:g} s", Meaning.TEMPORARY
            ) from None
        except aiohttp.ClientConnectorCertificateError:
            raise Failure(f"the certificate of {place} is not valid", Meaning.CONFIGURATION) from None
        except UnicodeError:
            raise Failure(f"{place}: this is not the name of a host", Meaning.CONFIGURATION) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Failure(f"{place}: {_said(error)}", Meaning.TEMPORARY) from None


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
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise Failure(
            f"{place} answered in the encoding {encoding[:40]!r}; gzip was asked for", Meaning.OTHER
        )
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        part = chunk
        if unpack is not None:
            try:
                # One byte more than allowed is enough to know; a bomb is never unpacked further.
                part = unpack.decompress(chunk, largest + 1 - size)
            except zlib.error:
                raise Failure(f"{place} answered with damaged gzip data", Meaning.TEMPORARY) from None
        size += len(part)
        if size > largest:
            raise Failure(f"{place} answered with more than {largest} bytes", Meaning.OTHER)
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

"""`Connection`: requests to one host. What opensearch-py's own does and a catalogue must not, it does not.

That one follows redirects, reads answers of any size, decodes each into text and warns of large bodies. This
one gives status and bytes, whatever the status is, and says why there is no answer.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from opensearchpy import AIOHttpConnection, JSONSerializer
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import ConnectionTimeout
from yarl import URL

LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes of an answer that are read at most."""

CONNECT_SECONDS = 5.0
"""A host that takes longer to take a connection is not there."""

LARGEST_AT_ONCE = 512 * 1024
"""Bytes of a body that are handed to the socket at once; longer ones in slices."""

KEEP_SECONDS = 30.0
"""An idle connection is kept for so long."""

UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Errors that come before a connection is there: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a host answered. `place` names host, method and path."""

    place: str
    status: int
    retry_after: str | None
    body: bytes = field(repr=False)


class Connection(AIOHttpConnection):
    """Requests to one host. Raises NoConnection and ConnectionTimeout, whose `error` is a sentence."""

    async def perform_request(  # noqa: PLR0917 (the signature is that of opensearch-py)
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        body: bytes | memoryview | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], Answered]:
        """Send one request; give the status, no headers, and what was answered."""
        del ignore
        if self.session is None:
            await self._create_aiohttp_session()
        seconds = self.timeout if timeout is None else timeout
        target = URL.build(
            scheme=self.scheme,
            host=self.hostname,
            port=self.port,
            path=self.url_prefix + url,
            query_string=urlencode(params) if params else "",
            encoded=True,
        )
        sent = {**self.headers, **(headers or {})}
        large = body is not None and len(body) > LARGEST_AT_ONCE
        if body is not None and large:
            sent["Content-Length"] = str(len(body))
        try:
            async with self.session.request(
                method,
                target,
                data=_slices(memoryview(body)) if body is not None and large else body,
                headers=sent,
                timeout=aiohttp.ClientTimeout(
                    total=seconds, sock_connect=min(CONNECT_SECONDS, seconds), connect=None
                ),
                allow_redirects=False,
            ) as response:
                answer = Answered(
                    f"{self.host} {method} {self.url_prefix}{url}",
                    response.status,
                    response.headers.get("Retry-After"),
                    await self._body(response),
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise NoConnection("N/A", f"{self.host} takes no connection", error) from None
        except TimeoutError as error:
            raise ConnectionTimeout(
                "TIMEOUT", f"{self.host} gave no answer within {round(seconds, 2):g} s", error
            ) from None
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise NoConnection("N/A", f"{self.host}: {said(error, self.scheme)}", error) from None
        return answer.status, {}, answer

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            message = f"{self.host} answered in the encoding {encoding[:40]!r}, which was not asked for"
            raise NoConnection("N/A", message, None)
        length = response.content_length
        if length is not None and length <= LARGEST_ANSWER:
            return await response.read()
        parts: list[bytes] = []
        size = length or 0
        if size <= LARGEST_ANSWER:
            async for part in response.content.iter_any():
                size += len(part)
                if size > LARGEST_ANSWER:
                    break
                parts.append(part)
        if size > LARGEST_ANSWER:
            response.close()
            raise NoConnection("N/A", f"{self.host} answered with more than {LARGEST_ANSWER} bytes", None)
        return b"".join(parts)

    async def _create_aiohttp_session(self) -> None:
        """Open the session: no cookies, no proxies or `.netrc` of the environment, answers as they come."""
        self.loop = asyncio.get_running_loop()
        self.session = aiohttp.ClientSession(
            skip_auto_headers=("accept", "accept-encoding"),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(
                limit=self._limit or 0,
                ssl=self._ssl_context if self._ssl_context is not None else True,
                keepalive_timeout=KEEP_SECONDS,
            ),
            trust_env=False,
        )


async def _slices(body: memoryview) -> AsyncIterator[memoryview]:
    """Cut a body without copying it; each slice waits until the socket has room for it."""
    for start in range(0, len(body), LARGEST_AT_ONCE):
        yield body[start : start + LARGEST_AT_ONCE]


class Untouched(JSONSerializer):
    """Lets bodies and answers through as they are."""

    def dumps(self, data: object) -> object:
        """Give a body back."""
        return data

    def loads(self, s: object) -> object:
        """Give an answer back."""
        return s


def said(error: Exception, scheme: str) -> str:
    """Say why a host could not be asked, without anything that was sent."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            what = f"its certificate is not accepted: {_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorDNSError():
            what = "the host name is not known"
        case aiohttp.ClientConnectorSSLError():
            what = f"no TLS connection could be made (does it speak plain HTTP?): {_reason(error.os_error)}"
        case aiohttp.ClientConnectorError():
            what = f"no connection could be made: {error.strerror or type(error.os_error).__name__}"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientResponseError() if scheme == "http":
            what = "it broke off, or does not speak plain HTTP (should the address begin with https?)"
        case UnicodeError() | aiohttp.InvalidURL():
            what = "this is not the name of a host"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | OSError():
            what = "the connection broke before the answer was whole"
        case _:
            what = f"no usable answer ({type(error).__name__})"
    return what


def _certificate(error: Exception) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return type(error).__name__
    return _CAUSES.get(error.verify_code, error.verify_message)


_CAUSES = {
    10: "it has expired",
    9: "it is not valid yet",
    18: "it is signed by itself; ca_file must name the authority that signed it",
    19: "it is signed by an authority that is not trusted; ca_file must name that authority",
    20: "it is signed by an authority that is not trusted; ca_file must name that authority",
    21: "it is signed by an authority that is not trusted; ca_file must name that authority",
    62: "it was issued for another host name",
    64: "it was issued for another IP address",
}
"""What the verification codes of OpenSSL (`X509_V_ERR_*`) mean to who runs the catalogue."""


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else type(error).__name__

"""`WrittenResponse`: a whole answer that is written as it stands."""

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from search_api.routes.response import JSON_HEADERS, json_response


def whole_response(request: web.BaseRequest, body: bytes, etag: str) -> web.StreamResponse:
    """Answer with JSON as `json_response` does, as soon as can be."""
    return WrittenResponse(body, etag) if _is_plain(request) else json_response(body, etag)


def _is_plain(request: web.BaseRequest) -> bool:
    """Whether the whole answer is wanted, and the connection stays as it is."""
    return (
        request.method == "GET"
        and request.keep_alive
        and request.version == HttpVersion11
        and "If-None-Match" not in request.headers
    )


class WrittenResponse(web.StreamResponse):
    """JSON to a GET by HTTP/1.1 on a connection that is kept: the same bytes as `json_response`.

    Of an answer that is there already, gathering its headers would take longer than all the rest.
    """

    def __init__(self, body: bytes, etag: str) -> None:
        super().__init__()
        self._whole = b"".join((_HEAD, _varying(len(body), etag, int(time.time())), body))

    @property
    def keep_alive(self) -> bool:
        """It is for connections that are."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write head and body; who reads slowly is waited for."""
        await request.writer.write_eof(self._whole)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""


_HEAD = b"".join(
    (b"HTTP/1.1 200 OK\r\n", *(f"{name}: {value}\r\n".encode() for name, value in JSON_HEADERS.items()))
)


def _varying(length: int, etag: str, now: int) -> bytes:
    return f'ETag: W/"{etag}"\r\nContent-Length: {length}\r\nDate: {_date(now)}\r\n\r\n'.encode()


@lru_cache(maxsize=1)
def _date(now: int) -> str:
    """Write the second in which an answer is given; many are given in each."""
    return formatdate(now, usegmt=True)

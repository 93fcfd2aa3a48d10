"""`WrittenResponse`: a whole answer that is written as it stands."""

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from search_api.routes.response import JSON_HEADERS


class WrittenResponse(web.StreamResponse):
    """JSON to a GET by HTTP/1.1 on a connection that is kept: the same bytes as `json_response`.

    Made for answers that are there already: gathering their headers would take longer than all the rest.
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

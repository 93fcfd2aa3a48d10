"""OpenSearch without us: requests over a keep-alive connection that is a socket and nothing else."""

import socket
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from benchmarks.http_load import body_length


class RawConnection:
    """One connection to a node. Raises ConnectionError for any answer that is no 200 with a length."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname or "127.0.0.1", place.port or 9200))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, request: bytes) -> bytes:
        """Send a request and give the body that comes back."""
        self._socket.sendall(request)
        head, body = b"", b""
        while not body and b"\r\n\r\n" not in head:
            piece = self._socket.recv(1 << 20)
            if not piece:
                raise ConnectionError("the node closed the connection")
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        length = body_length(head)
        if length is None:
            raise ConnectionError(f"the node answered {head[:200].decode('latin-1')}")
        pieces, left = [body], length - len(body)
        while left > 0:
            piece = self._socket.recv(min(left, 1 << 20))
            if not piece:
                raise ConnectionError("the node closed the connection")
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def post(path: str, body: bytes, kind: str = "application/json") -> bytes:
    """Write a request; the answer comes as it is, not compressed."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        f"Accept-Encoding: identity\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

"""The load: requests over keep-alive connections, the next one as soon as an answer is there.

It reads no more of an answer than it has to, so that the server is what is measured.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import uvloop

CONNECTIONS = 16
LONGEST_SECONDS = 300.0

Keep = Callable[[str, bytes], None]
"""Gets the target of a request and the body that came back."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a round of requests came to: seconds in all, milliseconds of each, bytes of all bodies."""

    seconds: float
    milliseconds: Sequence[float]
    body_bytes: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.milliseconds) / self.seconds


Write = Callable[[str], bytes]
"""Writes the request for a target."""


def get(target: str) -> bytes:
    """Write a GET request."""
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def load(
    port: int,
    targets: Sequence[str],
    keep: Keep | None = None,
    *,
    write: Write = get,
    connections: int = CONNECTIONS,
) -> Load:
    """Send every target once to the server on that port of this machine.

    Raises ConnectionError for any answer but a 200 with a length, TimeoutError after `LONGEST_SECONDS`.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_load(port, targets, _Exchange(keep, write), connections))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """How requests are written and who gets the answers."""

    keep: Keep | None
    write: Write


async def _load(port: int, targets: Sequence[str], exchange: "_Exchange", wanted: int) -> Load:
    loop = asyncio.get_running_loop()
    waiting = iter(targets)
    connections: list[_Connection] = []
    transports: list[asyncio.Transport] = []
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            for _ in range(wanted):
                transport, connection = await loop.create_connection(
                    lambda: _Connection(waiting, exchange), "127.0.0.1", port
                )
                transports.append(transport)
                connections.append(connection)
            started = time.perf_counter()
            for transport, connection in zip(transports, connections, strict=True):
                connection.begin(transport)
            await asyncio.gather(*(connection.done for connection in connections))
            seconds = time.perf_counter() - started
    finally:
        for transport in transports:
            transport.close()
    milliseconds = [each for connection in connections for each in connection.milliseconds]
    return Load(seconds, milliseconds, sum(connection.body_bytes for connection in connections))


class _Connection(asyncio.Protocol):
    """One connection, which takes its requests from those that wait for all."""

    def __init__(self, waiting: Iterator[str], exchange: _Exchange) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.milliseconds: list[float] = []
        self.body_bytes = 0
        self._waiting = waiting
        self._exchange = exchange
        self._transport: asyncio.Transport | None = None
        self._target = ""
        self._sent_at = 0.0
        self._begun: list[bytes] = []
        self._left = -1

    def begin(self, transport: asyncio.Transport) -> None:
        """Send the first request; every answer brings the next one."""
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc or 'no reason'}")

    def data_received(self, data: bytes) -> None:
        self._begun.append(data)
        if self._left < 0:
            whole = b"".join(self._begun)
            head, found, body = whole.partition(b"\r\n\r\n")
            if not found:
                return
            length = body_length(head)
            if length is None:
                self._fail(f"{self._target}: {whole[:500]!r}")
                return
            self._begun, self._left = [body], length - len(body)
            self.body_bytes += length
        else:
            self._left -= len(data)
        if self._left == 0:
            self._answered()

    def _answered(self) -> None:
        self.milliseconds.append((time.perf_counter() - self._sent_at) * 1000)
        if self._exchange.keep is not None:
            self._exchange.keep(self._target, b"".join(self._begun))
        self._begun, self._left = [], -1
        self._send()

    def _send(self) -> None:
        target = next(self._waiting, None)
        if target is None:
            self.done.set_result(None)
            return
        assert self._transport is not None
        self._target, self._sent_at = target, time.perf_counter()
        self._transport.write(self._exchange.write(target))

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(reason))


def body_length(head: bytes) -> int | None:
    """Read the length of the body; None for what is no 200 or does not tell it."""
    status, *headers = head.split(b"\r\n")
    if not status.startswith(b"HTTP/1.1 200"):
        return None
    for header in headers:
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return None

"""A TLS-terminating proxy before a node, which remembers every byte that it decrypted."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trustme
from yarl import URL

USER, PASSWORD = "reader", "correct horse"
CREDENTIAL = base64.b64encode(f"{USER}:{PASSWORD}".encode())

_UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\nConnection: close\r\n\r\nUnauthorized"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_TLS_HANDSHAKE = b"\x16"


@dataclass
class Front:
    """What stands before the node. It lets nobody through who does not give the password."""

    node: URL
    received: bytearray = field(default_factory=bytearray)
    server: asyncio.Server | None = None
    joined: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def port(self) -> int:
        assert self.server is not None
        port = self.server.sockets[0].getsockname()[1]
        assert isinstance(port, int)
        return port

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.joined.append(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readexactly(1)
            if head == _TLS_HANDSHAKE:
                writer.write(_BAD_REQUEST)
                await writer.drain()
                self.received += await reader.read()
                return await _end(writer)
            head += await reader.readuntil(b"\r\n\r\n")
            self.received += head
            if b"Basic " + CREDENTIAL not in head:
                writer.write(_UNAUTHORIZED)
                await writer.drain()
            else:
                await self._pass_on(head, reader, writer)
        return await _end(writer)

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(self.node.host, self.node.port)
        behind_writer.write(head)
        await asyncio.gather(_copy(reader, behind_writer, self.received.extend), _copy(behind_reader, writer))


async def _copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    note: Callable[[bytes], None] = lambda data: None,
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            note(data)
            writer.write(data)
            await writer.drain()
    await _end(writer)


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def front(node: str, certificate: trustme.LeafCert | None) -> AsyncIterator[Front]:
    """Stand before a node, with TLS if there is a certificate."""
    one = Front(URL(node))
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    one.server = await asyncio.start_server(one.join, "127.0.0.1", 0, ssl=context)
    try:
        yield one
    finally:
        one.server.close()
        await one.server.wait_closed()
        await asyncio.gather(*one.joined)

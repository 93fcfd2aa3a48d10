"""A line to a server that can be cut and mended: connections break, and no new ones are taken meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from yarl import URL


@dataclass
class Line:
    """Passes bytes on in both directions."""

    host: str
    port: int
    server: asyncio.Server | None = None
    at: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.at}"

    async def mend(self) -> None:
        self.server = await asyncio.start_server(self.join, "127.0.0.1", self.at)
        self.at = self.server.sockets[0].getsockname()[1]

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(self.host, self.port)
        self.open |= {writer, behind_writer}
        try:
            await asyncio.gather(_pass(reader, behind_writer), _pass(behind_reader, writer))
        finally:
            self.open -= {writer, behind_writer}

    async def cut(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in self.open:
            writer.transport.abort()
        await self.server.wait_closed()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def severable(url: str) -> AsyncIterator[Line]:
    parts = URL(url)
    assert parts.host is not None
    assert parts.port is not None
    line = Line(parts.host, parts.port)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()

"""Connections: what is no HTTP is answered in the one shape, and a slow client is cut."""

import asyncio
import logging
import time
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from search_api.connection import ConnectionRunner
from search_api.deadlines import Deadlines
from search_api.limits import REQUEST_LINE
from tests.api.asking import Api, serving

SHORT = Deadlines(head=0.2, body=0.2, idle=0.4, linger=0.1)
POST = b"POST /v1/images/search HTTP/1.1\r\nHost: x\r\n"


async def _sent(api: Api, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; give status, headers and body of the last answer when the server closes."""
    host, port = api.client.server.host, api.client.server.port
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        told = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    if not told:
        return 0, {}, b""
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(
            b"GET /v1/images?q=\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400, id="raw byte"
        ),
        pytest.param(b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="no method"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400, id="no version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
        pytest.param(b"nonsense\r\n\r\n", 400, id="no request"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431, id="long header"
        ),
        pytest.param(
            b"GET /" + b"a" * (REQUEST_LINE + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, id="long first line"
        ),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n", 400, id="header without colon"),
        pytest.param(
            POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(POST + b"Content-Length: many\r\n\r\n{}", 400, id="length is no number"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="broken chunk"),
        pytest.param(
            POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
            400,
            id="broken compression",
        ),
        pytest.param(
            POST + b"Expect: wonders\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 417, id="expect"
        ),
    ],
)
async def test_what_is_no_request_is_a_problem_too(
    folder: Path, caplog: pytest.LogCaptureFixture, raw: bytes, status: int
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(folder, deadlines=SHORT) as api:
            told, headers, body = await _sent(api, raw)
    assert told == status
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Server"] == "ims-catalog"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert orjson.loads(body)["status"] == status
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([b"GET /healthz HT"], 0, id="half a first line"),
        pytest.param([b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "], 0, id="half a head"),
        pytest.param([POST + b"Content-Length: 9\r\n\r\n{"], 408, id="half a body"),
        pytest.param([POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"], 408, id="chunks without end"),
        pytest.param([b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], 200, id="idle after an answer"),
        pytest.param(
            [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /he"], 200, id="half a second request"
        ),
        pytest.param(
            [b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"],
            200,
            id="a body nobody reads",
        ),
    ],
)
async def test_a_slow_client_is_cut(folder: Path, pieces: list[bytes], status: int) -> None:
    async with serving(folder, deadlines=SHORT) as api:
        begun = time.monotonic()
        told, headers, body = await _sent(api, *pieces)
        assert time.monotonic() - begun < 2
    assert told == status
    if status == 408:
        assert headers["Content-Type"] == "application/problem+json"
        assert "0.2 seconds" in orjson.loads(body)["detail"]


async def test_the_second_head_has_a_deadline_of_its_own(folder: Path) -> None:
    patient = Deadlines(head=0.2, body=60, idle=60, linger=0.1)
    async with serving(folder, deadlines=patient) as api:
        reader, writer = await asyncio.open_connection(api.client.server.host, api.client.server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200")
        # The deadline of the first head has passed, and nothing has begun since: the connection stands.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.4)
        writer.write(b"GET /hea")
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


async def test_connections_beyond_the_limit_are_closed() -> None:
    async def fine(request: web.Request) -> web.Response:
        return web.Response(text="fine")

    app = web.Application()
    app.router.add_get("/", fine)
    runner = ConnectionRunner(app, SHORT, shutdown_timeout=0.1, connections=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        kept = [await asyncio.open_connection(host, port) for _ in range(2)]
        for reader, writer in kept:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"fine")).startswith(b"HTTP/1.1 200")
        reader, refused = await asyncio.open_connection(host, port)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        for writer in (refused, *(writer for _, writer in kept)):
            writer.close()
    finally:
        await runner.cleanup()

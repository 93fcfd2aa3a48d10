"""The HTTP client against peers that speak byte by byte, or too much, or never to the end."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from yarl import URL

from clouds.error import Meaning
from indexer.limits import Limits
from indexer.sources.failure import Failure
from indexer.sources.http import Answer, Http, open_session
from indexer.sources.lane import Lanes

LIMITS = Limits(request_timeout=0.5, largest_body=100_000, requests_per_second=1000.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ZIPPED = HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[str]:
    """A server of bare bytes; what it still says when nobody listens any more does not matter."""
    running: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await peer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def answered(address: str, limits: Limits = LIMITS) -> Answer:
    async with open_session(limits) as session:
        http = Http(session, (address,), Lanes(limits), limits)
        return await http.get(address, URL(f"{address}/v2/cloudimages"), {})


async def failure(peer: Peer, limits: Limits = LIMITS) -> Failure:
    async with listening(peer) as address:
        with pytest.raises(Failure) as caught:
            await answered(address, limits)
    return caught.value


def saying(*parts: bytes, for_ever: bytes = b"", pause: float = 0.0) -> Peer:
    """Say this, then that again and again."""

    async def peer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
        await writer.drain()
        while for_ever:
            writer.write(for_ever)
            await writer.drain()
            await asyncio.sleep(pause)

    return peer


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def half_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 100\r\n\r\n{")
    writer.write_eof()
    await reader.read()


async def half_closed_in_the_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    writer.write_eof()
    await reader.read()


LATE = "gave no whole answer within 0.5 s"


@pytest.mark.parametrize(
    ("peer", "words", "passing"),
    [
        pytest.param(silence, LATE, True, id="connects and never answers"),
        pytest.param(saying(b"HTTP/1.1 200 ", for_ever=b"O", pause=0.01), LATE, True, id="a slow status"),
        pytest.param(saying(HEAD, for_ever=b"x", pause=0.01), LATE, True, id="a slow header"),
        pytest.param(
            saying(HEAD + b"Content-Length: 900\r\n\r\n", for_ever=b" ", pause=0.01),
            LATE,
            True,
            id="a slow body",
        ),
        pytest.param(saying(CHUNKED, for_ever=b"1\r\n \r\n", pause=0.01), LATE, True, id="slow chunks"),
        pytest.param(
            saying(for_ever=b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001), LATE, True, id="for ever: go on"
        ),
        pytest.param(half_closed, "the connection broke", True, id="half closed"),
        pytest.param(half_closed_in_the_head, "the connection broke", True, id="half closed in the head"),
        pytest.param(saying(HEAD, for_ever=b"X: y\r\n"), "", True, id="headers for ever"),
        pytest.param(saying(HEAD, for_ever=b"X" * 1000), "no usable answer", True, id="a header for ever"),
        pytest.param(saying(b"2" * 100_000), "", True, id="no HTTP"),
        pytest.param(saying(CHUNKED + b"-1\r\n"), "", True, id="a chunk of a negative size"),
        pytest.param(saying(CHUNKED, for_ever=b"0" * 1000), "", True, id="a size for ever"),
        pytest.param(
            saying(CHUNKED, for_ever=b"fff\r\n" + b" " * 4095 + b"\r\n"),
            "more than 100000",
            False,
            id="chunks for ever",
        ),
        pytest.param(
            saying(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345"), "", True, id="two lengths"
        ),
        pytest.param(
            saying(ZIPPED + gzip.compress(b"{}"), for_ever=b"x" * 10_000),
            "more behind the end of its gzip data",
            False,
            id="more behind gzip data",
        ),
        pytest.param(
            saying(ZIPPED + gzip.compress(b"{}") + gzip.compress(b"{}")),
            "more behind the end of its gzip data",
            False,
            id="gzip data twice",
        ),
        pytest.param(
            saying(ZIPPED + b"\x1f\x8b\x08\x08" + b"\0" * 6, for_ever=b"name" * 1000),
            "more than 100000 bytes",
            False,
            id="a name in gzip for ever",
        ),
        pytest.param(
            saying(
                HEAD + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n",
                gzip.compress(gzip.compress(b"{}")),
            ),
            "in the encoding 'gzip, gzip'",
            False,
            id="packed twice",
        ),
        pytest.param(
            saying(HEAD + b"Content-Encoding: deflate\r\nConnection: close\r\n\r\n" + zlib.compress(b"{}")),
            "in the encoding 'deflate'",
            False,
            id="another packing",
        ),
    ],
)
async def test_cases_19_and_20_a_peer_that_misbehaves_is_cut_off(
    peer: Peer, words: str, passing: bool
) -> None:
    begin = asyncio.get_running_loop().time()
    tracemalloc.start()
    try:
        error = await failure(peer)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert words in str(error)
    assert error.passing is passing
    assert error.sent
    assert most < 4_000_000, "nor does it fill the memory"
    assert asyncio.get_running_loop().time() - begin < 5.0


async def test_a_long_token_in_a_header_is_read() -> None:
    token = b"t" * 20_000
    async with listening(
        saying(HEAD + b"X-Subject-Token: " + token + b"\r\nContent-Length: 2\r\n\r\n{}")
    ) as at:
        assert (await answered(at, replace(LIMITS, request_timeout=5.0))).headers[
            "x-subject-token"
        ] == token.decode()


async def test_a_login_goes_to_the_identity_service_only() -> None:
    heard: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(b"a connection")
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        await writer.drain()

    async with listening(peer) as images, listening(peer) as identity, open_session(LIMITS) as session:
        http = Http(session, (images,), Lanes(LIMITS), LIMITS, logins=(identity,))
        for place in (images, "http://127.0.0.1:1", "http://169.254.169.254"):
            with pytest.raises(Failure, match="is none of the identity services that logins go to") as caught:
                await http.post(place, URL(f"{place}/v3/auth/tokens"), {}, b"{}")
            assert not caught.value.sent
        assert heard == []
        assert (await http.post(identity, URL(f"{identity}/v3/auth/tokens"), {}, b"{}")).status == 200


async def test_an_encrypted_address_where_nobody_encrypts_is_sent_nothing() -> None:
    heard: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    async with server:
        address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Failure) as caught:
            await answered(address)
    assert caught.value.meaning is Meaning.TEMPORARY
    assert not any(b"GET" in text for text in heard)

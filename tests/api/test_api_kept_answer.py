"""Kept answers on the wire: given before a request is routed, and told from others by their moment only."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from search_api.caller import Caller
from tests.api.asking import Api, TokenAccess, serving
from tests.api.test_api_kept import Counting

PATH = "/v1/images?platform=Ubuntu&facets=platform"


@asynccontextmanager
async def _connected(api: Api) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(api.client.server.host, api.client.server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def _request(path: str = PATH, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: x", *lines, "", "")).encode()


async def _answer(reader: asyncio.StreamReader, *, bodiless: bool = False) -> tuple[str, set[str], bytes]:
    """Read one answer: its first line, its headers without the date, its body."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
    first, *lines = head.rstrip().split("\r\n")
    dates = [line for line in lines if line.startswith("Date: ")]
    assert len(dates) == 1
    assert re.fullmatch(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", dates[0])
    assert len({line.partition(":")[0].lower() for line in lines}) == len(lines)
    headers = {line for line in lines if line not in dates}
    length = next((int(line[16:]) for line in lines if line.startswith("Content-Length: ")), 0)
    return first, headers, b"" if bodiless else await reader.readexactly(length)


@asynccontextmanager
async def _keeping(folder: Path, path: str = PATH) -> AsyncIterator[tuple[Api, Counting]]:
    """Serve, with one answer that is kept."""
    counting = Counting()
    async with serving(folder, readers=counting) as api:
        for _ in range(2):
            assert (await api.get(path)).status == 200
        yield api, counting


@pytest.mark.parametrize("path", [PATH, "/v1/facets?platform=Ubuntu", "/v1/images"])
async def test_the_same_bytes_are_sent_as_the_first_time(folder: Path, path: str) -> None:
    async with serving(folder) as api, _connected(api) as (reader, writer):
        told = []
        for _ in range(3):
            writer.write(_request(path))
            told.append(await _answer(reader))
    assert told[0][0] == "HTTP/1.1 200 OK"
    assert told[0] == told[1] == told[2]


ASKED: Mapping[str, tuple[bytes, str, str | None, bool]] = {
    "whole": (_request(), "HTTP/1.1 200 OK", None, True),
    "the head": (_request(method="HEAD"), "HTTP/1.1 200 OK", None, True),
    "not again, for another": (_request(PATH, 'If-None-Match: W/"other"'), "HTTP/1.1 200 OK", None, True),
    "not again, for any": (_request(PATH, "If-None-Match: *"), "HTTP/1.1 304 Not Modified", None, True),
    "for the last time": (_request(PATH, "Connection: close"), "HTTP/1.1 200 OK", "Connection: close", False),
    "by HTTP/1.0": (_request(version="1.0"), "HTTP/1.0 200 OK", None, False),
    "by HTTP/1.0, and again": (
        _request(PATH, "Connection: keep-alive", version="1.0"),
        "HTTP/1.0 200 OK",
        "Connection: keep-alive",
        True,
    ),
}


@pytest.mark.parametrize(("request_bytes", "first", "header", "keeps"), ASKED.values(), ids=ASKED)
async def test_each_way_to_ask_gets_its_answer_without_the_engine(
    folder: Path, request_bytes: bytes, first: str, header: str | None, keeps: bool
) -> None:
    async with _keeping(folder) as (api, counting):
        before = counting.asked
        whole = (await api.get(PATH)).body
        async with _connected(api) as (reader, writer):
            writer.write(request_bytes)
            bodiless = request_bytes.startswith(b"HEAD")
            line, headers, body = await _answer(reader, bodiless=bodiless)
            if keeps:
                writer.write(_request())
                line_after, _, body_after = await _answer(reader)
                assert (line_after, body_after) == ("HTTP/1.1 200 OK", whole)
            else:
                assert await asyncio.wait_for(reader.read(), 5) == b""
        assert counting.asked == before
    assert line == first
    assert {one for one in headers if one.startswith("Connection: ")} == ({header} if header else set())
    assert body == (b"" if bodiless or "304" in first else whole)


@pytest.mark.parametrize(
    ("lines", "method", "status"),
    [
        pytest.param((), "DELETE", 405, id="another method"),
        pytest.param(("Content-Length: 0",), "POST", 405, id="a body"),
        pytest.param(("Expect: wonders",), "GET", 417, id="an expectation nobody meets"),
    ],
)
async def test_what_the_routes_refuse_is_refused_still(
    folder: Path, lines: tuple[str, ...], method: str, status: int
) -> None:
    async with _keeping(folder) as (api, _), _connected(api) as (reader, writer):
        writer.write(_request(PATH, *lines, method=method))
        first, headers, _ = await _answer(reader)
    assert first.split()[1] == str(status)
    assert "Content-Type: application/problem+json" in headers


async def test_who_waits_to_be_told_to_go_on_is_told(folder: Path) -> None:
    async with _keeping(folder) as (api, _), _connected(api) as (reader, writer):
        writer.write(_request(PATH, "Expect: 100-continue"))
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await _answer(reader))[0] == "HTTP/1.1 200 OK"


async def test_a_body_that_nobody_asked_for_is_no_further_request(folder: Path) -> None:
    async with _keeping(folder) as (api, _), _connected(api) as (reader, writer):
        body = _request("/healthz")
        writer.write(_request(PATH, f"Content-Length: {len(body)}") + body + _request("/v1/facets"))
        first = await _answer(reader)
        second = await _answer(reader)
    assert b'"images"' in first[2]
    assert b'"facets"' in second[2]


async def test_many_questions_at_once_are_answered_in_their_order(folder: Path) -> None:
    other = "/v1/images?platform=CentOS"
    async with _keeping(folder) as (api, _), _connected(api) as (reader, writer):
        wanted = [(await api.get(path)).body for path in (PATH, other)] * 20
        writer.write((_request() + _request(other)) * 20)
        assert [(await _answer(reader))[2] for _ in range(40)] == wanted


async def test_who_does_not_read_is_not_answered_on_and_on(folder: Path) -> None:
    path, many = "/v1/images?limit=1000", 3000
    async with _keeping(folder, path) as (api, _), _connected(api) as (reader, writer):
        size = len((await api.get(path)).body)
        assert size * many > 20_000_000, "more than the buffers of the machine take"
        server = _server(api)
        before = server.requests_count
        writer.write(_request(path) * many)
        answered, now = -1, 0
        while now > answered:
            answered = now
            for _ in range(50):
                assert (await api.get("/healthz")).status == 200
                before += 1
            now = server.requests_count - before
        assert 0 < answered < many / 2
        for _ in range(many):
            assert len((await _answer(reader))[2]) == size


def _server(api: Api) -> web.Server:
    runner = api.client.server.runner
    assert runner is not None
    assert runner.server is not None
    return runner.server


class CountingAccess(TokenAccess):
    def __init__(self) -> None:
        self.told = 0

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        self.told += 1
        return await super().caller(headers)


async def test_each_request_says_once_who_calls(folder: Path) -> None:
    access = CountingAccess()
    async with serving(folder, access) as api:
        for asked in range(1, 5):
            await api.get(PATH, by="alice")
            assert access.told == asked


@pytest.mark.parametrize("by", [None, "stranger"])
async def test_a_kept_answer_is_for_nobody_unknown(folder: Path, by: str | None) -> None:
    async with serving(folder, TokenAccess()) as api:
        for _ in range(3):
            assert (await api.get(PATH, by="operator")).status == 200
        refused = await api.get(PATH, by=by)
    assert refused.status == 401
    assert "ETag" not in refused.headers


@pytest.mark.parametrize("path", [PATH, "/v1/facets?platform=Ubuntu"])
async def test_a_search_that_fails_is_tried_and_logged_once(
    folder: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Counting()
    async with serving(folder, readers=counting) as api:
        assert (await api.get("/v1/images?platform=CentOS")).status == 200
        (disturbed,), before = counting.disturbed, counting.asked
        disturbed.broken.add((await disturbed.served()).generation)
        told = await api.get(path)
    assert (told.status, told.json["status"]) == (503, 503)
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert counting.asked == before + 1
    assert [one.message for one in caplog.records if one.name.startswith("search_api")] == [
        f"GET {path.partition('?')[0]}: broken"
    ]

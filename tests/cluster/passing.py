"""A proxy before a node that passes everything on, and lets a test see it or act in between."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

Before = Callable[[web.Request], Awaitable[None]]
"""Told of a request before it is passed on."""

After = Callable[[web.Request, int, bytes], None]
"""Told of a request and what the node answered."""

_LARGEST = 64 * 1024 * 1024


async def _nothing_before(_: web.Request) -> None:
    return None


def _nothing_after(_request: web.Request, _status: int, _body: bytes) -> None:
    return None


@asynccontextmanager
async def passing(
    url: str, before: Before = _nothing_before, after: After = _nothing_after
) -> AsyncIterator[str]:
    node = URL(url)
    async with aiohttp.ClientSession() as session:

        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            await before(request)
            headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
            async with session.request(
                request.method,
                node.join(request.rel_url),
                data=io.BytesIO(body) if body else None,
                headers=headers,
            ) as answer:
                told = await answer.read()
                after(request, answer.status, told)
                return web.Response(status=answer.status, body=told, content_type="application/json")

        application = web.Application(client_max_size=_LARGEST)
        application.router.add_route("*", "/{path:.*}", handle)
        server = TestServer(application)
        await server.start_server()
        try:
            yield str(server.make_url("/"))
        finally:
            await server.close()

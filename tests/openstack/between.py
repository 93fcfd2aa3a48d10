"""A proxy between the crawler and a service: it tells a test what is asked, and lets it act in the middle."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way: `number` counts those to the path from 1."""

    path: str
    query: dict[str, str]
    token: str
    number: int


Act = Callable[[Asked], None]
"""Called in a thread before a request goes on; what it does to the cloud has happened by then."""


@dataclass(slots=True)
class Between:
    """A proxy that runs: its address, what was asked through it, what to do before a request.

    A path that is `refused` is answered as by a policy that forbids it.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    before: Act | None = None
    refused: str | None = None


_SENT = ("X-Auth-Token", "Accept", "Content-Type")
_TOLD = ("Content-Type", "X-Subject-Token", "WWW-Authenticate")


@asynccontextmanager
async def between(service: str) -> AsyncIterator[Between]:
    """Stand in front of a service for the length of a `with`."""
    proxy = Between()

    async def pass_on(request: web.Request) -> web.Response:
        number = sum(one.path == request.path for one in proxy.asked) + 1
        token = request.headers.get("X-Auth-Token", "")
        asked = Asked(request.path, dict(parse_qsl(request.query_string)), token, number)
        proxy.asked.append(asked)
        if proxy.before is not None:
            await asyncio.to_thread(proxy.before, asked)
        if request.path == proxy.refused:
            return web.Response(status=403, text="<h1>Forbidden</h1>", content_type="text/html")
        kept = {name: request.headers[name] for name in _SENT if name in request.headers}
        async with session.request(
            request.method,
            f"{service}{request.raw_path}",
            headers=kept,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            told = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=told)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", pass_on)
    async with aiohttp.ClientSession() as session:
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield proxy
        finally:
            await runner.cleanup()

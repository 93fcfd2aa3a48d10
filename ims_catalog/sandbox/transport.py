"""`send`: an answer as it goes over the wire, whole or spoilt by a fault."""

import asyncio
import zlib

from aiohttp import web

from ims_catalog.sandbox.answer import Answer
from ims_catalog.sandbox.fault import Cut, Effect, Flood, HalfClose, Hang, Rewrite, Trickle

_BLOCK = b" " * 65_536


async def send(
    request: web.Request, answer: Answer, effect: Effect | None, closing: asyncio.Event
) -> web.StreamResponse:
    """Send `answer` as `effect` has it; a request that hangs does so until `closing` is set."""
    match effect:
        case Hang():
            await closing.wait()
            return web.Response(status=503)
        case Cut(after) | HalfClose(after):
            return await _cut(request, answer, after, closing if isinstance(effect, HalfClose) else None)
        case Flood(size, compressed):
            return await _flood(request, size, compressed=compressed)
        case Trickle(pause):
            return await _trickle(request, answer, pause, closing)
        case Rewrite(change):
            return _whole(answer, change(answer.body))
        case _:
            return _whole(answer, answer.body)


def _whole(answer: Answer, body: bytes) -> web.Response:
    return web.Response(
        status=answer.status, body=body, headers=answer.headers, content_type=answer.content_type
    )


async def _cut(
    request: web.Request, answer: Answer, after: int, listening_until: asyncio.Event | None
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[:after])
    transport = request.transport
    if listening_until is not None and isinstance(transport, asyncio.WriteTransport):
        transport.write_eof()
        await listening_until.wait()
    elif transport is not None:
        transport.close()
    return response


async def _trickle(
    request: web.Request, answer: Answer, pause: float, closing: asyncio.Event
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    response.content_length = len(answer.body)
    await response.prepare(request)
    try:
        for at in range(len(answer.body)):
            if closing.is_set():
                break
            await response.write(answer.body[at : at + 1])
            await asyncio.sleep(pause)
    except ConnectionError:
        # The reader did not wait for the rest.
        return response
    return response


async def _flood(request: web.Request, size: int, *, compressed: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    squeeze = zlib.compressobj(wbits=31) if compressed else None
    if squeeze is not None:
        response.headers["Content-Encoding"] = "gzip"
    await response.prepare(request)
    try:
        for start in range(0, size, len(_BLOCK)):
            block = _BLOCK[: size - start]
            ready = block if squeeze is None else squeeze.compress(block)
            if ready:
                await response.write(ready)
            await asyncio.sleep(0)
        if squeeze is not None:
            await response.write(squeeze.flush())
    except ConnectionError:
        # The reader has had enough, which is what it should do.
        return response
    return response

"""The middleware that asks once more where a generation went away under a question."""

from aiohttp import web
from aiohttp.typedefs import Handler

from engines.base import GenerationGone
from search_api.routes.keys import SERVICE


@web.middleware
async def again(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer; if the generation that should have answered is gone and another is served, from that one.

    A cursor into the one that is gone gets no other answer the second time.
    """
    try:
        return await handler(request)
    except GenerationGone:
        if not await request.app[SERVICE].catalogue.renew():
            raise
    return await handler(request)

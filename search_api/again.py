"""The middleware that asks once more where a generation went away under a question."""

from aiohttp import web
from aiohttp.typedefs import Handler

from engines.base import EngineUnavailable, GenerationGone
from search_api.routes.keys import SERVICE
from search_api.served import CursorGone


@web.middleware
async def again(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer; if the generation that should have answered is gone and another is served, from that one.

    Only a cursor can name one that is gone for good; for who named none the engine does not answer.
    """
    catalogue = request.app[SERVICE].catalogue
    before = catalogue.ready
    try:
        return await handler(request)
    except CursorGone:
        raise
    except GenerationGone as error:
        gone = str(error)
    try:
        await catalogue.renew()
        if catalogue.ready == before:
            raise EngineUnavailable(gone)
        return await handler(request)
    except CursorGone:
        raise
    except GenerationGone as error:
        raise EngineUnavailable(str(error)) from None

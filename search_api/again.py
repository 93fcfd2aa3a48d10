"""Asking once more where a generation went away under a question."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from engines.base import EngineUnavailable, GenerationGone
from search_api.routes.keys import SERVICE
from search_api.served import CursorGone, ServedCatalogue


@web.middleware
async def again(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer; if the generation that should have answered is gone and another is served, from that one."""
    return await from_served(request.app[SERVICE].catalogue, lambda: handler(request))


async def from_served(
    catalogue: ServedCatalogue, answer: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Give an answer from what is served, also where that changes meanwhile.

    Only a cursor can name a generation that is gone for good; for who named none the engine does not answer.
    """
    before = catalogue.ready
    try:
        return await answer()
    except CursorGone:
        raise
    except GenerationGone as error:
        gone = str(error)
    try:
        await catalogue.renew()
        if catalogue.ready == before:
            raise EngineUnavailable(gone)
        return await answer()
    except CursorGone:
        raise
    except GenerationGone as error:
        raise EngineUnavailable(str(error)) from None

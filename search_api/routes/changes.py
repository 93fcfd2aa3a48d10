"""`/v1/changes`: what became of images."""

from aiohttp import web

from search_api.changes import changes as told
from search_api.routes.keys import CURSOR_KEY, SERVICE, caller_of, pairs_of
from search_api.routes.response import tagged


async def changes(request: web.Request) -> web.Response:
    """Answer with changes, oldest first."""
    caller = await caller_of(request)
    return tagged(
        request, await told(request.app[SERVICE], caller, pairs_of(request), request.app[CURSOR_KEY])
    )

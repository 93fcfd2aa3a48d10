"""`/v1/changes`: what became of images."""

import orjson
from aiohttp import web

from search_api.changes import changes as told
from search_api.routes.keys import CURSOR_KEY, SERVICE, caller_of, pairs_of
from search_api.routes.response import json_response


async def changes(request: web.Request) -> web.Response:
    """Answer with changes, oldest first. No two answers are alike, as each goes on from its own place."""
    caller = await caller_of(request)
    page = await told(request.app[SERVICE], caller, pairs_of(request), request.app[CURSOR_KEY])
    return json_response(orjson.dumps(page))

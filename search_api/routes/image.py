"""`/v1/images/{id}` and `/v1/images/{id}/raw`."""

from aiohttp import web

from search_api.lookup import image, raw_record
from search_api.routes.keys import SERVICE, caller_of, pairs_of
from search_api.routes.response import tagged


async def by_id(request: web.Request) -> web.Response:
    """Answer with the images of an id."""
    caller = await caller_of(request)
    service, identity = request.app[SERVICE], request.match_info["id"]
    return tagged(request, await image(service, caller, identity, pairs_of(request)))


async def raw(request: web.Request) -> web.Response:
    """Answer with the record of an image as the cloud sent it."""
    caller = await caller_of(request)
    service, identity = request.app[SERVICE], request.match_info["id"]
    return tagged(request, await raw_record(service, caller, identity, pairs_of(request)))

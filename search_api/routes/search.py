"""`/v1/images`, `/v1/images/search` and `/v1/facets`."""

from aiohttp import web

from search_api.routes.keys import SERVICE, caller_of, pairs_of
from search_api.routes.response import json_response, unchanged


async def search(request: web.Request) -> web.Response:
    """Answer a search by its parameters."""
    service = request.app[SERVICE]
    prepared = await service.prepare(await caller_of(request), pairs_of(request))
    kept = unchanged(request, prepared.etag)
    return kept or json_response(await service.answer(prepared), prepared.etag)


async def search_by_body(request: web.Request) -> web.Response:
    """Answer a search by its JSON body."""
    service = request.app[SERVICE]
    caller = await caller_of(request)
    prepared = await service.prepare_body(caller, await request.read())
    return json_response(await service.answer(prepared))


async def facets(request: web.Request) -> web.Response:
    """Answer a search with its counts only."""
    service = request.app[SERVICE]
    prepared = await service.prepare(await caller_of(request), pairs_of(request))
    etag = f"{prepared.etag}-facets"
    return unchanged(request, etag) or json_response(await service.counts(prepared), etag)

"""`/v1/images`, `/v1/images/search` and `/v1/facets`."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from search_api.caller import Caller
from search_api.problem import ProblemError
from search_api.routes.keys import DEADLINES, SERVICE, caller_of, pairs_of
from search_api.routes.response import json_response, unchanged
from search_api.routes.written import whole_response
from search_api.service import Form, Service, etag_of


async def search(request: web.Request) -> web.StreamResponse:
    """Answer a search by its parameters."""
    return await _by_parameters(request, Form.IMAGES)


async def facets(request: web.Request) -> web.StreamResponse:
    """Answer a search with its counts only."""
    return await _by_parameters(request, Form.FACETS)


async def _by_parameters(request: web.Request, form: Form) -> web.StreamResponse:
    service, caller = request.app[SERVICE], await caller_of(request)
    return await answer_search(request, service, caller, form, request.rel_url.raw_query_string)


async def answer_search(
    request: web.BaseRequest, service: Service, caller: Caller, form: Form, words: str
) -> web.StreamResponse:
    """Answer a search by its parameters, whose query string is `words`. Raises ProblemError, EngineError."""
    prepared = await service.prepare(caller, pairs_of(request))
    known = unchanged(request, etag_of(prepared, form))
    if known is not None:
        return known
    told = await service.tell(prepared, form, words)
    return whole_response(request, told.body, told.etag)


async def search_by_body(request: web.Request) -> web.Response:
    """Answer a search by its JSON body."""
    service = request.app[SERVICE]
    caller = await caller_of(request)
    prepared = await service.prepare_body(caller, await _body(request))
    return json_response(await service.answer(prepared))


async def only_by_body(request: web.Request) -> web.Response:
    """Refuse to take the name of the route for an id."""
    await caller_of(request)
    raise web.HTTPMethodNotAllowed(request.method, ("POST",))


async def _body(request: web.Request) -> bytes:
    """Read the body. Raises ProblemError if it does not come whole and in time."""
    deadline = request.app[DEADLINES].body
    try:
        async with asyncio.timeout(deadline):
            return await request.read()
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT,
            "body-too-slow",
            f"The body did not come within {deadline:g} seconds.",
            headers=(("Connection", "close"),),
        ) from None
    except (web.RequestPayloadError, ConnectionError):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "bad-body", "The body did not come whole, or not as its headers say."
        ) from None

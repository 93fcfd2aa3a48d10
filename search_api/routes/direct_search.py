"""`DirectSearch`: searches by a query string, answered before a request is routed."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from search_api.again import from_served
from search_api.boundary import bounded
from search_api.caller import Access
from search_api.routes.response import unchanged
from search_api.routes.search import answer_search
from search_api.routes.written import whole_response
from search_api.service import Form, Service

FORMS: Mapping[str, Form] = {"/v1/images": Form.IMAGES, "/v1/facets": Form.FACETS}
"""Paths of searches by a query string, as they are mostly written; others are known by the router."""


@dataclass(frozen=True, slots=True)
class DirectSearch:
    """Answers what is asked most without the router: as it was answered lately, to the same caller and while
    that is true, or anew. What is around every answer is around these too.
    """

    service: Service
    access: Access

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Answer a search; None for all other requests, which then take their way through the routes."""
        path, _, words = request.raw_path.partition("?")
        form = FORMS.get(path)
        if form is None or request.method not in {"GET", "HEAD"} or "Expect" in request.headers:
            return None

        async def search() -> web.StreamResponse:
            caller = await self.access.caller(request.headers)
            told = await self.service.told(caller, form, words)
            if told is None:
                return await answer_search(request, self.service, caller, form, words)
            return unchanged(request, told.etag) or whole_response(request, told.body, told.etag)

        return await bounded(request, lambda: from_served(self.service.catalogue, search))

"""`DirectSearch`: searches by a query string, answered before a request is routed."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from search_api.caller import Access
from search_api.limits import QUERY_STRING
from search_api.routes.keys import CALLER
from search_api.routes.response import unchanged
from search_api.routes.search import answer_search
from search_api.routes.written import whole_response
from search_api.service import Form, Service

FORMS: Mapping[str, Form] = {"/v1/images": Form.IMAGES, "/v1/facets": Form.FACETS}
"""Paths of searches by a query string, as they are mostly written; others are known by the router."""


@dataclass(frozen=True, slots=True)
class DirectSearch:
    """Answers what is asked most without the router and its middlewares: as it was answered lately, to the
    same caller and while that is true, or anew.
    """

    service: Service
    access: Access

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Answer a search; None for all other requests, which then take their way through the routes.

        So does a search that cannot be answered: what goes wrong here goes wrong there again, and is told
        there.
        """
        path, _, words = request.raw_path.partition("?")
        form = FORMS.get(path)
        if form is None or request.method not in {"GET", "HEAD"} or "Expect" in request.headers:
            return None
        try:
            caller = await self.access.caller(request.headers)
            told = await self.service.told(caller, form, words)
            if told is not None:
                return unchanged(request, told.etag) or whole_response(request, told.body, told.etag)
            request[CALLER] = caller
            if len(request.rel_url.raw_query_string) > QUERY_STRING:
                return None
            return await answer_search(request, self.service, caller, form, words)
        except Exception:
            return None

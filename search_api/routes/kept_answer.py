"""`KeptAnswers`: what was answered lately, given again before a request is routed."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from engines.base import EngineError
from search_api.caller import Access
from search_api.problem import ProblemError
from search_api.routes.keys import CALLER
from search_api.routes.response import unchanged
from search_api.routes.written import whole_response
from search_api.service import Form, Service

FORMS: Mapping[str, Form] = {"/v1/images": Form.IMAGES, "/v1/facets": Form.FACETS}
"""Paths of searches by a query string, as they are mostly written; others are known by the router."""


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Answers searches whose words were answered lately to the same caller, while that is still true."""

    service: Service
    access: Access

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Give the kept answer, None where there is none: the request then takes its way through the routes.

        What goes wrong here goes wrong there again, and is told there.
        """
        path, _, words = request.raw_path.partition("?")
        form = FORMS.get(path)
        if form is None or request.method not in {"GET", "HEAD"} or "Expect" in request.headers:
            return None
        try:
            caller = await self.access.caller(request.headers)
            told = await self.service.told(caller, form, words)
        except (ProblemError, EngineError):
            return None
        if told is None:
            request[CALLER] = caller
            return None
        return unchanged(request, told.etag) or whole_response(request, told.body, told.etag)

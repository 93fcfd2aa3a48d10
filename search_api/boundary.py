"""What is around every answer: limits before it, security headers and the one shape of errors after."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from engines.base import EngineError
from search_api.limits import QUERY_STRING
from search_api.problem import ProblemError, engine_problem
from search_api.routes.response import problem_response, secure

_log = logging.getLogger(__name__)


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with the route's response, or with a problem."""
    return await bounded(request, lambda: handler(request))


async def bounded(
    request: web.BaseRequest, answer: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Give an answer, or the problem that kept it from being given."""
    try:
        _check_size(request)
        response = await answer()
    except ProblemError as error:
        response = problem_response(error)
    except EngineError as error:
        # As it was sent, quoted: no path breaks the line. What was asked stays out of the log.
        _log.warning("%s %s: %s", request.method, request.rel_url.raw_path, error)
        response = problem_response(engine_problem(error))
    except web.HTTPException as error:
        response = problem_response(http_problem(error))
    except Exception:
        _log.exception("a request could not be answered")
        response = problem_response(_INTERNAL)
    return secure(response)


def _check_size(request: web.BaseRequest) -> None:
    size = len(request.rel_url.raw_query_string)
    if size > QUERY_STRING:
        raise ProblemError(
            HTTPStatus.REQUEST_URI_TOO_LONG,
            "query-too-long",
            f"The query string has {size} bytes; at most {QUERY_STRING}. POST /v1/images/search takes more.",
        )


def http_problem(error: web.HTTPException) -> ProblemError:
    """Put an error of the HTTP layer into our shape."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return ProblemError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "method-not-allowed",
                f"{error.method} is not possible here; allowed: {allowed}.",
                headers=(("Allow", allowed),),
            )
        case web.HTTPRequestEntityTooLarge():
            return ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", "The body is too large."
            )
        case web.HTTPNotFound():
            return ProblemError(
                HTTPStatus.NOT_FOUND, "unknown-route", "There is no such route; GET / lists them."
            )
        case _:
            status = HTTPStatus(error.status)
            return ProblemError(status, "http", status.phrase)


_INTERNAL = ProblemError(
    HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The request could not be answered; the log says why."
)

"""`ConnectionRunner`: runs an application on connections that answer everything in our shape, in time.

What is no HTTP never reaches the application, and the server's own words for it are plain text with a logged
traceback. Nothing public of aiohttp sets these, nor a deadline for the head of a request: hence a protocol of
our own, which changes these and nothing else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from search_api.boundary import http_problem
from search_api.deadlines import Deadlines
from search_api.limits import CONNECTIONS, REQUEST_LINE
from search_api.problem import ProblemError
from search_api.routes.response import problem_response

_log = logging.getLogger(__name__)

_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
First = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Answers what needs no application; None for what does."""


class ConnectionRunner(web.AppRunner):
    """Runs the service: it takes request lines so long that our own limits can be told."""

    def __init__(
        self,
        app: web.Application,
        deadlines: Deadlines,
        *,
        shutdown_timeout: float,
        connections: int = CONNECTIONS,
        first: First | None = None,
    ) -> None:
        super().__init__(app, shutdown_timeout=shutdown_timeout)
        self._deadlines = deadlines
        self._connections = connections
        self._first = first

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._first, self._deadlines, self._connections)


class _Server(web.Server):
    def __init__(self, made: web.Server, first: First | None, deadlines: Deadlines, connections: int) -> None:
        super().__init__(_answering(made.request_handler, first), request_factory=made.request_factory)
        self._deadlines = deadlines
        self._most = connections

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._deadlines)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._most:
            handler.force_close()


class _Connection(web.RequestHandler):
    __slots__ = ("_head_deadline", "_head_timer")

    def __init__(self, server: web.Server, deadlines: Deadlines) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=deadlines.idle,
            lingering_time=deadlines.linger,
            max_line_size=REQUEST_LINE,
        )
        self._head_deadline = deadlines.head
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is None and self._is_waiting():
            self._await_head()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request, and what failed around the application."""
        del message
        if not isinstance(exc, HttpProcessingError):
            _log.error("a request could not be answered", exc_info=exc)
        # A second answer behind a part of the first would be read as a part of it.
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        response = problem_response(_protocol_problem(status, exc))
        response.force_close()
        return response

    def log_exception(self, *args: object, **named: object) -> None:
        """Log what went wrong with us; a body that nobody could read has been answered already."""
        if not isinstance(named.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **named)

    def _await_head(self) -> None:
        self._head_timer = self._loop.call_later(self._head_deadline, self._cut, self._request_count)

    def _cut(self, requests: int) -> None:
        """Close, if no request has come since the deadline was set."""
        self._head_timer = None
        if requests == self._request_count and self._is_waiting():
            self.force_close()

    def _is_waiting(self) -> bool:
        """Whether the next request is waited for, whole or the rest of it."""
        return self._waiter is not None and not self._waiter.done()


def _answering(handler: _Handler, first: First | None) -> _Handler:
    """Give an answer also where the application raises one before its middleware begins."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if first is not None:
            answered = await first(request)
            if answered is not None:
                return answered
        try:
            return await handler(request)
        except web.HTTPException as error:
            return problem_response(http_problem(error))

    return answer


def _protocol_problem(status: int, error: BaseException | None) -> ProblemError:
    match error:
        case LineTooLong():
            return ProblemError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head-too-large",
                "The first line or a header of the request is too long.",
            )
        case HttpProcessingError():
            return ProblemError(
                HTTPStatus.BAD_REQUEST,
                "bad-request",
                "This is no request of HTTP/1.1 that can be understood.",
            )
        case _:
            return ProblemError(HTTPStatus(status), "internal", "The request could not be answered.")

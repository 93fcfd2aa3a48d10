"""`application`: the HTTP service, composed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from aiohttp import web

from engines.base import EngineError, Readers
from engines.clock import Clock
from engines.ledger import Ledger
from search_api.again import again
from search_api.boundary import boundary
from search_api.caller import Access, OpenAccess
from search_api.connection import ConnectionRunner
from search_api.deadlines import Deadlines
from search_api.limits import BODY
from search_api.routes.changes import changes
from search_api.routes.direct_search import DirectSearch
from search_api.routes.fields import fields
from search_api.routes.health import health, readiness
from search_api.routes.image import by_id, raw
from search_api.routes.index import index
from search_api.routes.keys import ACCESS, CLOCK, CURSOR_KEY, DEADLINES, LEDGER, READERS, SERVICE
from search_api.routes.runs import run, runs
from search_api.routes.search import facets, only_by_body, search, search_by_body
from search_api.service import Service

FOLLOW_SECONDS = 1.0


def application(
    *,
    readers: Readers,
    ledger: Ledger,
    clock: Clock,
    cursor_key: bytes,
    access: Access | None = None,
    question_now: Callable[[], datetime] | None = None,
    deadlines: Deadlines | None = None,
) -> web.Application:
    """Compose the service. It closes readers and ledger when it ends.

    `cursor_key` is shared by all processes that answer on one address. Without `access` everyone is the
    operator. `question_now` is what questions take for now, where it is not the clock's.
    """
    app = web.Application(middlewares=[boundary, again], client_max_size=BODY)
    app[READERS] = readers
    app[LEDGER] = ledger
    app[CLOCK] = clock
    app[CURSOR_KEY] = cursor_key
    app[DEADLINES] = deadlines or Deadlines()
    app[ACCESS] = access or OpenAccess()
    app[SERVICE] = Service(
        readers=readers, ledger=ledger, clock=clock, cursor_key=cursor_key, question_now=question_now
    )
    app.cleanup_ctx.append(_closing)
    app.cleanup_ctx.append(_following)
    app.router.add_get("/", index)
    app.router.add_get("/v1/images", search)
    app.router.add_post("/v1/images/search", search_by_body)
    app.router.add_route("*", "/v1/images/search", only_by_body)
    app.router.add_get("/v1/images/{id}", by_id)
    app.router.add_get("/v1/images/{id}/raw", raw)
    app.router.add_get("/v1/facets", facets)
    app.router.add_get("/v1/fields", fields)
    app.router.add_get("/v1/runs", runs)
    app.router.add_get("/v1/runs/{run}", run)
    app.router.add_get("/v1/changes", changes)
    app.router.add_get("/healthz", health)
    app.router.add_get("/readyz", readiness)
    return app


def runner(app: web.Application, shutdown_timeout: float = 10.0) -> web.AppRunner:
    """Give what runs the service on connections."""
    direct = DirectSearch(app[SERVICE], app[ACCESS])
    return ConnectionRunner(app, app[DEADLINES], shutdown_timeout=shutdown_timeout, first=direct.answer)


async def _closing(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[SERVICE].close()
    await app[READERS].close()
    await app[LEDGER].close()


async def _following(app: web.Application) -> AsyncIterator[None]:
    """Take over what is new without waiting for a request, which would still get what was before."""
    task = asyncio.create_task(_follow(app[SERVICE], app[CLOCK]))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _follow(service: Service, clock: Clock) -> None:
    while True:
        # Whatever is wrong is told to those who ask.
        with contextlib.suppress(EngineError):
            await service.follow()
        await clock.sleep(FOLLOW_SECONDS)

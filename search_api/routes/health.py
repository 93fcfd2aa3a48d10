"""`/healthz`, whether the process answers, and `/readyz`, whether it can answer questions."""

import orjson
from aiohttp import web

from engines.base import EngineError
from search_api.catalog import confirmed, moment
from search_api.problem import engine_problem
from search_api.routes.keys import CLOCK, READERS, SERVICE, no_parameters
from search_api.routes.response import problem_response

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


async def health(request: web.Request) -> web.Response:
    """Say that the process answers."""
    no_parameters(request)
    return web.Response(body=b'{"status":"ok"}', headers=_HEADERS)


async def readiness(request: web.Request) -> web.Response:
    """Say whether questions are answered, from which generation, and how old what is told of it is.

    It is as old as the oldest listing that stands for a scope: runs that fail, or hold it, or leave it out do
    not make it younger.

    200 `ready`; 200 `degraded` where a newer generation cannot be taken over and the old one answers; 503
    where there is nothing to answer from.
    """
    no_parameters(request)
    try:
        service = request.app[SERVICE]
        generation = (await service.catalogue.current()).generation
        since = confirmed((await service.ledger.current(generation)).states.values())
    except EngineError as error:
        return problem_response(engine_problem(error))
    degraded = request.app[READERS].problem is not None
    age = None if since is None else (request.app[CLOCK].now() - since).total_seconds()
    body = {
        "status": "degraded" if degraded else "ready",
        "generation": generation,
        "confirmed": moment(since),
        "age_seconds": None if age is None else round(age, 3),
        "problem": _PROBLEM if degraded else None,
    }
    return web.Response(body=orjson.dumps(body), headers=_HEADERS)


_PROBLEM = "A newer generation was published that cannot be read; the log says why."

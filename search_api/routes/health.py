"""`/healthz`, whether the process answers, and `/readyz`, whether it can answer questions."""

import orjson
from aiohttp import web

from engines.base import EngineError
from engines.ledger import Ledger, Outcome, Run
from search_api.catalog import moment
from search_api.problem import engine_problem
from search_api.routes.keys import CLOCK, LEDGER, READERS, SERVICE, no_parameters
from search_api.routes.response import problem_response

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_LOOKED_AT = 20
"""Runs among which the last one that confirmed the scopes is looked for."""


async def health(request: web.Request) -> web.Response:
    """Say that the process answers."""
    no_parameters(request)
    return web.Response(body=b'{"status":"ok"}', headers=_HEADERS)


async def readiness(request: web.Request) -> web.Response:
    """Say whether questions are answered, from which generation, and how old the last confirming run is.

    200 `ready`; 200 `degraded` where a newer generation cannot be taken over and the old one answers; 503
    where there is nothing to answer from.
    """
    no_parameters(request)
    try:
        served = await request.app[SERVICE].catalogue.current()
        confirmed = await _confirmed(request.app[LEDGER], served.generation)
    except EngineError as error:
        return problem_response(engine_problem(error))
    degraded = request.app[READERS].problem is not None
    age = None if confirmed is None else (request.app[CLOCK].now() - confirmed.finished).total_seconds()
    body = {
        "status": "degraded" if degraded else "ready",
        "generation": served.generation,
        "confirmed": None if confirmed is None else moment(confirmed.finished),
        "age_seconds": None if age is None else round(age, 3),
        "problem": _PROBLEM if degraded else None,
    }
    return web.Response(body=orjson.dumps(body), headers=_HEADERS)


async def _confirmed(ledger: Ledger, generation: str) -> Run | None:
    """Find the last run that published a generation, or found all as it has it."""
    runs = await ledger.runs(_LOOKED_AT)
    return next(
        (run for run in runs if run.outcome is not Outcome.FAILED and run.generation == generation), None
    )


_PROBLEM = "A newer generation was published that cannot be read; the log says why."

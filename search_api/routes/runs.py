"""`/v1/runs`: what the crawls did."""

import hashlib
import re
from http import HTTPStatus

import orjson
from aiohttp import web

from engines.ledger import Run
from engines.query import Position
from search_api.caller import Caller
from search_api.catalog import may_know, moment
from search_api.cursor import Cursor, CursorError, read_cursor, write_cursor
from search_api.limits import DEFAULT_RUNS, RUNS
from search_api.naming import near
from search_api.problem import Mistake, ProblemError, refused
from search_api.routes.keys import CURSOR_KEY, LEDGER, caller_of, no_parameters, pairs_of
from search_api.routes.response import tagged

_PARAMETERS = ("limit", "cursor")
_DIGITS = re.compile("[0-9]{1,4}")
_MARK = hashlib.blake2b(b"runs", digest_size=12).digest()
"""Stands in the cursors of this route instead of a question."""


async def runs(request: web.Request) -> web.Response:
    """Answer with runs, newest first."""
    caller, key = await caller_of(request), request.app[CURSOR_KEY]
    limit, before = _read(pairs_of(request), key)
    found = await request.app[LEDGER].runs(limit + 1, before)
    shown = found[:limit]
    cursor = None
    if len(found) > limit:
        cursor = write_cursor(Cursor("", 0, Position((), shown[-1].run), _MARK), key)
    return tagged(request, orjson.dumps({"runs": [_shown(run, caller) for run in shown], "next": cursor}))


async def run(request: web.Request) -> web.Response:
    """Answer with one run."""
    caller = await caller_of(request)
    no_parameters(request)
    found = await request.app[LEDGER].run(request.match_info["run"][:_LONGEST_NAME])
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-run", "No run of this name is kept.")
    return tagged(request, orjson.dumps(_shown(found, caller)))


_LONGEST_NAME = 64


def _read(pairs: tuple[tuple[str, str], ...], key: bytes) -> tuple[int, str | None]:
    limit, before = DEFAULT_RUNS, None
    for name, value in pairs:
        match name:
            case "limit":
                if not (_DIGITS.fullmatch(value) and 1 <= int(value) <= RUNS):
                    raise refused(Mistake(parameter=name, detail=f"is no whole number from 1 to {RUNS}"))
                limit = int(value)
            case "cursor":
                before = _run_before(value, key)
            case _:
                raise refused(
                    Mistake(
                        parameter=name[:64],
                        detail="is not a parameter of runs",
                        allowed=_PARAMETERS,
                        did_you_mean=near(name, _PARAMETERS),
                    )
                )
    return limit, before


def _run_before(text: str, key: bytes) -> str:
    try:
        cursor = read_cursor(text, key)
    except CursorError:
        raise refused(Mistake(parameter="cursor", detail="is not one that this service gave")) from None
    if cursor.fingerprint != _MARK:
        raise refused(Mistake(parameter="cursor", detail="belongs to another question"))
    return cursor.position.key


def _shown(run: Run, caller: Caller) -> dict[str, object]:
    """Show a run; what became of all tenants together is for the operator only."""
    told = caller.projects is None
    return {
        "run": run.run,
        "started": moment(run.started),
        "finished": moment(run.finished),
        "outcome": run.outcome if told else None,
        "exit": run.exit if told else None,
        "reason": run.reason if told else None,
        "generation": run.generation,
        "documents": run.documents if told else None,
        "added": run.added if told else None,
        "changed": run.changed if told else None,
        "removed": run.removed if told else None,
        "unlisted": run.unlisted if told else None,
        "refused": run.refused if told else None,
        "left_out": run.left_out if told else None,
        "problems": run.problems if told else None,
        "notes": run.notes if told else None,
        "scopes": [
            {
                "scope": scope.scope,
                "state": scope.state,
                "held": scope.held,
                "reason": scope.reason,
                "last_complete": moment(scope.last_complete),
                "seen": scope.seen,
                "carried": scope.carried,
                "unlisted": scope.unlisted,
                "pages": scope.pages,
                "took": round(scope.took, 3),
            }
            for scope in run.scopes
            if may_know(scope.scope, caller)
        ],
    }

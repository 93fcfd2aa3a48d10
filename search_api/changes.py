"""`changes`: what became of images, run by run, for who follows them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import orjson

from engines.ledger import RIGHTS, ImageChange
from engines.query import Position, Query
from mappings.date import to_datetime
from mappings.document import key_parts, restore
from mappings.fields import field_named
from mappings.filter import Condition, conditions
from search_api.access import sees
from search_api.caller import Caller
from search_api.catalog import moment
from search_api.cursor import Cursor, CursorError, read_cursor, write_cursor
from search_api.limits import CHANGES, DEFAULT_CHANGES, SCANNED_CHANGES
from search_api.problem import Mistake, ProblemError, refused
from search_api.question.term import ValueProblem
from search_api.service import Service

Pairs = Iterable[tuple[str, str]]

_OWN = ("since", "limit", "cursor")
_NOT_HERE = ("facets", "histograms", "pivot", "sum", "sort", "fields")
_DIGITS = re.compile(r"[0-9]{1,4}")
_RUN = re.compile(r"[0-9]{8}t[0-9]{6}z-[0-9a-f]{6}")
_AT_ONCE = 500


async def changes(service: Service, caller: Caller, pairs: Pairs, key: bytes) -> bytes:
    """Give changes as JSON, oldest first: those of images that the question means and the caller may see.

    `next` is always given: asked with it again, what happened meanwhile is told. Raises ProblemError and
    EngineError.
    """
    given = tuple(pairs)
    wanted = _read(given, key)
    asked_at = service.minute() if wanted.cursor is None else wanted.cursor.asked_at
    query, mark = await service.prepare_changes(
        caller, [pair for pair in given if pair[0] not in _OWN], asked_at
    )
    asked = _Asked(query, caller)
    if wanted.cursor is not None and wanted.cursor.fingerprint != mark:
        raise refused(
            Mistake(parameter="cursor", detail="belongs to another question; all but limit must stay")
        )
    extent = await service.journal.extent()
    after = 0 if wanted.cursor is None else int(wanted.cursor.position.key)
    if wanted.cursor is not None and after < extent.dropped:
        raise ProblemError(
            HTTPStatus.GONE,
            "changes-gone",
            "Changes behind this cursor are no longer kept. Ask anew with since, or read all images.",
        )
    since = None if wanted.since is None else await _since(service, wanted.since, to_datetime(asked_at))
    found, reached = await _scan(service, asked, after, since, wanted.limit)
    at = max(reached, extent.dropped)
    cursor = write_cursor(Cursor("", asked_at, Position((), str(at)), mark), key)
    return orjson.dumps({"changes": [_shown(one) for one in found], "next": cursor})


def told_to(caller: Caller, change: ImageChange) -> bool:
    """Tell whether a change concerns a caller at all: for the operator an image does not go with a right."""
    return caller.projects is not None or not change.of_rights


@dataclass(frozen=True, slots=True)
class _Asked:
    query: Query
    caller: Caller


async def _scan(
    service: Service, asked: _Asked, after: int, since: datetime | None, limit: int
) -> tuple[Sequence[ImageChange], int]:
    """Give what is asked for, and the position up to which all was looked at."""
    found: list[ImageChange] = []
    last = (await service.journal.extent()).last
    for _ in range(SCANNED_CHANGES // _AT_ONCE):
        page = await service.journal.changes(after, _AT_ONCE, since)
        for change in page:
            after = change.position
            if told_to(asked.caller, change) and sees(asked.query, asked.caller, restore(change.stored)):
                found.append(change)
                if len(found) == limit:
                    return found, after
        if len(page) < _AT_ONCE:
            return found, max(after, last)
    return found, after


@dataclass(frozen=True, slots=True)
class _Wanted:
    since: str | None
    limit: int
    cursor: Cursor | None


def _read(pairs: Sequence[tuple[str, str]], key: bytes) -> _Wanted:
    since, limit, cursor = None, DEFAULT_CHANGES, None
    names = [name for name, _ in pairs]
    for name in _OWN:
        if names.count(name) > 1:
            raise refused(Mistake(parameter=name, detail="is given twice; allowed: once"))
    for name, value in pairs:
        match name:
            case "since":
                since = value
            case "limit":
                if not (_DIGITS.fullmatch(value) and 1 <= int(value) <= CHANGES):
                    raise refused(Mistake(parameter=name, detail=f"is no whole number from 1 to {CHANGES}"))
                limit = int(value)
            case "cursor":
                cursor = _opened(value, key)
            case _ if name in _NOT_HERE:
                detail = "is not a parameter of changes, which take a question and these"
                raise refused(Mistake(parameter=name, detail=detail, allowed=_OWN))
    if since is not None and cursor is not None:
        raise refused(
            Mistake(parameter="since", detail="is for the first page; a cursor goes on from its own")
        )
    return _Wanted(since, limit, cursor)


def _opened(text: str, key: bytes) -> Cursor:
    try:
        cursor = read_cursor(text, key)
    except CursorError:
        raise refused(Mistake(parameter="cursor", detail="is not one that this service gave")) from None
    if cursor.generation or not cursor.position.key.isdecimal():
        raise refused(Mistake(parameter="cursor", detail="belongs to another question"))
    return cursor


async def _since(service: Service, text: str, now: datetime) -> datetime:
    """Read a date or moment, or the name of a run, from whose start on changes are told."""
    if _RUN.fullmatch(text):
        run = await service.journal.run(text)
        if run is None:
            raise refused(Mistake(parameter="since", detail="is not a run that is kept"))
        return run.started
    terms = (await service.catalogue.current()).terms
    read = terms.read("created_at", field_named("created_at"), f"gte:{text}", now)
    if isinstance(read, ValueProblem):
        raise refused(
            Mistake(
                parameter="since",
                detail="is no date such as 2026-11-24, no moment such as 2026-11-24T06:17:00Z, and no run",
            )
        )
    bounds = [value for one in conditions(read) for value in _values(one)]
    return to_datetime(min(bounds))


def _values(condition: Condition) -> list[int]:
    return [value for value in condition.values if isinstance(value, int)]


def _shown(change: ImageChange) -> dict[str, object]:
    cloud, region, image, _ = key_parts(change.stored.key)
    return {
        "at": moment(change.at),
        "run": change.run,
        "kind": change.kind,
        "id": image,
        "name": orjson.loads(change.stored.body).get("name"),
        "cloud": cloud,
        "region": region,
        "fields": {
            name: {"from": one.before, "to": one.after}
            for name, one in change.fields.items()
            if name != RIGHTS
        },
    }

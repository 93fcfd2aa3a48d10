"""`changes`: what became of images, run by run, for who follows them."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from engines.ledger import ImageChange
from engines.query import Position, Query
from mappings.date import to_datetime
from search_api.caller import Caller
from search_api.cursor import Cursor, CursorError, read_cursor, write_cursor
from search_api.limits import CHANGES, DEFAULT_CHANGES, SCANNED_CHANGES
from search_api.problem import Mistake, ProblemError, refused
from search_api.service import Service
from search_api.since import since
from search_api.told import ToldChange, is_told, told_change

Pairs = Iterable[tuple[str, str]]

_OWN = ("since", "limit", "cursor")
_NOT_HERE = ("facets", "histograms", "pivot", "sum", "sort", "fields")
_DIGITS = re.compile(r"[0-9]{1,4}")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of changes, oldest first.

    `next` is always given: asked with it again, what happened meanwhile is told. `more`: not all that is
    kept was looked at, even if nothing was found.
    """

    changes: Sequence[ToldChange]
    next: str
    more: bool


async def changes(service: Service, caller: Caller, pairs: Pairs, key: bytes) -> Changes:
    """Give changes of those images that the question means and the caller may see.

    Raises ProblemError and EngineError.
    """
    given = tuple(pairs)
    wanted = _read(given, key)
    asked_at = service.minute() if wanted.cursor is None else wanted.cursor.asked_at
    query, mark = await service.prepare_changes(
        caller, [pair for pair in given if pair[0] not in _OWN], asked_at
    )
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
    begin = None if wanted.since is None else await since(service, wanted.since, to_datetime(asked_at))
    scanned = await _scan(service, _Asked(query, caller, begin, wanted.limit), after)
    place = _place(max(scanned.reached, extent.dropped))
    return Changes(
        changes=[told_change(one) for one in scanned.found],
        next=write_cursor(Cursor("", asked_at, place, mark), key),
        more=scanned.more,
    )


def _place(at: int) -> Position:
    """Write a place among the changes of all so that no two cursors are alike, and all of one length.

    Else who asks again would learn from a cursor that is another, or from a longer one, that others'
    images changed.
    """
    return Position((secrets.token_hex(8),), f"{at:0{_PLACE}d}")


_PLACE = 20
"""Digits of the largest position."""


@dataclass(frozen=True, slots=True)
class _Asked:
    query: Query
    caller: Caller
    since: datetime | None
    limit: int


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What was found, up to which position all was looked at, and whether something may be left behind it."""

    found: Sequence[ImageChange]
    reached: int
    more: bool


async def _scan(service: Service, asked: _Asked, after: int) -> _Scanned:
    found: list[ImageChange] = []
    last = (await service.journal.extent()).last
    for _ in range(SCANNED_CHANGES // _AT_ONCE):
        page = await service.journal.changes(after, _AT_ONCE, asked.since)
        for change in page:
            after = change.position
            if is_told(change, asked.query, asked.caller):
                found.append(change)
                if len(found) == asked.limit:
                    return _Scanned(found, after, more=True)
        if len(page) < _AT_ONCE:
            return _Scanned(found, max(after, last), more=False)
    return _Scanned(found, after, more=True)


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

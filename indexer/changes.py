"""`image_change`: what a decision tells who follows the changes of images. Pure.

It speaks of what the cloud said: raw records are compared, never normalised documents, so that a better
`normalise` is no change of an image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import orjson

from clouds.payload import BadAnswer, read_json
from engines.ledger import RIGHTS, ChangeKind, FieldChange, ImageChange, ScopeState
from indexer.plan import Change, Decision
from mappings.document import Stored, stamp
from mappings.fields import FIELDS, MAP_FIELD


def image_change(decision: Decision, run: str, at: datetime) -> ImageChange | None:
    """Give the change of an image, None where only the catalogue's own view of it changed."""
    before, after = decision.before, decision.stored
    if after is None:
        return None if before is None else _change(ChangeKind.REMOVED, before, run, at)
    if before is None:
        return _change(ChangeKind.ADDED, after, run, at)
    if decision.change is Change.SAME:
        return None
    fields = {**_told(before.raw, after.raw), **_listed(before, after)}
    if not fields:
        return None
    unlisted = "listed" in fields and fields["listed"].after is False
    seen = _seers(before) & _seers(after)
    # Who sees it only now is not told what it was before.
    told = after if _seers(before) == _seers(after) else _shown_to(after, seen)
    return _change(ChangeKind.UNLISTED if unlisted else ChangeKind.CHANGED, told, run, at, fields)


def rights_changes(decision: Decision, run: str, at: datetime) -> tuple[ImageChange, ...]:
    """Give what those have to be told who see an image no more, or now: to them it is gone, or new.

    None where the image itself came or went, which is told to all who see it.
    """
    before, after = decision.before, decision.stored
    if before is None or after is None or decision.change is Change.SAME:
        return ()
    saw, see = _seers(before), _seers(after)
    told = []
    if lost := saw - see:
        told.append(_change(ChangeKind.REMOVED, _shown_to(before, lost), run, at, _ENDED))
    if won := see - saw:
        told.append(_change(ChangeKind.ADDED, _shown_to(after, won), run, at, _BEGUN))
    return tuple(told)


def told_last(stored: Stored, states: Mapping[str, ScopeState]) -> dict[str, datetime]:
    """Give when each scope that knows a document told of all its images last, where that is known."""
    known = {scope: states[scope].told for scope in _scopes(stored) if scope in states}
    return {scope: moment for scope, moment in known.items() if moment is not None}


_ENDED, _BEGUN = {RIGHTS: FieldChange(True, False)}, {RIGHTS: FieldChange(False, True)}


def _seers(stored: Stored) -> frozenset[str]:
    return frozenset(orjson.loads(stored.internal).get("visible_to", ()))


def _scopes(stored: Stored) -> Sequence[str]:
    scopes: Sequence[str] = orjson.loads(stored.internal).get("scopes", ())
    return scopes


def _shown_to(stored: Stored, projects: frozenset[str]) -> Stored:
    return stamp(stored, {}, {"visible_to": sorted(projects)})


def _change(
    kind: ChangeKind,
    stored: Stored,
    run: str,
    at: datetime,
    fields: Mapping[str, FieldChange] | None = None,
) -> ImageChange:
    return ImageChange(at=at, run=run, kind=kind, stored=replace(stored, raw=b""), fields=fields or {})


def _told(before: bytes, after: bytes) -> dict[str, FieldChange]:
    """Compare two records key by key."""
    if before == after:
        return {}
    told, tells = _record(before), _record(after)
    return {
        _name(key): FieldChange(told.get(key), tells.get(key))
        for key in sorted(told.keys() | tells.keys())
        if told.get(key) != tells.get(key)
    }


def _listed(before: Stored, after: Stored) -> dict[str, FieldChange]:
    was, now = (orjson.loads(stored.body).get("listed", True) for stored in (before, after))
    return {} if was == now else {"listed": FieldChange(was, now)}


def _record(raw: bytes) -> Mapping[str, object]:
    try:
        record = read_json(raw)
    except BadAnswer:
        return {}
    return record if isinstance(record, dict) else {}


def _name(key: str) -> str:
    return _FIELD_OF.get(key, f"{MAP_FIELD}.{key}")


_FIELD_OF = {key: field.name for field in FIELDS for key in (field.name, *field.wire_names)}

"""`examine`: looks at what can be seen of settings, clouds, folder and engine, and changes nothing."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

from engines.base import EngineError, EngineUnavailable, NothingServed
from engines.clock import Clock
from engines.ledger import Outcome, Run
from ims_catalog.check import Check, Verdict, doubtful, fine, unseen, wrong
from ims_catalog.cloud_doctor import checks_of_clouds
from ims_catalog.compose import checks_of_engine, cursor_key_given, open_ledger, open_readers, sources
from ims_catalog.configuration import ConfigurationError
from ims_catalog.cursor_key import kept_cursor_key
from ims_catalog.settings import Settings

_LITTLE_ROOM = 1024**3
"""Bytes: with less a run may not find room for its spool."""

_OLD_SECONDS = 24 * 3600.0


async def examine(settings: Settings, clock: Clock) -> tuple[Check, ...]:
    """Look at everything, clouds and engine at once; what is wrong with one thing hides no other."""
    folder = _folder(settings.engine.path)
    clouds, engine = await asyncio.gather(
        checks_of_clouds(settings, clock), _checks_of_engine(settings, clock)
    )
    return (
        _sources(settings),
        *clouds,
        folder,
        _cursors(settings, writable=folder.verdict is not Verdict.WRONG),
        *engine,
    )


def _sources(settings: Settings) -> Check:
    if not settings.sources:
        return doubtful(
            "sources", "no cloud is configured, so nothing can be crawled", "write a [[sources]] section"
        )
    try:
        names = ", ".join(source.name for source in sources(settings))
    except ConfigurationError as error:
        return doubtful(
            "sources",
            f"reindex cannot run here, while serve and search can: {error}",
            "set what is named there, on hosts that reindex",
        )
    return fine("sources", f"{names}: each has what it needs to log in")


def _folder(folder: Path) -> Check:
    place = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    if folder.exists() and not folder.is_dir():
        return wrong("folder", f"{folder} is not a folder", "set engine.path to a folder")
    if not os.access(place, os.W_OK):
        return wrong("folder", f"{place} cannot be written", "give this user the right, or set engine.path")
    usage = shutil.disk_usage(place)
    if not usage.total:
        return wrong("folder", f"{place} is not on a disk, and {folder} cannot be made", "set engine.path")
    room = usage.free
    if room < _LITTLE_ROOM:
        return doubtful(
            "folder", f"{folder} has {room / 1024**2:.0f} MB of room", "make room, or set engine.path"
        )
    return fine("folder", f"{folder} can be written and has {room / 1024**3:.0f} GB of room")


def _cursors(settings: Settings, *, writable: bool) -> Check:
    try:
        if cursor_key_given(settings) is not None:
            return fine("cursors", "their key is one that hosts can share")
    except ConfigurationError as error:
        return wrong("cursors", str(error), "set the secret that api.cursor_key_env or _file names")
    folder = settings.engine.path
    try:
        kept = kept_cursor_key(folder)
    except EngineUnavailable as error:
        return wrong("cursors", str(error))
    if kept is not None:
        return fine("cursors", f"their key is kept in {folder}, for this host alone")
    if not writable:
        return wrong(
            "cursors",
            f"serve has no key for them yet, and can keep none in {folder}",
            "set engine.path to a folder that can be written, or api.cursor_key_env",
        )
    return fine("cursors", f"serve will make their key and keep it in {folder}, for this host alone")


async def _checks_of_engine(settings: Settings, clock: Clock) -> list[Check]:
    return [check async for check in _engine(settings, clock)]


async def _engine(settings: Settings, clock: Clock) -> AsyncIterator[Check]:
    """Look at what the engine itself tells, and if it answers at all at what it serves."""
    answers = True
    try:
        async with aclosing(checks_of_engine(settings)) as checks:
            async for check in checks:
                yield check
    except (ConfigurationError, EngineError) as error:
        answers = False
        yield wrong("engine", str(error), f"see to {settings.engine.shown}, or correct [engine]")
    if answers:
        yield await _served(settings, clock)
        yield await _last_run(settings, clock.now())


async def _served(settings: Settings, clock: Clock) -> Check:
    readers = open_readers(settings, clock)
    try:
        reader = await readers.served()
        if readers.problem is not None:
            return wrong("served", f"{reader.generation}, but not the newest: {readers.problem}")
        return fine("served", reader.generation)
    except NothingServed as error:
        return doubtful("served", str(error), "run ims-catalog reindex")
    except EngineError as error:
        return wrong("served", str(error))
    finally:
        await readers.close()


async def _last_run(settings: Settings, now: datetime) -> Check:
    try:
        ledger = open_ledger(settings)
    except EngineError as error:
        return unseen("runs", str(error))
    try:
        runs = await ledger.runs(1)
    except EngineError as error:
        return wrong("runs", str(error))
    finally:
        await ledger.close()
    return _told(runs[0], now) if runs else doubtful("runs", "there was none yet", "run ims-catalog reindex")


def _told(run: Run, now: datetime) -> Check:
    age = (now - run.finished).total_seconds()
    said = f"the last one, {run.run}, ended {_ago(age)} ago: {run.outcome.value}"
    if run.outcome is Outcome.FAILED:
        return wrong("runs", f"{said}, {run.reason}", "see to the reason, then run ims-catalog reindex")
    if age > _OLD_SECONDS:
        return doubtful("runs", said, "let reindex run by a timer, such as cron")
    return fine("runs", said)


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"

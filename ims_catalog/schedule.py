"""`schedule`: runs at the times that the settings name, one after the other, until told to end."""

import asyncio
import logging
import multiprocessing
import random
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clouds.printable import printable
from engines.base import EngineError, NothingServed, WriterBusy
from engines.clock import Clock, system_clock
from engines.ledger import Outcome, Run, ScopeState, State
from ims_catalog.compose import catalogue_folder, open_ledger, sources
from ims_catalog.configuration import ConfigurationError
from ims_catalog.log import log_to_stderr
from ims_catalog.reindex import reindex_due
from ims_catalog.settings import Settings
from ims_catalog.stop import STOPS
from indexer.cron import Cron
from indexer.schedule import Due, Timetable, Watch, follow

StillDue = Callable[[Mapping[str, ScopeState]], AbstractSet[str]]
"""Gives what is due still, as a `Choice` names it, from what the ledger knows of the scopes."""

AHEAD = timedelta(days=1)
"""An attempt that far in the future was written by a clock that was wrong."""

_log = logging.getLogger(__name__)


def schedule(settings: Settings) -> None:
    """Run by the clock until SIGINT, SIGTERM, or the end of the process that started this one.

    A run that goes on then is interrupted, as the ledger tells. Raises ConfigurationError for what would keep
    every run from beginning, EngineError if the catalogue's place cannot be had.
    """
    _log.setLevel(logging.INFO)
    sources(settings)
    catalogue_folder(settings)
    asyncio.run(_until_told(settings))


def work(settings: Settings) -> None:
    """Be the process of `serve` that crawls. Signals are held back from its start until now."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    log_to_stderr()
    try:
        schedule(settings)
    except (ConfigurationError, EngineError) as error:
        _log.error("nothing is crawled: %s", error)
        sys.exit(1)


def timetables(settings: Settings) -> tuple[Timetable, ...]:
    """Give the times of the sources; those with the same times are crawled together."""
    zone = ZoneInfo(settings.schedule.timezone)
    together: dict[str, list[str]] = {}
    for source in settings.sources:
        together.setdefault(source.schedule or settings.schedule.cron, []).append(source.name)
    return tuple(
        Timetable(Cron(expression, zone), tuple(names), settings.schedule.jitter)
        for expression, names in together.items()
    )


async def _until_told(settings: Settings) -> None:
    """A second signal changes nothing: the run that is interrupted still tells the ledger."""
    loop, until = asyncio.get_running_loop(), asyncio.Event()
    for number in STOPS:
        loop.add_signal_handler(number, until.set)
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop.add_reader(parent.sentinel, until.set)
    following = asyncio.ensure_future(scheduled(settings, system_clock()))
    telling = asyncio.ensure_future(until.wait())
    await asyncio.wait({following, telling}, return_when=asyncio.FIRST_COMPLETED)
    following.cancel()
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    with suppress(asyncio.CancelledError):
        await following


async def scheduled(settings: Settings, clock: Clock) -> None:
    """Follow the times of the settings until cancelled."""

    async def reindex(still_due: StillDue) -> Run | None:
        return await reindex_due(settings, sources(settings), still_due)

    runs = ScheduledRuns(reindex, clock)
    try:
        await follow(await _watches(settings), clock, runs)
    finally:
        _log.info("the schedule ended: %s runs since it began, %s missed", runs.ended, runs.missed)


async def _watches(settings: Settings) -> Sequence[Watch]:
    attempts = await _attempts(settings)
    draw = random.SystemRandom()
    watches = []
    for timetable in timetables(settings):
        tried = [attempts.get(name) for name in timetable.sources]
        known = [each for each in tried if each is not None]
        watches.append(Watch(timetable, min(known) if len(known) == len(tried) else None, draw))
        times, names = timetable.cron, ", ".join(timetable.sources)
        _log.info("%s is crawled: %s (%s)", names, times.in_words(), settings.schedule.timezone)
    return watches


async def _attempts(settings: Settings) -> Mapping[str, datetime]:
    """Give when each source was crawled last; none where the ledger does not tell it now."""
    try:
        ledger = open_ledger(settings)
    except NothingServed:
        return {}
    try:
        return last_attempts(await ledger.scope_states())
    except EngineError as error:
        _log.warning("when the clouds were crawled last is not known: %s", error)
        return {}
    finally:
        await ledger.close()


def last_attempts(states: Mapping[str, ScopeState]) -> dict[str, datetime]:
    """Give when each source was tried last."""
    found: dict[str, datetime] = {}
    for scope, state in states.items():
        source = scope.split("/", maxsplit=1)[0]
        found[source] = max(found.get(source, state.last_attempt), state.last_attempt)
    return found


@dataclass
class ScheduledRuns:
    """Runs what is due, and logs how it ends: each trouble once when it comes, and once when it is over.

    `ended` counts the runs, `missed` the times that had none of their own.
    """

    reindex: Callable[[StillDue], Awaitable[Run | None]]
    clock: Clock
    ended: int = 0
    missed: int = 0
    _own: dict[str, datetime] = field(default_factory=dict)
    _trouble: str | None = None
    _times: int = 0

    async def __call__(self, due: Sequence[Due]) -> None:
        """Run what is due, unless another process has done it, or writes at this moment."""
        missed = sum(one.missed for one in due)
        if missed:
            self.missed += missed
            _log.warning("%s runs were missed; this one stands for them (%s so far)", missed, self.missed)
        try:
            run = await self.reindex(lambda states: self._still_due(due, states))
        except WriterBusy as error:
            self.missed += 1
            self._met(f"a run was left out: {error}", logging.WARNING)
        except (EngineError, ConfigurationError, OSError) as error:
            self._met(f"a run could not begin: {error}")
        except Exception as error:
            _log.debug("a run could not begin", exc_info=True)
            self._met(f"a fault of the program ({type(error).__name__}): {error}")
        else:
            if run is not None:
                self._ended(run)

    def _still_due(self, due: Sequence[Due], states: Mapping[str, ScopeState]) -> AbstractSet[str]:
        """Leave out what another process has crawled since its time came. What this one did itself is no
        reason: its own clock may have been set back since.
        """
        tried, now = last_attempts(states), self.clock.now()
        return {
            f"{source}/"
            for one in due
            for source in one.sources
            if (last := tried.get(source)) is None
            or last == self._own.get(source)
            or not one.slot <= last <= now + AHEAD
        }

    def _ended(self, run: Run) -> None:
        self.ended += 1
        self._own |= last_attempts({state.scope: state for state in run.scopes})
        if run.outcome is Outcome.FAILED:
            self._met(f"run {run.run} failed: {run.reason}")
            return
        _log.info(
            "run %s: %s, %s images (%s added, %s changed, %s removed), scopes: %s incomplete, %s held, of %s",
            *(run.run, run.outcome.value, run.documents, run.added, run.changed, run.removed),
            sum(scope.state is State.INCOMPLETE and not scope.held for scope in run.scopes),
            sum(scope.held for scope in run.scopes),
            len(run.scopes),
        )
        reasons = sorted({reason for reason in (run.reason, *(one.reason for one in run.scopes)) if reason})
        if run.exit:
            self._met(f"run {run.run} is not whole: {'; '.join(reasons[:3])}")
        elif self._trouble is not None:
            _log.warning("runs are well again, after %s that were not", self._times)
            self._trouble, self._times = None, 0

    def _met(self, said: str, level: int = logging.ERROR) -> None:
        """Log what is wrong, unless it is what was wrong already but for numbers and moments in it."""
        kind = _VARYING.sub("", said)
        self._times += 1
        if kind != self._trouble:
            self._trouble = kind
            _log.log(level, "%s", printable(said))


_VARYING = re.compile(r"[0-9a-f:.TZt-]*\d[0-9a-f:.TZtz-]*")
"""Names of runs, moments, numbers."""

"""`Crawler`: the process of `serve` that crawls at the times of the settings, beside those that answer."""

import importlib
import logging
import multiprocessing
import time
from multiprocessing.process import BaseProcess

from ims_catalog.settings import Settings
from ims_catalog.stop import Stop

AGAIN_SECONDS = 60.0
"""One that ended is begun again after so long: answers do not hang on it."""

_log = logging.getLogger(__name__)


class Crawler:
    """At most one process, none where the settings do not ask for it."""

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._process: BaseProcess | None = None
        self._begin: float | None = time.monotonic() if settings.schedule.in_serve else None

    @property
    def processes(self) -> tuple[BaseProcess, ...]:
        """The process, if there is one."""
        return () if self._process is None else (self._process,)

    @property
    def wait(self) -> float | None:
        """Seconds until one is to begin, None if none is."""
        return None if self._begin is None else max(0.0, self._begin - time.monotonic())

    def look(self) -> None:
        """Begin one when it is time, and notice that one has ended."""
        if self._process is not None and not self._process.is_alive():
            _log.error(
                "the process that crawls ended with code %s; another begins in %g s",
                *(self._process.exitcode, AGAIN_SECONDS),
            )
            self._process = None
            self._begin = time.monotonic() + AGAIN_SECONDS
        if self._begin is not None and time.monotonic() >= self._begin:
            self._begin = None
            process = multiprocessing.get_context("spawn").Process(
                target=_work, args=(self._settings,), daemon=True
            )
            with self._stop.held():
                process.start()
                self._process = process


def _work(settings: Settings) -> None:
    """Load what crawls in the process that does it."""
    importlib.import_module("ims_catalog.schedule").work(settings)

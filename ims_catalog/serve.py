"""`serve`: a small supervisor of workers that answer on one port, each with an event loop of its own."""

import importlib
import logging
import multiprocessing
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from engines.clock import system_clock
from ims_catalog.compose import check_engine_settings, cursor_key_of
from ims_catalog.crawler import Crawler
from ims_catalog.listening import address, listen
from ims_catalog.log import log_to_stderr
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from ims_catalog.stop import STOPS, Stop

RESTART_SECONDS = 1.0
START_SECONDS = 60.0
END_SECONDS = 11.0
"""A second longer than a worker takes for the requests that it has begun."""

_STOP = Stop()

_log = logging.getLogger(__name__)


class ServeError(Exception):
    """The API cannot be served; the text is for the user."""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Answer over HTTP until SIGINT or SIGTERM. `announce` gets the address once answers are given.

    A worker that dies is replaced. Raises ConfigurationError if the port cannot be had, ServeError if a
    worker cannot begin.
    """
    log_to_stderr()
    for number in STOPS:
        signal.signal(number, _STOP)
    workers: list[BaseProcess] = []
    crawler = Crawler(settings, _STOP)
    with listen(settings) as listener:
        try:
            key = _prepare(settings)
            for _ in range(settings.api.workers):
                _start(settings, listener, key, workers)
            announce(address(settings, listener))
            _replace_dead(settings, listener, key, workers, crawler)
        except KeyboardInterrupt:
            pass
        finally:
            _end([*workers, *crawler.processes])


def _prepare(settings: Settings) -> bytes:
    """Meet what would keep every worker from beginning once, here, where it can be said in one sentence.

    Gives the key of cursors, one for all workers: what becomes of its file meanwhile parts none of them.
    """
    question_now(system_clock().now)
    check_engine_settings(settings)
    return cursor_key_of(settings)


def _start(settings: Settings, listener: socket.socket, key: bytes, workers: list[BaseProcess]) -> None:
    """Start a worker, and wait until it answers. Raises ServeError."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    worker = spawn.Process(target=_work, args=(settings, listener, key, sender), daemon=True)
    with _STOP.held():
        worker.start()
        workers.append(worker)
    sender.close()
    with receiver:
        try:
            begun = receiver.poll(START_SECONDS) and receiver.recv()
        except EOFError:
            begun = False
    if not begun:
        raise ServeError("a worker could not begin to answer; what it wrote above says why")


def _replace_dead(
    settings: Settings, listener: socket.socket, key: bytes, workers: list[BaseProcess], crawler: Crawler
) -> None:
    while True:
        crawler.look()
        wait([one.sentinel for one in (*workers, *crawler.processes)], crawler.wait)
        if all(worker.is_alive() for worker in workers):
            continue
        time.sleep(RESTART_SECONDS)
        for dead in [worker for worker in workers if not worker.is_alive()]:
            _log.error("a worker ended with code %s; another takes its place", dead.exitcode)
            workers.remove(dead)
            _start(settings, listener, key, workers)


def _end(workers: list[BaseProcess]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(END_SECONDS)
        if worker.is_alive():
            worker.kill()
            worker.join()


def _work(settings: Settings, listener: socket.socket, key: bytes, ready: Connection) -> None:
    """Be a worker, which loads what answers: the supervisor, that only starts it, does without."""
    work: _Work = importlib.import_module("ims_catalog.worker").work
    work(settings, listener, key, ready)


_Work = Callable[[Settings, socket.socket, bytes, Connection], None]

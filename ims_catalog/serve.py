"""`serve`: a small supervisor of workers that answer on one port, each with an event loop of its own."""

import asyncio
import gc
import logging
import multiprocessing
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import uvloop
from aiohttp import web

from engines.clock import system_clock
from ims_catalog.compose import check_engine_settings, cursor_key_of, open_ledger, open_readers
from ims_catalog.configuration import ConfigurationError
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from search_api.app import application, runner

BACKLOG = 1024
SHUTDOWN_SECONDS = 10.0
RESTART_SECONDS = 1.0
START_SECONDS = 60.0

GARBAGE = (20_000, 20, 20)
"""Thresholds of the garbage collector in a worker: answers leave hardly any cycles, while each look for them
goes through all that a request holds."""

_STOPS = (signal.SIGINT, signal.SIGTERM)

_log = logging.getLogger(__name__)


class _Stop:
    """Meets SIGINT and SIGTERM: raises KeyboardInterrupt, but not while it is held."""

    def __init__(self) -> None:
        self._held = False
        self._told = False

    def __call__(self, *_: object) -> None:
        if not self._held:
            raise KeyboardInterrupt
        self._told = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal wait: a worker that is cut off while it is handed its parts ends in a stack trace.

        The worker begins with signals blocked, until it can meet them itself.
        """
        self._held = True
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            self._held = False
            if self._told:
                raise KeyboardInterrupt


_STOP = _Stop()


class ServeError(Exception):
    """The API cannot be served; the text is for the user."""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Answer over HTTP until SIGINT or SIGTERM. `announce` gets the address once answers are given.

    A worker that dies is replaced. Raises ConfigurationError if the port cannot be had, ServeError if a
    worker cannot begin.
    """
    log_to_stderr()
    for number in _STOPS:
        signal.signal(number, _STOP)
    workers: list[BaseProcess] = []
    with listen(settings) as listener:
        try:
            key = _prepare(settings)
            for _ in range(settings.api.workers):
                _start(settings, listener, key, workers)
            announce(address(settings, listener))
            _replace_dead(settings, listener, key, workers)
        except KeyboardInterrupt:
            pass
        finally:
            _end(workers)


def listen(settings: Settings) -> socket.socket:
    """Open the port. Raises ConfigurationError."""
    host, port = settings.api.host, settings.api.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"api: cannot listen on {host}, port {port}: {reason}") from None


def address(settings: Settings, listener: socket.socket) -> str:
    """Give the address that a browser takes."""
    host = settings.api.host
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


async def answer(
    settings: Settings,
    listener: socket.socket,
    cursor_key: bytes,
    until: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    """Answer on an open port until told to stop; requests that have begun are finished."""
    clock = system_clock()
    app = application(
        readers=open_readers(settings, clock),
        ledger=open_ledger(settings),
        clock=clock,
        cursor_key=cursor_key,
        question_now=question_now(clock.now),
    )
    service = runner(app, shutdown_timeout=SHUTDOWN_SECONDS)
    await service.setup()
    try:
        await web.SockSite(service, listener, backlog=BACKLOG).start()
        ready()
        await until.wait()
    finally:
        await service.cleanup()


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
    settings: Settings, listener: socket.socket, key: bytes, workers: list[BaseProcess]
) -> None:
    while True:
        wait([worker.sentinel for worker in workers])
        time.sleep(RESTART_SECONDS)
        for dead in [worker for worker in workers if not worker.is_alive()]:
            _log.error("a worker ended with code %s; another takes its place", dead.exitcode)
            workers.remove(dead)
            _start(settings, listener, key, workers)


def log_to_stderr() -> None:
    """Log on lines that begin with their moment, and also what is well again."""
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    logging.basicConfig(handlers=[handler])
    logging.getLogger("engines").setLevel(logging.INFO)


def _end(workers: list[BaseProcess]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(SHUTDOWN_SECONDS + 1)
        if worker.is_alive():
            worker.kill()
            worker.join()


def _work(settings: Settings, listener: socket.socket, key: bytes, ready: Connection) -> None:
    """Answer until told to stop. Signals are held back from the start of the process until now."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    log_to_stderr()
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(_answer_until_told(settings, listener, key, ready))


async def _answer_until_told(
    settings: Settings, listener: socket.socket, key: bytes, ready: Connection
) -> None:
    """Stop on a signal, and when the supervisor is gone."""
    loop, until = asyncio.get_running_loop(), asyncio.Event()
    for number in _STOPS:
        loop.add_signal_handler(number, until.set)
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        loop.add_reader(supervisor.sentinel, until.set)
    await answer(settings, listener, key, until, lambda: ready.send(True))

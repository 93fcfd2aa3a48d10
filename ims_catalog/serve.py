"""`serve`: a small supervisor of workers that answer on one port, each with an event loop of its own."""

import asyncio
import contextlib
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
from ims_catalog.compose import open_ledger, open_readers
from ims_catalog.configuration import ConfigurationError
from ims_catalog.cursor_key import cursor_key
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from search_api.app import application

BACKLOG = 1024
SHUTDOWN_SECONDS = 10.0
RESTART_SECONDS = 1.0


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Answer over HTTP until SIGINT or SIGTERM. `announce` gets the address once answers are given.

    A worker that dies is replaced. Raises ConfigurationError if the port cannot be had.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with listen(settings) as listener, _workers(settings, listener) as workers:
        announce(address(settings, listener))
        while True:
            for ended in wait([worker.sentinel for worker in workers]):
                dead = next(worker for worker in workers if worker.sentinel == ended)
                time.sleep(RESTART_SECONDS)
                workers[workers.index(dead)] = _start(settings, listener)


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
    settings: Settings, listener: socket.socket, until: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Answer on an open port until told to stop; requests that have begun are finished."""
    clock = system_clock()
    app = application(
        readers=open_readers(settings, clock),
        ledger=open_ledger(settings),
        clock=clock,
        cursor_key=cursor_key(settings.engine.path),
        question_now=question_now(clock.now),
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        ready()
        await until.wait()
    finally:
        await runner.cleanup()


@contextmanager
def _workers(settings: Settings, listener: socket.socket) -> Iterator[list[BaseProcess]]:
    workers: list[BaseProcess] = []
    try:
        workers += [_start(settings, listener) for _ in range(settings.api.workers)]
        yield workers
    except KeyboardInterrupt:
        pass
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(SHUTDOWN_SECONDS + 1)
            if worker.is_alive():
                worker.kill()
                worker.join()


def _start(settings: Settings, listener: socket.socket) -> BaseProcess:
    """Start a worker and wait until it answers or has died."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    worker = spawn.Process(target=_work, args=(settings, listener, sender), daemon=True)
    worker.start()
    sender.close()
    with receiver, contextlib.suppress(EOFError):
        receiver.recv()
    return worker


def _work(settings: Settings, listener: socket.socket, ready: Connection) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_answer_until_told(settings, listener, ready))


async def _answer_until_told(settings: Settings, listener: socket.socket, ready: Connection) -> None:
    """Stop on a signal, and when the supervisor is gone."""
    loop, until = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        loop.add_reader(supervisor.sentinel, until.set)
    await answer(settings, listener, until, lambda: ready.send(True))

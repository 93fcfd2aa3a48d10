"""A worker of `serve`: one process with an event loop of its own, which answers."""

import asyncio
import gc
import multiprocessing
import signal
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection

import uvloop
from aiohttp import web

from engines.clock import system_clock
from ims_catalog.compose import open_ledger, open_readers
from ims_catalog.listening import BACKLOG
from ims_catalog.log import log_to_stderr
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from ims_catalog.stop import STOPS
from search_api.app import application, runner

SHUTDOWN_SECONDS = 10.0
"""So long requests that have begun may take to end."""

GARBAGE = (20_000, 20, 20)
"""Thresholds of the garbage collector in a worker: answers leave hardly any cycles, while each look for them
goes through all that a request holds."""


def work(settings: Settings, listener: socket.socket, cursor_key: bytes, ready: Connection) -> None:
    """Answer until told to stop. Signals are held back from the start of the process until now."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    log_to_stderr()
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(_answer_until_told(settings, listener, cursor_key, ready))


async def _answer_until_told(
    settings: Settings, listener: socket.socket, cursor_key: bytes, ready: Connection
) -> None:
    """Stop on a signal, and when the supervisor is gone."""
    loop, until = asyncio.get_running_loop(), asyncio.Event()
    for number in STOPS:
        loop.add_signal_handler(number, until.set)
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        loop.add_reader(supervisor.sentinel, until.set)
    await answer(settings, listener, cursor_key, until, lambda: ready.send(True))


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

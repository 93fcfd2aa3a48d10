"""A worker of `serve`: one process with an event loop of its own, which answers."""

import asyncio
import contextlib
import gc
import importlib
import multiprocessing
import signal
import socket
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

import uvloop

from engines.base import EngineError, Readers
from engines.clock import system_clock
from ims_catalog.compose import open_readers
from ims_catalog.log import log_to_stderr
from ims_catalog.settings import Settings
from ims_catalog.stop import STOPS

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
    readers = open_readers(settings, system_clock())
    # Reading a large catalogue takes as long as loading what answers: most of it is done beside that.
    reading = asyncio.create_task(_begin_to_read(readers))
    answer = await asyncio.to_thread(_load_answer)
    await answer(
        settings, readers, listener, cursor_key=cursor_key, until=until, ready=lambda: ready.send(True)
    )
    reading.cancel()


async def _begin_to_read(readers: Readers) -> None:
    """Look what is served; what keeps it from being read is told to those who ask."""
    with contextlib.suppress(EngineError):
        await readers.served()


def _load_answer() -> "_Answer":
    answer: _Answer = importlib.import_module("ims_catalog.answering").answer
    return answer


class _Answer(Protocol):
    """What `ims_catalog.answering` offers."""

    async def __call__(
        self,
        settings: Settings,
        readers: Readers,
        listener: socket.socket,
        *,
        cursor_key: bytes,
        until: asyncio.Event,
        ready: Callable[[], None],
    ) -> None: ...

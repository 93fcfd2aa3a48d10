"""`answer`: a catalogue over HTTP, on a port that is open."""

import asyncio
import socket
from collections.abc import Callable

from aiohttp import web

from engines.base import Readers
from engines.clock import system_clock
from ims_catalog.compose import open_ledger
from ims_catalog.listening import BACKLOG
from ims_catalog.question_clock import question_now
from ims_catalog.settings import Settings
from search_api.app import application, runner

SHUTDOWN_SECONDS = 10.0
"""So long requests that have begun may take to end."""


async def answer(
    settings: Settings,
    readers: Readers,
    listener: socket.socket,
    *,
    cursor_key: bytes,
    until: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    """Answer from readers, which it closes, until told to stop; requests that have begun are finished."""
    clock = system_clock()
    app = application(
        readers=readers,
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

"""Two servers, each a process of its own with one event loop: ours, and a bare handler of recorded bodies."""

import asyncio
import gc
import multiprocessing
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from aiohttp import web

from engines.clock import system_clock
from ims_catalog.answering import answer
from ims_catalog.compose import open_readers
from ims_catalog.listening import BACKLOG
from ims_catalog.sections.engine import Engine
from ims_catalog.settings import Settings
from ims_catalog.worker import GARBAGE

Serve = Callable[[socket.socket, Path, Connection], None]
"""Answers on an open port what a path holds, and sends something once it does."""

_START_SECONDS = 120


@contextmanager
def server(serve: Serve, path: Path) -> Iterator[int]:
    """Run a server and give its port on this machine. Raises ConnectionError if it does not start."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener, receiver, sender:
        process = spawn.Process(target=serve, args=(listener, path, sender), daemon=True)
        process.start()
        try:
            if not receiver.poll(_START_SECONDS):
                raise ConnectionError(f"the server of {path.name} does not start")
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.join()


def serve_catalogue(listener: socket.socket, engine: Path, ready: Connection) -> None:
    """Serve the generation in a folder, as a worker of `ims-catalog serve` does."""
    settings = Settings(engine=Engine(path=engine))
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_answer(settings, listener, lambda: ready.send(True)))


async def _answer(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    readers = open_readers(settings, system_clock())
    key = secrets.token_bytes(32)
    await answer(settings, readers, listener, cursor_key=key, until=asyncio.Event(), ready=ready)


def serve_recorded(listener: socket.socket, recorded: Path, ready: Connection) -> None:
    """Serve recorded bodies: a file of lines, each target followed by its body.

    Garbage is looked for as seldom as in our server.
    """
    gc.set_threshold(*GARBAGE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve_recorded(listener, recorded, ready))


async def _serve_recorded(listener: socket.socket, recorded: Path, ready: Connection) -> None:
    bodies: dict[str, bytes] = {}
    with recorded.open("rb") as lines:
        for target in lines:
            bodies[target.decode().strip()] = next(lines).rstrip(b"\n")

    async def recorded_body(request: web.Request) -> web.Response:
        return web.Response(body=bodies[request.raw_path], content_type="application/json")

    app = web.Application()
    app.router.add_get("/v1/images", recorded_body)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=BACKLOG).start()
    ready.send(True)
    await asyncio.Event().wait()

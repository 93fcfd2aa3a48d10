"""`demo`: the whole path on this machine: crawl the sandbox cloud, publish, answer over HTTP."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from engines.clock import Clock, system_clock
from engines.ledger import Outcome, Run
from ims_catalog.compose import limits, open_ledger, open_writer
from ims_catalog.configuration import ConfigurationError
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from ims_catalog.serve import address, answer, listen
from ims_catalog.settings import Api, Engine, Settings
from indexer.progress import progress
from indexer.run import reindex
from indexer.sources.credential import AccessKey
from indexer.sources.source import Source

FOLDER = Path("var/demo")
QUESTION = "KVM GPU images for 64-bit Ubuntu with UEFI"


class DemoError(Exception):
    """The demo's crawl did not publish; the text says why."""


async def demo(images: int, tell: Callable[[str], None]) -> None:
    """Crawl a sandbox cloud of so many images and answer until interrupted. Raises DemoError."""
    clock = system_clock()
    settings = Settings(engine=Engine(path=FOLDER))
    async with await start_sandbox(draw_estate(images)) as sandbox:
        tell(f"crawling a sandbox cloud with {images:,} images at {sandbox.url}")
        run = await _crawl(settings, sandbox, clock)
    if run.outcome is Outcome.FAILED:
        raise DemoError(str(run.reason))
    tell(f"{run.outcome.value}: {run.documents:,} images in {FOLDER}")
    settings, listener = _listen(settings)
    with listener:
        until = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, until.set)
        await answer(settings, listener, until, lambda: tell(what_to_try(address(settings, listener))))


async def _crawl(settings: Settings, sandbox: Sandbox, clock: Clock) -> Run:
    writer, ledger = open_writer(settings, clock), open_ledger(settings)
    try:
        return await reindex(
            sources=(sandbox_source(sandbox),),
            writer=writer,
            ledger=ledger,
            limits=limits(settings),
            progress=progress(sys.stderr),
            clock=clock,
            folder=settings.engine.path,
        )
    finally:
        await ledger.close()
        await writer.close()


def sandbox_source(sandbox: Sandbox) -> Source:
    """Give the whole account of a sandbox as a source."""
    return Source(
        name="sandbox",
        cloud="sandbox",
        regions=sandbox.regions,
        endpoint=sandbox.ims_endpoint,
        ecs_endpoint=sandbox.ecs_endpoint,
        identity_endpoint=sandbox.identity_endpoint,
        credential=AccessKey(SecretStr(sandbox.access_key), SecretStr(sandbox.secret_key)),
    )


def _listen(settings: Settings) -> tuple[Settings, socket.socket]:
    """Listen on the usual port, or on a free one if it is taken."""
    try:
        return settings, listen(settings)
    except ConfigurationError:
        free = settings.model_copy(update={"api": Api(port=0)})
        return free, listen(free)


def what_to_try(url: str) -> str:
    """Say where it answers, and three things to try."""
    asked = QUESTION.replace(" ", "+")
    return f"""
The catalogue answers on {url}  (Ctrl-C ends it). Try, in another terminal:

  1. Ask as you would say it, and read how it was understood:
     IMS_CATALOG_ENGINE__PATH={FOLDER} .venv/bin/ims-catalog search "{QUESTION}"

  2. The same over HTTP, with counts to narrow it down:
     curl '{url}/v1/images?q={asked}&facets=gpu_types,version,image_type&limit=3'

  3. How all images spread over platforms, boot modes and sources:
     curl '{url}/v1/facets?facets=platform,firmware,image_type,region'
"""

"""`demo`: the whole path on this machine: crawl the sandbox cloud, publish, answer over HTTP."""

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr, ValidationError

from engines.clock import system_clock
from engines.ledger import Outcome
from ims_catalog.answering import answer
from ims_catalog.compose import cursor_key_of, open_readers
from ims_catalog.configuration import ConfigurationError
from ims_catalog.listening import address, listen
from ims_catalog.reindex import reindex_once
from ims_catalog.sandbox.estate import draw_estate
from ims_catalog.sandbox.server import Sandbox, start_sandbox
from ims_catalog.sections.access import Access
from ims_catalog.sections.api import Api
from ims_catalog.sections.crawl import Crawl
from ims_catalog.sections.engine import Engine
from ims_catalog.sections.gate import Gate
from ims_catalog.sections.ledger import Ledger
from ims_catalog.settings import Settings
from indexer.sources.credential import AccessKey
from indexer.sources.source import Source

FOLDER = Path("var/demo")
PREFIX = "ims-demo"
"""Begin of all names in OpenSearch: no pattern on those of a real catalogue meets them."""

QUESTION = "KVM GPU images for 64-bit Ubuntu with UEFI"


class DemoError(Exception):
    """The demo's crawl did not publish; the text says why."""


async def demo(images: int, tell: Callable[[str], None], opensearch: str | None = None) -> None:
    """Crawl a sandbox cloud of so many images and answer until interrupted.

    The catalogue is kept in the OpenSearch at the address given, else in a folder. Raises DemoError,
    ConfigurationError for what is no address.
    """
    settings = demo_settings(opensearch)
    async with await start_sandbox(draw_estate(images)) as sandbox:
        tell(f"crawling a sandbox cloud with {images:,} images at {sandbox.url}")
        run = await reindex_once(settings, (sandbox_source(sandbox),))
    if run.outcome is Outcome.FAILED:
        raise DemoError(str(run.reason))
    tell(f"{run.outcome.value}: {run.documents:,} images in {settings.engine.shown}")
    settings, listener = _listen(settings)
    with listener:
        until = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, until.set)
        await answer(
            settings,
            open_readers(settings, system_clock()),
            listener,
            cursor_key=cursor_key_of(settings),
            until=until,
            ready=lambda: tell(what_to_try(address(settings, listener), settings.engine)),
        )


def demo_settings(opensearch: str | None = None) -> Settings:
    """Give settings that nothing outside changes: made-up images never go into a real catalogue."""
    return Settings.model_construct(
        engine=Engine(path=FOLDER) if opensearch is None else _cluster(opensearch),
        sources=(),
        crawl=Crawl(),
        gate=Gate(),
        ledger=Ledger(),
        api=Api(),
        access=Access(),
    )


def _cluster(url: str) -> Engine:
    try:
        return Engine(kind="opensearch", url=url, path=FOLDER, prefix=PREFIX)
    except ValidationError:
        raise ConfigurationError(
            '--opensearch: an address such as "http://127.0.0.1:9200" is expected'
        ) from None


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


def what_to_try(url: str, engine: Engine) -> str:
    """Say where it answers, and three things to try."""
    asked = QUESTION.replace(" ", "+")
    named = {"PATH": str(engine.path)}
    if engine.kind == "opensearch":
        named = {"KIND": engine.kind, "URL": engine.urls[0], "PREFIX": engine.prefix}
    given = " ".join(f"IMS_CATALOG_ENGINE__{name}={value}" for name, value in named.items())
    return f"""
The catalogue answers on {url}  (Ctrl-C ends it). Try, in another terminal:

  1. Ask as you would say it, and read how it was understood:
     {given} .venv/bin/ims-catalog search "{QUESTION}"

  2. The same over HTTP, with counts to narrow it down:
     curl '{url}/v1/images?q={asked}&facets=gpu_types,version,image_type&limit=3'

  3. How all images spread over platforms, boot modes and sources:
     curl '{url}/v1/facets?facets=platform,firmware,image_type,region'
"""

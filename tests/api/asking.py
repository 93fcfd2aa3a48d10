"""A catalogue served over HTTP on a real engine, and callers who ask it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDictProxy
from yarl import URL

from engines.base import Readers
from search_api.app import application, runner
from search_api.caller import OPERATOR, Access, Caller
from search_api.deadlines import Deadlines
from search_api.problem import ProblemError
from tests.api.estate import ALICE, BOB, NOW, run
from tests.contract.engine import ENGINES, HandClock, publish_once

CURSOR_KEY = b"k" * 32
CALLERS = {
    "Bearer alice": Caller(frozenset((ALICE,))),
    "Bearer bob": Caller(frozenset((BOB,))),
    "Bearer nobody": Caller(frozenset()),
    "Bearer both": Caller(frozenset((ALICE, BOB))),
    "Bearer operator": OPERATOR,
}


class TokenAccess:
    """Knows five callers."""

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        known = CALLERS.get(headers.get("Authorization", ""))
        if known is None:
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", "A token is needed.")
        return known


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: status, headers and body."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def ids(self) -> list[str]:
        return [image["id"] for image in self.json["images"]]


@dataclass(frozen=True, slots=True)
class Api:
    """Asks over HTTP, as the operator of an open service or as somebody who is known."""

    client: TestClient[Any, Any]
    hand: HandClock

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | Sequence[tuple[str, str]] | str = (),
        *,
        by: str | None = None,
        **headers: str,
    ) -> Told:
        return await self.ask("GET", path, params=params or None, headers=_headers(by, headers))

    async def post(self, content: object, *, by: str | None = None, path: str = "/v1/images/search") -> Told:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return await self.ask("POST", path, data=body, headers=_headers(by, {}))

    async def ask(self, method: str, path: str | URL, **given: Any) -> Told:
        async with self.client.request(method, path, **given) as response:
            return Told(response.status, response.headers, await response.read())


def _headers(by: str | None, headers: Mapping[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Authorization": f"Bearer {by}", **named} if by else named


async def fill(folder: Path, documents: Sequence[Any], engine_name: str = "embedded") -> str:
    """Publish documents with a ledger of one run; give the generation."""
    engine = ENGINES[engine_name](folder)
    generation = await publish_once(engine, documents)
    ledger = engine.ledger()
    await ledger.record(run("run-1", generation=generation))
    await ledger.close()
    return generation


class _Server(TestServer):
    """Runs the service as it is run outside of tests."""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return runner(self.app)


@asynccontextmanager
async def serving(
    folder: Path,
    access: Access | None = None,
    question_now: Callable[[], datetime] | None = lambda: NOW,
    deadlines: Deadlines | None = None,
    *,
    readers: Callable[[Readers], Readers] = lambda readers: readers,
    engine_name: str = "embedded",
) -> AsyncIterator[Api]:
    """Serve a folder, or the place on the cluster that belongs to it."""
    engine = ENGINES[engine_name](folder)
    ledger = engine.ledger()
    app = application(
        readers=readers(engine.readers()),
        ledger=ledger,
        clock=engine.hand.clock,
        cursor_key=CURSOR_KEY,
        access=access,
        question_now=question_now,
        deadlines=deadlines,
    )
    async with TestClient(_Server(app)) as client:
        yield Api(client, engine.hand)

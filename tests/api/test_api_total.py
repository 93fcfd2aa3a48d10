"""Whatever is asked is answered or refused with a problem: nothing else comes out, and nobody sees more."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_api.caller import Caller
from search_api.naming import LATER, QUESTION_NAMES, SHOWN
from search_api.problem import ProblemError
from search_api.service import Service
from tests.api.asking import CURSOR_KEY
from tests.api.estate import ALICE, NOW, documents, visible
from tests.contract.engine import embedded

_ALICE = Caller(frozenset((ALICE,)))
_DOCUMENTS = [one for one in documents() if visible(one, _ALICE.projects)]
_SEEN = {str(one.fields["id"]) for one in _DOCUMENTS}

_WORDS = st.sampled_from(
    [
        "Ubuntu",
        "SecretOS",
        "bob",
        "64",
        "2048",
        "true",
        "2026-01",
        "7.9",
        "exists:true",
        "gte:",
        "neq:1",
        "*",
        "",
    ]
)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_VALUES = st.lists(_WORDS | _TEXT, min_size=1, max_size=3).map(",".join)
_NAMES = st.sampled_from(
    [
        *(name for field in SHOWN for name in (field.name, *field.wire_names, *field.aliases)),
        *("extra.secret", "extra.team", "view", "visible_to", *QUESTION_NAMES, *LATER),
    ]
)
_OPERATORS = st.sampled_from(
    ["in", "lt", "lte", "gt", "gte", "exists", "prefix", "wildcard", "match", "phrase", "like"]
)
_JSON = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | _WORDS | _TEXT
_CONDITIONS = st.builds(
    lambda name, operator, value: {"field": name, operator: value},
    _NAMES | st.just("text") | _TEXT,
    _OPERATORS,
    _JSON | st.lists(_JSON, max_size=3),
)
_TREES = st.recursive(
    _CONDITIONS | _JSON,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: {"and": parts})
        | st.lists(inner, max_size=3).map(lambda parts: {"or": parts})
        | inner.map(lambda part: {"not": part})
    ),
    max_leaves=6,
)

_BOUNDED = settings(
    derandomize=True,
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Asker:
    """Asks a service without HTTP, as Alice."""

    def __init__(self, runner: asyncio.Runner, folder: Path) -> None:
        engine = embedded(folder)
        self.runner = runner
        self.readers = engine.readers()
        self.ledger = engine.ledger()
        self.service = Service(
            readers=self.readers,
            ledger=self.ledger,
            clock=engine.hand.clock,
            cursor_key=CURSOR_KEY,
            question_now=lambda: NOW,
        )

    async def parameters(self, pairs: list[tuple[str, str]]) -> bytes:
        return await self.service.search(_ALICE, pairs)

    async def body(self, body: bytes) -> bytes:
        return await self.service.answer(await self.service.prepare_body(_ALICE, body))

    async def close(self) -> None:
        await self.service.close()
        await self.readers.close()
        await self.ledger.close()


@pytest.fixture(scope="module")
def asker(folder: Path) -> Iterator[Asker]:
    with asyncio.Runner() as runner:
        asked = Asker(runner, folder)
        yield asked
        runner.run(asked.close())


def _check(asker: Asker, asking: Coroutine[None, None, bytes]) -> None:
    content, problem = _outcome(asker, asking)
    if problem is not None:
        assert problem.status == 400
        assert orjson.loads(problem.body())["detail"]
    else:
        assert {image["id"] for image in content["images"] if "id" in image} <= _SEEN
        assert content["total"] <= len(_DOCUMENTS)


def _outcome(asker: Asker, asking: Coroutine[None, None, bytes]) -> tuple[Any, ProblemError | None]:
    try:
        return orjson.loads(asker.runner.run(asking)), None
    except ProblemError as problem:
        return None, problem


@_BOUNDED
@given(pairs=st.lists(st.tuples(_NAMES | _TEXT, _VALUES), max_size=4))
def test_parameters_are_answered_or_refused(asker: Asker, pairs: list[tuple[str, str]]) -> None:
    _check(asker, asker.parameters(pairs))


@_BOUNDED
@given(tree=_TREES, sentence=_TEXT)
def test_bodies_are_answered_or_refused(asker: Asker, tree: object, sentence: str) -> None:
    _check(asker, asker.body(json.dumps({"filter": tree, "q": sentence}).encode()))

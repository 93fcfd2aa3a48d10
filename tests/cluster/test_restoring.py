"""A ledger that is restored while requests fail is the old one or the new one; the next try succeeds."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest
from aiohttp import web

from engines.base import EngineError
from engines.ledger import ChangeKind, Entry, Extent, Memory
from engines.opensearch.client import quoted
from engines.opensearch.ledger import OpenSearchLedger
from engines.opensearch.reply import items
from tests.cluster.conftest import Place
from tests.cluster.passing import passing
from tests.contract.test_ledger_changes import MEMORY, RUN, change, named
from tests.contract.test_ledger_rules import COMPLETE, HELD

GONE = ChangeKind.REMOVED
RESTORED: Sequence[Entry] = (
    named(7),
    RUN,
    replace(HELD, carried=9),
    Memory("x"),
    replace(change("i", kind=GONE), position=3),
    replace(change("b"), position=8),
)


async def shown(place: Place) -> tuple[object, ...]:
    reader = OpenSearchLedger(place.client, place.names)
    return (
        await reader.runs(9),
        await reader.scope_states(),
        await reader.memories(),
        [one.stored.key for one in await reader.changes(0, 9)],
        [one.run for one in await reader.removals("i")],
    )


async def documents(place: Place, index: str) -> int:
    body = orjson.dumps({"query": {"exists": {"field": "run"}}, "size": 100})
    reply = await place.client.request("POST", quoted(index, "_search"), body=body)
    return len(items(reply, "hits", "hits"))


@pytest.mark.parametrize("filled", [True, False], ids=["over a ledger", "into an empty one"])
async def test_whatever_fails_it_is_the_old_one_or_the_new_one(place: Place, filled: bool) -> None:
    old = OpenSearchLedger(place.client, place.names)
    if filled:
        # Two of the same names are restored, one with other contents.
        for run in (RUN, named(8)):
            await old.note(run.run, [change("a", run), change("i", run, GONE)])
            await old.record(replace(run, exit=0), (MEMORY,))
    before = await shown(place)
    left, failed = 0, list[tuple[object, ...]]()

    async def fail(request: web.Request) -> None:
        nonlocal left
        if request.method == "PUT" or request.path.endswith("_bulk"):
            left -= 1
            if left < 0:
                raise web.HTTPForbidden

    async with passing(place.url, fail) as url, place.another_client(url) as client:
        for count in range(100):
            left = count
            try:
                await OpenSearchLedger(client, place.names).restore(RESTORED, Extent(3, 9))
            except EngineError:
                failed.append(await shown(place))
            else:
                break
    after = await shown(place)
    assert len(failed) >= 5
    assert failed == [before] * len(failed)
    assert after[0] == (RUN, named(7))
    assert after[1:3] == ({HELD.scope: replace(HELD, carried=9)}, {"x": Memory("x")})
    assert after[3:] == ([change("b").stored.key], [RUN.run])
    # What follows was refused; the next run does it.
    await old.forget()
    assert await shown(place) == after
    assert await documents(place, place.names.runs) == 2
    assert await documents(place, place.names.changes) == 2
    assert await documents(place, place.names.scopes) == 1
    later = named(9, scopes=(COMPLETE,))
    await old.record(later)
    assert (await shown(place))[0] == (later, RUN, named(7))

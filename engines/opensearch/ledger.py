"""The ledger in OpenSearch: `<prefix>-runs` and `<prefix>-scopes`.

The document of a run is the commit point: it is one write, and holds the scope states that the run brings.
The documents of scopes follow from it; what a crash in between left out is overlaid when reading, and written
by the next run.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from engines.base import EngineError, EngineUnavailable, ForeignGeneration
from engines.ledger import Run, ScopeState
from engines.ledger_entry import read_run, read_scope_state
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.ledger_indices import (
    LEDGER_FORMAT,
    RUNS,
    SCOPES,
    identity,
    index_body,
    run_document,
    scope_document,
)
from engines.opensearch.names import Names
from engines.opensearch.reply import entries, items, part, text, whole

RUNS_AT_ONCE = 50
SCOPES_AT_ONCE = 1000
"""Documents in one request: a run may hold the states of a thousand scopes."""

DRAWS = 100
"""So often a number is drawn anew where other processes draw at the same time."""

DRAW_SECONDS = 0.02
"""Between two draws."""

_COUNTER = "#counter"
"""The document with the number that was drawn last; runs are named by hexadecimal digits."""

_RUN: Mapping[str, object] = {"exists": {"field": "place"}}
"""Holds for the documents of runs."""

_log = logging.getLogger(__name__)


class OpenSearchLedger:
    """Implements `engines.ledger.Ledger`. Reading makes nothing: where there is no index there is no run yet.

    It closes the client that it is given.
    """

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names
        self._revision = -1
        self._scopes: Mapping[str, ScopeState] = {}

    async def record(self, run: Run) -> None:
        """Write a run and the scope states it brings, in one step."""
        await self._make(self._names.runs, RUNS)
        await self._make(self._names.scopes, SCOPES)
        last = await self._last()
        if last is not None:
            await self._repair(last)
        place = await self._placed(run.run)
        revision = await self._draw(0 if last is None else last.revision)
        while True:
            # Numbers are never given twice, so that a new run can take its revision for its place.
            place = revision if place is None else place
            await self._write_run(run_document(run, place, revision))
            # Another process may have drawn a later number and written its run before this one: who has read
            # that revision would not look again.
            if await self.revision() == revision:
                break
            revision = await self._draw(revision)
        try:
            await self._write_scopes(run, revision)
        except EngineError as error:
            _log.warning(
                "run %s is recorded; the documents of its scopes follow with the next: %s", run.run, error
            )

    async def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        """Give runs, newest first, those older than the run `before`; none if it is not known."""
        place = None if before is None else await self._placed(before)
        if before is not None and place is None:
            return ()
        found: list[Run] = []
        while len(found) < limit:
            size = min(limit - len(found), RUNS_AT_ONCE)
            older: object = _RUN if place is None else {"range": {"place": {"lt": place}}}
            page = await self._search(self._names.runs, older, [{"place": "desc"}], size, ("entry", "place"))
            found += [read_run(text(hit, "_source", "entry")) for hit in page]
            if len(page) < size:
                break
            place = whole(page[-1], "_source", "place")
        return tuple(found)

    async def scope_states(self) -> Mapping[str, ScopeState]:
        """Give the last state of every scope by its id."""
        # The run first: what is written after it makes another revision, and is asked for again.
        last = await self._last()
        if last is None:
            return {}
        if last.revision != self._revision:
            states = {state.scope: state async for state in self._kept_states()}
            self._scopes = states | {state.scope: state for state in last.run.scopes}
            self._revision = last.revision
        return self._scopes

    async def revision(self) -> int:
        """Give a number that grows with every write."""
        page = await self._search(self._names.runs, _RUN, [{"revision": "desc"}], 1, ("revision",))
        return whole(page[0], "_source", "revision") if page else 0

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def _make(self, index: str, properties: dict[str, object]) -> None:
        """Make an index if it is not there. Raises ForeignGeneration for one of a newer version."""
        path = quoted(index)
        try:
            reply = await self._client.request("GET", f"{path}/_mapping")
        except Refused as error:
            if error.status != 404:
                raise
            try:
                await self._client.request("PUT", path, body=orjson.dumps(index_body(properties)))
            except Refused as refused:
                if refused.kind != "resource_already_exists_exception":
                    raise
            return
        form = part(entries(reply).get(index), "mappings", "_meta", "format")
        if not isinstance(form, int) or form > LEDGER_FORMAT:
            raise ForeignGeneration(
                f"the index {index} has format {form}; this version knows up to {LEDGER_FORMAT}"
            )

    async def _draw(self, least: int) -> int:
        """Draw a number above all that were drawn, which no other process draws too."""
        for _ in range(DRAWS):
            drawn = await self._drawn()
            number = max(drawn.number, least) + 1
            path = quoted(self._names.runs, "_doc", _COUNTER)
            body = orjson.dumps({"revision": number})
            try:
                await self._client.request(
                    "PUT", path, body=body, params={**drawn.unchanged, "refresh": "true"}
                )
            except Refused as error:
                if error.status != 409:
                    raise
                # What the other has drawn is seen as soon as its write is refreshed.
                await asyncio.sleep(DRAW_SECONDS)
            else:
                return number
        raise EngineUnavailable(f"other processes write to {self._names.runs} all the time")

    async def _drawn(self) -> "_Drawn":
        """Give the number that was drawn last."""
        body = {
            "query": {"ids": {"values": [_COUNTER]}},
            "_source": ("revision",),
            "seq_no_primary_term": True,
        }
        page = await self._hits(self._names.runs, body)
        if not page:
            return _Drawn(0, {"op_type": "create"})
        (hit,) = page
        version = {"if_seq_no": whole(hit, "_seq_no"), "if_primary_term": whole(hit, "_primary_term")}
        return _Drawn(
            whole(hit, "_source", "revision"), {name: str(value) for name, value in version.items()}
        )

    async def _last(self) -> "_Recorded | None":
        """Give the run that was written last."""
        page = await self._search(self._names.runs, _RUN, [{"revision": "desc"}], 1, ("entry", "revision"))
        if not page:
            return None
        return _Recorded(read_run(text(page[0], "_source", "entry")), whole(page[0], "_source", "revision"))

    async def _placed(self, run: str) -> int | None:
        """Give the place of a run, None for one that is not known."""
        wanted = {"ids": {"values": [identity(run)]}}
        page = await self._search(self._names.runs, wanted, [{"place": "desc"}], 1, ("place",))
        return whole(page[0], "_source", "place") if page else None

    async def _repair(self, last: "_Recorded") -> None:
        """Write the documents of scopes that the last run could not write any more."""
        if not last.run.scopes:
            return
        brought = {"term": {"revision": last.revision}}
        body = {"size": 0, "track_total_hits": True, "query": brought}
        reply = await self._client.request(
            "POST", quoted(self._names.scopes, "_search"), body=orjson.dumps(body)
        )
        if whole(reply, "hits", "total", "value") < len({state.scope for state in last.run.scopes}):
            await self._write_scopes(last.run, last.revision)

    async def _write_run(self, document: dict[str, object]) -> None:
        path = quoted(self._names.runs, "_doc", identity(str(document["run"])))
        await self._client.request("PUT", path, body=orjson.dumps(document), params={"refresh": "true"})

    async def _write_scopes(self, run: Run, revision: int) -> None:
        for start in range(0, len(run.scopes), SCOPES_AT_ONCE):
            body = _bulk(
                (identity(state.scope), scope_document(state, run.run, revision))
                for state in run.scopes[start : start + SCOPES_AT_ONCE]
            )
            reply = await self._client.request(
                "POST", quoted(self._names.scopes, "_bulk"), body=body, params={"refresh": "true"}
            )
            if part(reply, "errors") is not False:
                raise EngineUnavailable(f"some documents of {self._names.scopes} were not taken")

    async def _kept_states(self) -> AsyncIterator[ScopeState]:
        after: str | None = None
        while True:
            wanted: object = {"match_all": {}} if after is None else {"range": {"scope": {"gt": after}}}
            page = await self._search(
                self._names.scopes, wanted, [{"scope": "asc"}], SCOPES_AT_ONCE, ("entry", "scope")
            )
            for hit in page:
                yield read_scope_state(text(hit, "_source", "entry"))
            if len(page) < SCOPES_AT_ONCE:
                return
            after = text(page[-1], "_source", "scope")

    async def _search(
        self, index: str, query: object, sort: object, size: int, source: Sequence[str]
    ) -> Sequence[object]:
        """Give hits in an order, none where there is no index."""
        body = {"query": query, "sort": sort, "size": size, "_source": source, "track_total_hits": False}
        return await self._hits(index, body)

    async def _hits(self, index: str, body: Mapping[str, object]) -> Sequence[object]:
        """Give hits, none where there is no index. Raises EngineUnavailable for a part of an answer."""
        try:
            reply = await self._client.request("POST", quoted(index, "_search"), body=orjson.dumps(body))
        except Refused as error:
            if error.status == 404:
                return ()
            raise
        if whole(reply, "_shards", "failed") or part(reply, "timed_out") is not False:
            raise EngineUnavailable(f"the index {index} did not answer whole")
        return items(reply, "hits", "hits")


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A run as it was written."""

    run: Run
    revision: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The number drawn last, and the parameters of a write that only succeeds while it is."""

    number: int
    unchanged: Mapping[str, str]


def _bulk(documents: Iterable[tuple[str, dict[str, object]]]) -> bytes:
    return b"".join(
        orjson.dumps({"index": {"_id": name}}) + b"\n" + orjson.dumps(document) + b"\n"
        for name, document in documents
    )

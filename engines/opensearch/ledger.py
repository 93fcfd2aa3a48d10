"""The ledger in OpenSearch: `<prefix>-runs`, `<prefix>-scopes` and `<prefix>-changes`.

The document of a run is the commit point: it is one write, and holds the scope states and memories that the
run brings. What follows from it (the documents of scopes and memories, and that its changes count) is
*settled* afterwards; what a crash in between left out is overlaid when reading, and settled by the next run.
"""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from engines.base import EngineError, EngineUnavailable, ForeignGeneration
from engines.ledger import Entry, Extent, ImageChange, Intention, Keep, Memory, Run, ScopeState
from engines.ledger_entry import entry_of, read_intention, read_memory, read_scope_state
from engines.opensearch.cell import TRIES, Cell
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.creation import create_for_good
from engines.opensearch.hits import delete, hits, write
from engines.opensearch.image_changes import PLACE_BITS, ImageChanges
from engines.opensearch.ledger_indices import (
    CHANGES,
    LEDGER_FORMAT,
    RUNS,
    SCOPES,
    identity,
    index_body,
    memory_document,
    scope_document,
)
from engines.opensearch.names import Names
from engines.opensearch.reply import entries, part, text
from engines.opensearch.restoring import lay
from engines.opensearch.run_documents import RunDocuments, laid
from engines.opensearch.settled import Recorded, Settled, read_settled, recorded_document, settled_text

SCOPES_AT_ONCE = 1000
"""Documents in one request."""

_COUNTER = "#counter"
_SETTLED = "#settled"
_INTENTION = "#intention"
"""Cells beside the runs, which are named by hexadecimal digits."""

_log = logging.getLogger(__name__)


class OpenSearchLedger:
    """Implements `engines.ledger.Ledger`. Reading makes nothing: where there is no index there is no run yet.

    It closes the client that it is given.
    """

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names
        self._counter = Cell(client, names.runs, _COUNTER)
        self._settled = Cell(client, names.runs, _SETTLED)
        self._intention = Cell(client, names.runs, _INTENTION)
        self._runs = RunDocuments(client, names.runs)
        self._changes = ImageChanges(client, names.changes)
        self._noting: _Noting | None = None
        self._revision = -1
        self._scopes: Mapping[str, ScopeState] = {}

    async def note(self, run: str, changes: Sequence[ImageChange]) -> None:
        """Keep changes of a run that is going on."""
        if self._noting is None or self._noting.run != run:
            await self._make_all()
            last = await self._runs.last()
            self._noting = _Noting(run, await self._draw(0 if last is None else last.revision), 0)
        noting = self._noting
        await self._changes.note(noting.place, noting.noted, [replace(change, run=run) for change in changes])
        self._noting = replace(noting, noted=noting.noted + len(changes))

    async def intend(self, run: Run, memories: Sequence[Memory]) -> None:
        """Keep what is to be recorded once the generation of the run is served."""
        await self._make_all()
        place = self._noting.place if self._noting is not None and self._noting.run == run.run else None
        intended = _Intended(place, entry_of(Intention(run, tuple(memories))).decode())
        await self._intention.change(lambda _: orjson.dumps(intended).decode())

    async def intended(self) -> Intention | None:
        """Give what was intended and neither recorded nor forgotten."""
        found = await self._intended()
        if found is None:
            return None
        intention = read_intention(found.entry)
        if found.place is not None:
            # Recording it takes the place at which its changes were noted, by another process.
            self._noting = _Noting(intention.run.run, found.place, 0)
        return intention

    async def forget(self) -> None:
        """Drop what was noted or intended and not recorded."""
        self._noting = None
        last = await self._runs.last()
        if last is not None:
            await self._settle(last)
        await self._drop_unrecorded()

    async def record(self, run: Run, memories: Sequence[Memory] = ()) -> None:
        """Write a run, what it brings and the changes noted for it, in one step."""
        await self._make_all()
        last = await self._runs.last()
        if last is not None:
            await self._settle(last)
        found = await self._runs.place(run.run, await self._places())
        noting = self._noting if self._noting is not None and self._noting.run == run.run else None
        revision = await self._draw(0 if last is None else last.revision)
        # Numbers are never given twice, so that a new run can take its revision for its place.
        place, name = found or (
            noting.place if noting and run.published else revision,
            identity(run.run),
        )
        await self._write_last(name, Recorded(run, place, revision, tuple(memories)))
        self._noting = None

    async def restore(self, entries: Iterable[Entry], extent: Extent) -> None:
        """Put what another ledger held in the place of everything, in one step.

        All is written where it does not count; the last run is written again at the end, and then it does.
        """
        await self._make_all()
        last = await self._runs.last()
        if last is not None:
            await self._settle(last)
        self._noting = None
        await self._drop_unrecorded()
        least = max(0 if last is None else last.revision, extent.last >> PLACE_BITS)
        restored = await lay(
            entries, extent, self._runs, self._changes, lambda count: self._draw(least, count)
        )
        await self._write_last(laid(restored.place), replace(restored, revision=await self._draw(least)))

    async def trim(self, keep: Keep, now: datetime) -> None:
        """Drop what is beyond what is to be kept; the last run always stays."""
        settled = await self._places()
        await self._runs.trim(keep, now, settled)
        dropped = await self._changes.trim(keep, now, settled.dropped)
        if dropped > settled.dropped:
            await self._settled.change(
                lambda value: settled_text(replace(read_settled(value), dropped=dropped))
            )

    async def runs(self, limit: int, before: str | None = None) -> Sequence[Run]:
        """Give runs, newest first, those older than the run `before`; none if it is not known."""
        settled = await self._places()
        if before is None:
            return await self._runs.newest(limit, None, settled)
        found = await self._runs.place(before, settled)
        return () if found is None else await self._runs.newest(limit, found[0], settled)

    async def run(self, name: str) -> Run | None:
        """Give a run by its name."""
        return await self._runs.find(name, await self._places())

    async def scope_states(self) -> Mapping[str, ScopeState]:
        """Give the last state of every scope by its id."""
        # The run first: what is written after it makes another revision, and is asked for again.
        last = await self._runs.last()
        if last is None:
            return {}
        if last.revision != self._revision:
            kept = {state.scope: state async for state in self._kept_states(last)}
            brought = {state.scope: state for state in last.standing}
            self._scopes = {
                scope: state for scope, state in (kept | brought).items() if scope not in last.purged
            }
            self._revision = last.revision
        return self._scopes

    async def memories(self) -> Mapping[str, Memory]:
        """Give what is remembered of every scope by its id."""
        last = await self._runs.last()
        if last is None:
            return {}
        kept = {memory.scope: memory async for memory in self._kept_memories(last)}
        brought = {memory.scope: memory for memory in last.memories}
        return {scope: memory for scope, memory in (kept | brought).items() if scope not in last.purged}

    async def changes(self, after: int, limit: int, since: datetime | None = None) -> Sequence[ImageChange]:
        """Give changes in their order, those behind the position `after` and not before `since`."""
        settled = await self._places()
        return await self._changes.read(max(after, settled.dropped), limit, since, settled.places)

    async def kept(self, after: int, limit: int) -> Sequence[ImageChange]:
        """Give what `changes` does, and before it the removals that are known still."""
        return await self._changes.read(after, limit, None, (await self._places()).places)

    async def extent(self) -> Extent:
        """Give which positions the changes that are kept have."""
        settled = await self._places()
        last = await self._changes.last(settled.places)
        return Extent(settled.dropped, max(settled.dropped, last))

    async def removals(self, image: str) -> Sequence[ImageChange]:
        """Give the last removal of each document of an image, newest first."""
        return await self._changes.removals(image, (await self._places()).places)

    async def revision(self) -> int:
        """Give a number that grows with every write."""
        return await self._runs.revision()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def _make_all(self) -> None:
        for index, properties in (
            (self._names.runs, RUNS),
            (self._names.scopes, SCOPES),
            (self._names.changes, CHANGES),
        ):
            await self._make(index, properties)

    async def _make(self, index: str, properties: dict[str, object]) -> None:
        """Make an index if it is not there, bring one of an older version to the present format.

        Raises ForeignGeneration for one of a newer version.
        """
        path = quoted(index)
        try:
            reply = await self._client.request("GET", f"{path}/_mapping")
        except Refused as error:
            if error.status != 404:
                raise
            try:
                await create_for_good(self._client, index, index_body(properties))
            except Refused as refused:
                if refused.kind != "resource_already_exists_exception":
                    raise
            return
        form = part(entries(reply).get(index), "mappings", "_meta", "format")
        if not isinstance(form, int) or form > LEDGER_FORMAT:
            raise ForeignGeneration(
                f"the index {index} has format {form}; this version knows up to {LEDGER_FORMAT}"
            )
        if form < LEDGER_FORMAT:
            body = orjson.dumps(index_body(properties)["mappings"])
            await self._client.request("PUT", f"{path}/_mapping", body=body)

    async def _draw(self, least: int, count: int = 1) -> int:
        """Draw numbers above all that were drawn, which no other process draws too; give the highest."""
        return int(await self._counter.change(lambda value: str(max(int(value or 0), least) + count)))

    async def _write_last(self, name: str, recorded: Recorded) -> None:
        """Write a run so that its revision is the highest, then what follows from it."""
        for _ in range(TRIES):
            await self._runs.write(name, recorded_document(recorded))
            # Another process may have drawn a later number and written its run before this one: who has read
            # that revision would not look again.
            if await self.revision() == recorded.revision:
                break
            recorded = replace(recorded, revision=await self._draw(recorded.revision))
        else:
            raise EngineUnavailable(f"other processes write to {self._names.runs} all the time")
        try:
            await self._settle(recorded)
            await self._take_back(recorded.run.run)
        except EngineError as error:
            _log.warning(
                "run %s is recorded; what follows from it comes with the next: %s", recorded.run.run, error
            )

    async def _settle(self, last: Recorded) -> None:
        """Write what follows from a run; what was settled before is left as it is."""
        settled = read_settled(await self._settled.value())
        if settled.revision >= last.revision:
            return
        if last.states is not None:
            await self._empty_scopes()
            await self._changes.empty_before(last.place)
        await self._write_scopes(last)
        await write(
            self._client,
            self._names.scopes,
            [(identity(f"#{memory.scope}"), memory_document(memory)) for memory in last.memories],
        )
        purged = [name for scope in last.purged for name in (identity(scope), identity(f"#{scope}"))]
        await delete(self._client, self._names.scopes, purged)
        await self._settled.change(lambda value: settled_text(read_settled(value).with_run(last)))

    async def _empty_scopes(self) -> None:
        """Delete what stood before a ledger was restored; its own is in the run until all is written."""
        body = {"query": {"match_all": {}}, "size": SCOPES_AT_ONCE, "_source": False}
        while page := await hits(self._client, self._names.scopes, body):
            await delete(self._client, self._names.scopes, [text(hit, "_id") for hit in page])

    async def _take_back(self, run: str) -> None:
        """Delete the intention of a run that is recorded."""
        found = await self._intended()
        if found is not None and read_intention(found.entry).run.run == run:
            await delete(self._client, self._names.runs, [_INTENTION])

    async def _drop_unrecorded(self) -> None:
        """Drop the intention, and what was noted or was being restored and was never recorded."""
        settled = await self._places()
        await delete(self._client, self._names.runs, [_INTENTION])
        await self._runs.keep_only(settled)
        await self._changes.keep_only(settled.places)

    async def _places(self) -> Settled:
        """Give what is settled, the last run counted in: it may not be yet."""
        settled = read_settled(await self._settled.value())
        last = await self._runs.last()
        return settled if last is None else settled.with_run(last)

    async def _intended(self) -> "_Intended | None":
        value = await self._intention.value()
        return None if value is None else _Intended(**orjson.loads(value))

    async def _write_scopes(self, last: Recorded) -> None:
        states = last.standing
        for start in range(0, len(states), SCOPES_AT_ONCE):
            await write(
                self._client,
                self._names.scopes,
                [
                    (identity(state.scope), scope_document(state, last.run.run, last.revision))
                    for state in states[start : start + SCOPES_AT_ONCE]
                ],
            )

    async def _kept_states(self, last: Recorded) -> AsyncIterator[ScopeState]:
        async for entry in self._kept("scope", last):
            yield read_scope_state(entry)

    async def _kept_memories(self, last: Recorded) -> AsyncIterator[Memory]:
        async for entry in self._kept("remembered", last):
            yield read_memory(entry)

    async def _kept(self, name: str, last: Recorded) -> AsyncIterator[str]:
        """Give the entries of the documents that have a field, in its order; none beside a restored run."""
        if last.states is not None:
            return
        after: str | None = None
        while True:
            wanted: object = (
                {"exists": {"field": name}} if after is None else {"range": {name: {"gt": after}}}
            )
            page = await self._search(
                self._names.scopes, wanted, [{name: "asc"}], SCOPES_AT_ONCE, ("entry", name)
            )
            for hit in page:
                yield text(hit, "_source", "entry")
            if len(page) < SCOPES_AT_ONCE:
                return
            after = text(page[-1], "_source", name)

    async def _search(
        self, index: str, query: object, sort: object, size: int, source: Sequence[str]
    ) -> Sequence[object]:
        """Give hits in an order, none where there is no index."""
        body = {"query": query, "sort": sort, "size": size, "_source": source}
        return await hits(self._client, index, body)


@dataclass(frozen=True, slots=True)
class _Noting:
    """The run whose changes are being noted, the place it drew, and how many there are."""

    run: str
    place: int
    noted: int


@dataclass(frozen=True, slots=True)
class _Intended:
    """An intention as it is kept, with the place at which the changes of its run were noted."""

    place: int | None
    entry: str

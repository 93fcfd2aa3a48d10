"""`Bulk`: documents on their way into an index. None is lost silently: each is taken, or the load fails."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from engines.base import EngineError, EngineTimeout, EngineUnavailable, GenerationRejected
from engines.clock import Clock
from engines.opensearch.client import Busy, Client, Unreachable, block_said, quoted
from engines.opensearch.entry import document_id
from engines.opensearch.reply import items, part
from engines.opensearch.retry import Patience, Retries


@dataclass(frozen=True, slots=True)
class Loading:
    """How documents are sent: bytes of a request, requests at once, seconds for one, tries of it."""

    body: int = 5_000_000
    at_once: int = 4
    seconds: float = 60.0
    patience: Patience = field(default_factory=Patience)


class Bulk:
    """Sends documents to one index, several requests at once; in which order does not matter, as nobody adds
    and removes the same one.

    Each bears its own id, so that a request whose answer did not come can be sent again. Where a cluster has
    no room for a whole request the next ones are half as large, and grow again as they are taken.
    """

    def __init__(self, client: Client, index: str, clock: Clock, loading: Loading) -> None:
        self._client = client
        self._path = quoted(index, "_bulk")
        self._index = index
        self._clock = clock
        self._loading = loading
        self._room: list[bytearray] = []
        """Memory that was sent and may be written again: fresh memory costs more than writing to it."""
        self._batch = _Batch(self._empty())
        # The cluster gives up before the client does, and tells which documents it could not take.
        self._asked = {"filter_path": _ASKED, "timeout": f"{int(1000 * WAITING_SHARE * loading.seconds)}ms"}
        self._allowed = loading.body
        """Bytes of a request now."""
        self._turns = asyncio.Semaphore(loading.at_once)
        self._sending: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None
        self._given = 0
        self._taken = 0

    async def add(self, documents: Iterable[tuple[str, bytes]]) -> None:
        """Add documents, as key and source in one line; waits while as much is on its way as may be.

        Raises what any document or request before came to: GenerationRejected naming a document that the
        index refuses, EngineUnavailable or EngineTimeout.
        """
        for key, source in documents:
            action = b'{"index":{"_id":%b}}\n' % orjson.dumps(document_id(key))
            if self._batch.keys and not self._batch.has_room(len(action) + len(source) + 1):
                await self._send()
            self._batch.add(key, action, source)
            self._given += 1

    async def remove(self, keys: Iterable[str]) -> None:
        """Remove documents; one that is not there counts as removed. Raises as `add` does."""
        for key in keys:
            action = b'{"delete":{"_id":%b}}' % orjson.dumps(document_id(key))
            if self._batch.keys and not self._batch.has_room(len(action) + 1):
                await self._send()
            self._batch.add(key, b"", action)
            self._given += 1

    async def finish(self) -> None:
        """Wait until everything was taken. Raises as `add` does."""
        if self._batch.keys:
            await self._send()
        while self._sending:
            await asyncio.wait(self._sending)
        if self._failure is not None:
            raise self._failure
        if self._taken != self._given:
            raise EngineUnavailable(f"{self._index} took {self._taken} of {self._given} documents")

    async def abort(self) -> None:
        """Give up what is on its way."""
        self._batch = _Batch(bytearray())
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self) -> None:
        await self._turns.acquire()
        if self._failure is not None:
            self._turns.release()
            raise self._failure
        batch, self._batch = self._batch, _Batch(self._empty())
        task = asyncio.create_task(self._carry(batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _empty(self) -> bytearray:
        return self._room.pop() if self._room else bytearray(self._loading.body)

    async def _carry(self, batch: "_Batch") -> None:
        try:
            at_first = await self._deliver(batch)
            if at_first and len(batch.room) == self._loading.body:
                self._room.append(batch.room)
        except Exception as error:
            self._failure = self._failure or error
        finally:
            self._turns.release()

    async def _deliver(self, batch: "_Batch") -> bool:
        """Send a batch until all of it was taken; what was refused for lack of room alone, again.

        Give whether the first request did it: only then has its memory surely been read to the end.
        """
        retries = Retries(self._clock, self._loading.patience)
        left: Sequence[int] = range(len(batch.keys))
        requests = 0
        while left:
            sent, rest = batch.cut(left, self._allowed)
            requests += 1
            turned_away: EngineError
            try:
                reply = await self._client.request(
                    "POST",
                    self._path,
                    body=batch.lines(sent),
                    params=self._asked,
                    seconds=self._loading.seconds,
                )
            except (Busy, Unreachable, EngineTimeout) as error:
                turned_away, again = error, sent
            else:
                refused = _refused_for_now(batch.named(sent), reply, self._index)
                again = [sent[place] for place in refused]
                self._taken += len(sent) - len(again)
                turned_away = Busy(
                    f"{self._index}: {_lack(refused.values())} for {len(again)} of {len(sent)} documents"
                )
            left = [*again, *rest] if again else rest
            if not again:
                self._allowed = min(self._loading.body, self._allowed + self._allowed // _GROWTH)
                retries = Retries(self._clock, self._loading.patience)
                continue
            if len(again) == len(sent) and isinstance(turned_away, Busy):
                self._allowed = min(self._allowed, max(_LEAST, batch.size(sent) // 2))
            await retries.pause(turned_away)
        return requests == 1


class _Batch:
    """Documents of one request: their keys, and their lines one after the other in memory."""

    __slots__ = ("_ends", "_view", "keys", "room")

    def __init__(self, room: bytearray) -> None:
        self.keys: list[str] = []
        self.room = room
        self._view = memoryview(room)
        self._ends = [0]

    def has_room(self, size: int) -> bool:
        """Tell whether so many bytes fit in."""
        return self._ends[-1] + size <= len(self.room)

    def add(self, key: str, action: bytes, source: bytes) -> None:
        """Add a document. One that is larger than a whole request gets memory of its own size."""
        start = self._ends[-1]
        middle = start + len(action)
        end = middle + len(source)
        if end >= len(self.room):
            self.room = bytearray(end + 1)
            self._view = memoryview(self.room)
        view = self._view
        view[start:middle] = action
        view[middle:end] = source
        view[end] = _NEW_LINE
        self.keys.append(key)
        self._ends.append(end + 1)

    def cut(self, places: Sequence[int], largest: int) -> tuple[Sequence[int], Sequence[int]]:
        """Give the first of some places, one at least, which have so many bytes at most; and the rest."""
        if self.size(places) <= largest:
            return places, ()
        size, count = 0, 0
        for place in places:
            size += self._ends[place + 1] - self._ends[place]
            if count and size > largest:
                break
            count += 1
        return places[:count], places[count:]

    def size(self, places: Sequence[int]) -> int:
        """Give how many bytes the lines of some of the documents have."""
        if len(places) == len(self.keys):
            return self._ends[-1]
        return sum(self._ends[place + 1] - self._ends[place] for place in places)

    def named(self, places: Sequence[int]) -> Sequence[str]:
        """Give the keys of some of the documents."""
        return [self.keys[place] for place in places]

    def lines(self, places: Sequence[int]) -> bytes | memoryview:
        """Give the lines of some of the documents, or of all without copying them."""
        ends, view = self._ends, self._view
        if len(places) == len(self.keys):
            return view[: ends[-1]]
        return b"".join([view[ends[place] : ends[place + 1]] for place in places])


_GROWTH = 8
"""A request that was taken lets the next one be larger by this part of it."""

_LEAST = 64 * 1024
"""Bytes below which requests are not made smaller."""

WAITING_SHARE = 0.5
"""Part of the time of a request in which the cluster waits for a shard whose node is gone."""

_NEW_LINE = 10
_ASKED = "errors,items.*.status,items.*.error.type,items.*.error.reason"


def _refused_for_now(keys: Sequence[str], reply: object, index: str) -> Mapping[int, str]:
    """Give the places of those that the index could not take now, each with the kind of error. Raises for
    those that it will never take.
    """
    results = items(reply, "items")
    if len(results) != len(keys):
        raise EngineUnavailable(f"{index}: {len(keys)} documents were sent, {len(results)} answered for")
    if part(reply, "errors") is False:
        return {}
    return {
        place: str(part(result, _action(result), "error", "type"))
        for place, (key, result) in enumerate(zip(keys, results, strict=True))
        if _is_refused_for_now(key, result, index)
    }


def _lack(kinds: Iterable[str]) -> str:
    """Say what the cluster has not, by the kinds of error with which documents came back."""
    if "unavailable_shards_exception" in kinds:
        return "no node that answers has the shard"
    return "the cluster has no room"


def _action(result: object) -> str:
    return "index" if part(result, "delete") is None else "delete"


def _is_refused_for_now(key: str, result: object, index: str) -> bool:
    action = _action(result)
    status, error = part(result, action, "status"), part(result, action, "error")
    if status in {200, 201} or (action == "delete" and status == 404 and error is None):
        return False
    kind = str(part(error, "type"))
    # The reason may quote the document: it is read, and not repeated.
    blocked = block_said(status, kind, str(part(error, "reason")))
    if blocked is not None:
        raise EngineUnavailable(f"{index}: {blocked}")
    if status in {429, 503}:
        return True
    if status == 404:
        raise EngineUnavailable(f"{index} was deleted while it was being built")
    raise GenerationRejected(f"{key} was refused by the index: HTTP {status} {kind}")

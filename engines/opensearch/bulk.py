"""`Bulk`: documents on their way into an index. None is lost silently: each is taken, or the load fails."""

import asyncio
from collections.abc import Iterable, Sequence
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
    """Sends documents to one index, several requests at once; in which order does not matter.

    Each bears its own id, so that a request whose answer did not come can be sent again.
    """

    def __init__(self, client: Client, index: str, clock: Clock, loading: Loading) -> None:
        self._client = client
        self._path = quoted(index, "_bulk")
        self._index = index
        self._clock = clock
        self._loading = loading
        self._batch: list[_Item] = []
        self._size = 0
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
            item = _Item(key, b'{"index":{"_id":%b}}\n%b\n' % (orjson.dumps(document_id(key)), source))
            if self._batch and self._size + len(item.lines) > self._loading.body:
                await self._send()
            self._batch.append(item)
            self._size += len(item.lines)
            self._given += 1

    async def finish(self) -> None:
        """Wait until everything was taken. Raises as `add` does."""
        if self._batch:
            await self._send()
        while self._sending:
            await asyncio.wait(self._sending)
        if self._failure is not None:
            raise self._failure
        if self._taken != self._given:
            raise EngineUnavailable(f"{self._index} took {self._taken} of {self._given} documents")

    async def abort(self) -> None:
        """Give up what is on its way."""
        self._batch.clear()
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self) -> None:
        batch, self._batch, self._size = self._batch, [], 0
        await self._turns.acquire()
        if self._failure is not None:
            self._turns.release()
            raise self._failure
        task = asyncio.create_task(self._carry(batch))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _carry(self, batch: list["_Item"]) -> None:
        try:
            await self._deliver(batch)
        except Exception as error:
            self._failure = self._failure or error
        finally:
            self._turns.release()

    async def _deliver(self, batch: list["_Item"]) -> None:
        """Send a batch until all of it was taken; what was refused for lack of room alone, again."""
        retries = Retries(self._clock, self._loading.patience)
        left: Sequence[_Item] = batch
        while left:
            turned_away: EngineError
            try:
                reply = await self._client.request(
                    "POST",
                    self._path,
                    body=b"".join([item.lines for item in left]),
                    params=_ASKED,
                    seconds=self._loading.seconds,
                )
            except (Busy, Unreachable, EngineTimeout) as error:
                turned_away = error
            else:
                again = _refused_for_now(left, reply, self._index)
                self._taken += len(left) - len(again)
                turned_away = Busy(
                    f"{self._index}: the cluster has no room for {len(again)} of {len(left)} documents"
                )
                left = again
            if left:
                await retries.pause(turned_away)


@dataclass(frozen=True, slots=True)
class _Item:
    """A document in a bulk request: its key, and its two lines."""

    key: str
    lines: bytes


_ASKED = {"filter_path": "errors,items.index.status,items.index.error.type,items.index.error.reason"}


def _refused_for_now(sent: Sequence[_Item], reply: object, index: str) -> Sequence[_Item]:
    """Give those that the index had no room for. Raises for those that it will never take."""
    results = items(reply, "items")
    if len(results) != len(sent):
        raise EngineUnavailable(f"{index}: {len(sent)} documents were sent, {len(results)} answered for")
    if part(reply, "errors") is False:
        return ()
    return [
        item for item, result in zip(sent, results, strict=True) if _is_refused_for_now(item, result, index)
    ]


def _is_refused_for_now(item: _Item, result: object, index: str) -> bool:
    status = part(result, "index", "status")
    if status in {200, 201}:
        return False
    kind = str(part(result, "index", "error", "type"))
    # The reason may quote the document: it is read, and not repeated.
    blocked = block_said(kind, str(part(result, "index", "error", "reason")))
    if blocked is not None:
        raise EngineUnavailable(f"{index}: {blocked}")
    if status in {429, 503}:
        return True
    if status == 404:
        raise EngineUnavailable(f"{index} was deleted while it was being built")
    raise GenerationRejected(f"{item.key} was refused by the index: HTTP {status} {kind}")

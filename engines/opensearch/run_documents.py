"""`RunDocuments`: the documents of runs in their index. Which of them count is told by the caller."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from engines.ledger import Keep, Run
from engines.ledger_entry import read_run
from engines.opensearch.client import Client, quoted
from engines.opensearch.hits import delete, hits, write
from engines.opensearch.ledger_indices import identity, run_document
from engines.opensearch.reply import text, whole
from engines.opensearch.settled import RECORDED, Recorded, Settled, read_recorded

RUNS_AT_ONCE = 50
"""Documents in one request: a run may hold the states of a thousand scopes."""

PLACES_AT_ONCE = 1000
"""Runs in one request of which nothing but the place is asked for."""

_RUN: dict[str, object] = {"exists": {"field": "place"}}
_LAST = ("entry", "place", "revision", "memories", "states", "floor", "dropped")


@dataclass(frozen=True, slots=True)
class RunDocuments:
    """The runs in one index; reading makes nothing."""

    client: Client
    index: str

    async def last(self) -> Recorded | None:
        """Give the run that was written last."""
        page = await self._page(RECORDED, [{"revision": "desc"}], 1, _LAST)
        return read_recorded(page[0]) if page else None

    async def revision(self) -> int:
        """Give the revision of the run that was written last, 0 where there is none."""
        page = await self._page(RECORDED, [{"revision": "desc"}], 1, ("revision",))
        return whole(page[0], "_source", "revision") if page else 0

    async def find(self, run: str, settled: Settled) -> Run | None:
        """Give a run by its name."""
        page = await self._named(run, settled, ("entry",))
        return read_run(text(page[0], "_source", "entry")) if page else None

    async def place(self, run: str, settled: Settled) -> tuple[int, str] | None:
        """Give the place of a run and the `_id` of its document, None for one that is not known."""
        page = await self._named(run, settled, ("place",))
        return (whole(page[0], "_source", "place"), text(page[0], "_id")) if page else None

    async def newest(self, limit: int, place: int | None, settled: Settled) -> Sequence[Run]:
        """Give runs, newest first, those before a place if one is given."""
        found: list[Run] = []
        async for run in self._walk(min(limit, RUNS_AT_ONCE), place, settled):
            found.append(run)
            if len(found) == limit:
                break
        return tuple(found)

    async def write(self, name: str, document: dict[str, object]) -> None:
        """Write the document of a run by its `_id`: it is there at once, or not at all."""
        path = quoted(self.index, "_doc", name)
        await self.client.request("PUT", path, body=orjson.dumps(document), params={"refresh": "true"})

    async def lay(self, runs: Sequence[Run], first: int) -> None:
        """Write runs that are being restored, at places from `first` on."""
        documents = [(laid(place), run_document(run, place, 0)) for place, run in enumerate(runs, first)]
        await write(self.client, self.index, documents)

    async def trim(self, keep: Keep, now: datetime, settled: Settled) -> None:
        """Delete what is beyond what is to be kept; the last run always stays."""
        newest, least = await self._edges(keep.runs, settled)
        old = [{"range": {"place": {"lt": least}}}, {"range": {"started": {"lt": now - keep.age}}}]
        await self._delete(
            {
                "bool": {
                    "filter": [settled.runs, {"range": {"place": {"lt": newest}}}],
                    "should": old,
                    "minimum_should_match": 1,
                }
            }
        )

    async def keep_only(self, settled: Settled) -> None:
        """Delete what does not count: from before a restore, or of one that broke off."""
        await self._delete({"bool": {"filter": [_RUN], "must_not": [settled.runs]}})

    async def _edges(self, count: int, settled: Settled) -> tuple[int, int]:
        """Give the place of the newest run, and that of the oldest of so many; 0 where there is none."""
        newest = least = passed = 0
        while passed < count:
            older: list[object] = [{"range": {"place": {"lt": least}}}] if passed else []
            query = {"bool": {"filter": [settled.runs, *older]}}
            size = min(count - passed, PLACES_AT_ONCE)
            page = await self._page(query, [{"place": "desc"}], size, ("place",))
            if page:
                newest = newest or whole(page[0], "_source", "place")
                least = whole(page[-1], "_source", "place")
            passed += len(page)
            if len(page) < size:
                break
        return newest, least

    async def _delete(self, query: object) -> None:
        while page := await self._page(query, [{"place": "asc"}], PLACES_AT_ONCE, ("place",)):
            await delete(self.client, self.index, [text(hit, "_id") for hit in page])

    async def _walk(self, size: int, place: int | None, settled: Settled) -> AsyncIterator[Run]:
        """Give runs, newest first."""
        while size:
            older: list[object] = [] if place is None else [{"range": {"place": {"lt": place}}}]
            query = {"bool": {"filter": [settled.runs, *older]}}
            page = await self._page(query, [{"place": "desc"}], size, ("entry", "place"))
            for hit in page:
                place = whole(hit, "_source", "place")
                yield read_run(text(hit, "_source", "entry"))
            if len(page) < size:
                return

    async def _named(self, run: str, settled: Settled, source: Sequence[str]) -> Sequence[object]:
        """Give the document of a run.

        A name too long for a term is found by the `_id`, which one that was restored does not have.
        """
        named = [{"term": {"run": run}}, {"ids": {"values": [identity(run)]}}]
        query = {"bool": {"filter": [settled.runs], "should": named, "minimum_should_match": 1}}
        return await self._page(query, [{"place": "desc"}], 1, source)

    async def _page(self, query: object, sort: object, size: int, source: Sequence[str]) -> Sequence[object]:
        body = {"query": query, "sort": sort, "size": size, "_source": source}
        return await hits(self.client, self.index, body)


def laid(place: int) -> str:
    """Give the `_id` of a run that is restored: another than the one its name has, which may be there too."""
    return f"#place-{place}"

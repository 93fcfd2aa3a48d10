"""Reading back what a generation holds: its documents by ascending key, and its companions."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing

import orjson

from engines.base import Companions, DamagedGeneration, EngineUnavailable, GenerationGone
from engines.opensearch.client import Client, Refused, quoted
from engines.opensearch.meta import Sealed
from engines.opensearch.reply import entries, items, part, text, whole
from mappings.document import Outline, Stored
from mappings.opensearch import BODY, COMPANION, INTERNAL, KEY, OUTLINE, RAW, STORED, TOLD

PAGE = 2000
"""Documents that are read at once at most."""

PAGE_BYTES = 8_000_000
"""Bytes of a page, as far as the page before tells how large documents are."""

OUTLINES = 5000
"""Outlines that are read at once."""

PIECE_BYTES = 1_000_000
"""Bytes of companions in one document of the index, unless a single companion has more."""

_FIRST_PAGE = 500
_PIECES = 8
"""Pieces of companions that are read at once."""


class Closed(GenerationGone):
    """The index of a generation is there, but somebody closed it: nothing of it can be read."""


NO_COMPANION: Mapping[str, object] = {"bool": {"must_not": [{"exists": {"field": COMPANION}}]}}
"""Holds for all that are documents."""


async def documents(
    client: Client, generation: str, sealed: Sealed
) -> AsyncGenerator[Sequence[Stored], None]:
    """Stream the documents by ascending key. Raises GenerationGone, DamagedGeneration if some are missing."""
    seen = 0
    wanted = {"stored_fields": STORED}
    async with aclosing(_pages(client, generation, wanted, _FIRST_PAGE, _fitting)) as pages:
        async for page in pages:
            seen += len(page)
            yield [_stored(hit) for hit in page]
    _check_all(generation, sealed, seen)


async def outlines(
    client: Client, generation: str, sealed: Sealed
) -> AsyncGenerator[Sequence[Outline], None]:
    """Stream the outlines by ascending key. Raises as `documents` does."""
    seen = 0
    wanted = {"stored_fields": "_none_", "docvalue_fields": [OUTLINE, TOLD]}
    async with aclosing(_pages(client, generation, wanted, OUTLINES, lambda _: OUTLINES)) as pages:
        async for page in pages:
            seen += len(page)
            yield [_outline(hit) for hit in page]
    _check_all(generation, sealed, seen)


async def _pages(
    client: Client,
    generation: str,
    wanted: Mapping[str, object],
    size: int,
    next_size: Callable[[Sequence[object]], int],
) -> AsyncGenerator[Sequence[object], None]:
    """Give the hits of all documents by ascending key. While one page is worked on the next is being read."""
    body = {"query": NO_COMPANION, "sort": [{KEY: "asc"}], "track_total_hits": False, **wanted}

    async def ask(size: int, **after: object) -> Sequence[object]:
        return hits(await search(client, generation, {**body, **after, "size": size}, only=_ONLY))

    coming = asyncio.create_task(ask(size))
    try:
        while len(page := await coming) == size:
            size = next_size(page)
            coming = asyncio.create_task(ask(size, search_after=[_key(page[-1])]))
            yield page
        if page:
            yield page
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


_ONLY = "_shards.total,_shards.failed,hits.hits.sort,hits.hits.fields"


def _fitting(page: Sequence[object]) -> int:
    """Give how many documents make a page, as far as one page tells how large they are."""
    size = sum(len(_field(hit, name)) for hit in page for name in STORED)
    return max(1, min(PAGE, PAGE_BYTES * len(page) // max(size, 1)))


def _check_all(generation: str, sealed: Sealed, seen: int) -> None:
    if seen != sealed.documents:
        raise DamagedGeneration(f"{generation} holds {seen} documents instead of {sealed.documents}")


async def these_documents(client: Client, generation: str, keys: Sequence[str]) -> Sequence[Stored]:
    """Give the documents with these keys. Raises DamagedGeneration where one is missing."""
    found: list[Stored] = []
    for start in range(0, len(keys), _FIRST_PAGE):
        found += await some_documents(client, generation, keys[start : start + _FIRST_PAGE])
    missing = set(keys) - {each.key for each in found}
    if missing:
        raise DamagedGeneration(f"{generation} has lost the document {min(missing)}")
    return found


async def some_documents(client: Client, generation: str, keys: Sequence[str]) -> Sequence[Stored]:
    """Give the documents with these keys, as far as they are there."""
    body: dict[str, object] = {
        "query": {"terms": {KEY: list(keys)}},
        "size": len(keys) + 1,
        "sort": [{KEY: "asc"}],
        "stored_fields": STORED,
    }
    return [_stored(hit) for hit in hits(await search(client, generation, body))]


def pieces(companions: Companions) -> Iterator[tuple[str, bytes]]:
    """Cut companions into documents of the index: key, and source in one line."""
    number = 0
    for kind, given in (("flavors", companions.flavors), ("os_versions", companions.os_versions)):
        for piece in _cut(given):
            raw = b'{"%b":[%b]}' % (kind.encode(), piece)
            yield piece_id(number), orjson.dumps({COMPANION: kind, RAW: raw.decode()})
            number += 1


async def companions(client: Client, generation: str, sealed: Sealed) -> Companions:
    """Give flavors and OS versions. Raises GenerationGone, and DamagedGeneration if a piece is missing."""
    found: dict[str, list[Mapping[str, object]]] = {"flavors": [], "os_versions": []}
    for start in range(0, sealed.companions, _PIECES):
        wanted = [piece_id(number) for number in range(start, min(start + _PIECES, sealed.companions))]
        body = {"query": {"ids": {"values": wanted}}, "size": len(wanted), "stored_fields": [RAW]}
        read = {text(hit, "_id"): hit for hit in hits(await search(client, generation, body))}
        for name in wanted:
            if name not in read:
                raise DamagedGeneration(f"{generation} has lost a piece of its flavors or OS versions")
            for kind, given in orjson.loads(_field(read[name], RAW)).items():
                found[kind].extend(given)
    return Companions(tuple(found["flavors"]), tuple(found["os_versions"]))


async def search(
    client: Client,
    index: str,
    body: Mapping[str, object],
    seconds: float | None = None,
    *,
    only: str | None = None,
) -> Mapping[str, object]:
    """Search an index and give the whole answer, never a partial one; `only` names the parts that are wanted.

    Raises GenerationGone where the index is gone (Closed where it is there, but closed), EngineUnavailable
    where a shard does not answer.
    """
    try:
        reply = await client.request(
            "POST",
            quoted(index, "_search"),
            body=orjson.dumps(body),
            params={"allow_partial_search_results": "false", **({"filter_path": only} if only else {})},
            seconds=seconds,
        )
    except Refused as error:
        if error.kind == "index_not_found_exception":
            raise GenerationGone(f"{index} is no longer kept") from None
        if error.kind == "index_closed_exception":
            raise Closed(f"{index} is closed: open it again, or publish another generation") from None
        raise
    check_whole(index, reply)
    return entries(reply)


def check_whole(index: str, reply: object) -> None:
    """Raise EngineUnavailable where not every shard answered."""
    failed = whole(reply, "_shards", "failed")
    if failed:
        raise EngineUnavailable(f"{failed} of {whole(reply, '_shards', 'total')} shards of {index} failed")


def hits(reply: object) -> Sequence[object]:
    """Give the hits of an answer."""
    # What is filtered leaves out what is empty.
    return items(reply, "hits", "hits") if part(reply, "hits") is not None else ()


def _key(hit: object) -> str:
    (key,) = items(hit, "sort")
    if not isinstance(key, str):
        raise EngineUnavailable("OpenSearch gave a document without its key")
    return key


def _outline(hit: object) -> Outline:
    (told,) = items(hit, "fields", TOLD)
    if type(told) is not int:
        raise EngineUnavailable("OpenSearch gave a document without its digest")
    internal = part(hit, "fields", OUTLINE)
    return Outline(_key(hit), None if internal is None else _field(hit, OUTLINE).encode(), told)


def _stored(hit: object) -> Stored:
    return Stored(
        _key(hit), _field(hit, BODY).encode(), _field(hit, INTERNAL).encode(), _field(hit, RAW).encode()
    )


def _field(hit: object, name: str) -> str:
    found = part(hit, "fields", name)
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], str):
        raise DamagedGeneration(f"a document of the index holds no {name}")
    return found[0]


def piece_id(number: int) -> str:
    """Give the id of a document of the index that holds a piece of the companions."""
    return f"companions/{number}"


def _cut(given: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    piece: list[bytes] = []
    size = 0
    for one in map(orjson.dumps, given):
        if piece and size + len(one) > PIECE_BYTES:
            yield b",".join(piece)
            piece, size = [], 0
        piece.append(one)
        size += len(one)
    if piece:
        yield b",".join(piece)

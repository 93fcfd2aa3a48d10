"""HTTP: our service against a bare aiohttp handler that sends the same bytes, in alternating rounds."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks import asking
from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure, percentile
from benchmarks.http_load import CONNECTIONS, Load, load
from benchmarks.http_server import serve_catalogue, serve_recorded, server
from benchmarks.scale import Scale
from engines.clock import system_clock
from engines.embedded.readers import EmbeddedReaders
from engines.query import Query
from mappings.date import date_text
from mappings.filter import Condition, Operator, conjuncts
from search_api.default_filters import default_clauses
from search_api.facet_counts import MAIN

BAR = 0.1
_WARM_UP = 200
_BARE_TURNS = 8
"""The bare handler gets each round so often, so that its rounds last about as long as ours."""

_SEED = 21


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Ask for 20 documents and 12 facets by 3 to 5 filters; every question differs, within a round and over
    all of them.
    """
    drawn = asyncio.run(_targets(catalogue, _WARM_UP + scale.rounds * scale.requests))
    warm_up, targets = drawn[:_WARM_UP], drawn[_WARM_UP:]
    rounds = [targets[at : at + scale.requests] for at in range(0, len(targets), scale.requests)]
    recorded = catalogue.folder / "recorded"
    with server(serve_catalogue, catalogue.engine) as port:
        _record(port, drawn, recorded)
    ours: list[Load] = []
    bare: list[Load] = []
    # A server of ours that has seen none of the questions, nor anything else but the warm-up.
    with (
        server(serve_catalogue, catalogue.engine) as our_port,
        server(serve_recorded, recorded) as bare_port,
    ):
        for port in (our_port, bare_port):
            load(port, warm_up)
        for asked in rounds:
            ours.append(load(our_port, asked))
            bare.append(load(bare_port, asked * _BARE_TURNS))
    recorded.unlink()
    _check_same(ours, bare)
    ratio = median(each.rate for each in ours) / median(each.rate for each in bare)
    yield _speed("the service", ours)
    yield _speed("a bare aiohttp handler with the same bytes", bare)
    yield Figure("ratio of the medians", f"{ratio:.3f}", f">= {BAR:g}", ratio >= BAR)


async def _targets(catalogue: Catalogue, wanted: int) -> list[str]:
    readers = EmbeddedReaders(catalogue.engine, system_clock())
    try:
        images = await asking.sample(await readers.served(), _SEED)
    finally:
        await readers.close()
    return [target(query) for query in islice(asking.filtered(images, _SEED), wanted)]


def target(query: Query) -> str:
    """Write a question as a request; the default filters go without saying."""
    implied = {clause.filter for clause in default_clauses(frozenset())}
    asked = [part for part in conjuncts(query.filter) if part not in implied]
    parameters = [_parameter(part) for part in asked if isinstance(part, Condition)]
    assert len(parameters) == len(asked), "questions are drawn as conditions"
    return f"/v1/images?{urlencode([*parameters, ('facets', ','.join(MAIN)), ('limit', query.limit)])}"


def _parameter(part: Condition) -> tuple[str, str]:
    if part.operator is Operator.IN:
        return part.field, ",".join(map(str, part.values))
    (value,) = part.values
    assert isinstance(value, int)
    shown = date_text(value) if part.field == "created_at" else str(value)
    return part.field, f"{part.operator.value}:{shown}"


def _record(port: int, targets: Sequence[str], recorded: Path) -> None:
    with recorded.open("wb") as file:
        load(port, targets, lambda target, body: file.writelines((target.encode(), b"\n", body, b"\n")))


def _check_same(ours: Sequence[Load], bare: Sequence[Load]) -> None:
    """Raise ValueError unless both servers sent as many bytes for the same questions."""
    counts = [(one.body_bytes, other.body_bytes) for one, other in zip(ours, bare, strict=True)]
    if any(one * _BARE_TURNS != other for one, other in counts):
        raise ValueError(f"the servers sent different bytes, by round: {counts}")


def _speed(who: str, loads: Sequence[Load]) -> Figure:
    times = [each for one in loads for each in one.milliseconds]
    mean = sum(one.body_bytes for one in loads) / len(times)
    return Figure(
        f"{who}: {CONNECTIONS} connections, {len(times):,} requests, {mean / 1024:.0f} KiB an answer",
        f"{median(each.rate for each in loads):,.0f} requests/s,"
        f" p50 {percentile(times, 0.5):.1f} ms, p99 {percentile(times, 0.99):.1f} ms",
    )

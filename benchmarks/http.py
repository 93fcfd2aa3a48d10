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
from benchmarks.http_serve import serve_figures
from benchmarks.http_server import serve_catalogue, serve_recorded, server
from benchmarks.scale import Scale
from engines.clock import system_clock
from engines.embedded.readers import EmbeddedReaders
from engines.query import Query
from mappings.date import date_text
from mappings.filter import Condition, Operator, conjuncts
from search_api.default_filters import default_clauses
from search_api.facet_counts import MAIN

DIFFERENT, DIFFERENT_LARGER, REPEATED = 0.12, 0.03, 0.7
"""Shares of the bare handler's requests a second that must be reached, for questions that are all different
(in the smaller and in the larger catalogue) and for repeated ones.
"""

_WARM_UP = 200
_BARE_TURNS = 8
"""The bare handler gets each round of different questions so often: it lasts about as long as ours then."""

_SEED = 21


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Ask for 20 documents and 12 facets by 3 to 5 filters; every question differs, within a round and over
    all of them. Then some of them again and again.
    """
    drawn = asyncio.run(_targets(catalogue, _WARM_UP + scale.rounds * scale.requests))
    warm_up, targets = drawn[:_WARM_UP], drawn[_WARM_UP:]
    rounds = [targets[at : at + scale.requests] for at in range(0, len(targets), scale.requests)]
    recorded = catalogue.folder / "recorded"
    with server(serve_catalogue, catalogue.engine) as port:
        _record(port, drawn, recorded)
    # A server of ours that has seen none of the questions, nor anything else but the warm-up.
    with (
        server(serve_catalogue, catalogue.engine) as our_port,
        server(serve_recorded, recorded) as bare_port,
    ):
        for port in (our_port, bare_port, our_port):
            load(port, warm_up)
        least = DIFFERENT_LARGER if catalogue.images > scale.smaller else DIFFERENT
        yield from _compared(
            "all different", our_port, bare_port, [(one, _BARE_TURNS) for one in rounds], least
        )
        again = (warm_up * (scale.requests * _BARE_TURNS // _WARM_UP + 1))[: scale.requests * _BARE_TURNS]
        yield from _compared(
            f"{_WARM_UP} repeated", our_port, bare_port, [(again, 1)] * scale.rounds, REPEATED
        )
    recorded.unlink()
    yield from serve_figures(catalogue, targets[: scale.requests])


def _compared(
    which: str, our_port: int, bare_port: int, rounds: Sequence[tuple[Sequence[str], int]], least: float
) -> Iterator[Figure]:
    """Send rounds of questions to both servers by turns, to the bare one each so many times."""
    ours: list[Load] = []
    bare: list[Load] = []
    for asked, turns in rounds:
        ours.append(load(our_port, asked))
        bare.append(load(bare_port, [*asked] * turns))
        _check_same(ours[-1], bare[-1], turns)
    ratio = median(each.rate for each in ours) / median(each.rate for each in bare)
    yield _speed(f"questions, {which}: the service", ours)
    yield _speed(f"questions, {which}: a bare aiohttp handler with the same bytes", bare)
    yield Figure(f"questions, {which}: ratio of the medians", f"{ratio:.3f}", f">= {least:g}", ratio >= least)


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


def _check_same(ours: Load, bare: Load, turns: int) -> None:
    """Raise ValueError unless both servers sent as many bytes for the same questions."""
    if ours.body_bytes * turns != bare.body_bytes:
        raise ValueError(f"the servers sent different bytes: {ours.body_bytes} * {turns}, {bare.body_bytes}")


def _speed(who: str, loads: Sequence[Load]) -> Figure:
    times = [each for one in loads for each in one.milliseconds]
    mean = sum(one.body_bytes for one in loads) / len(times)
    return Figure(
        f"{who}: {CONNECTIONS} connections, {len(times):,} requests, {mean / 1024:.0f} KiB an answer",
        f"{median(each.rate for each in loads):,.0f} requests/s,"
        f" p50 {percentile(times, 0.5):.1f} ms, p99 {percentile(times, 0.99):.1f} ms",
    )

"""The embedded engine, in process: how fast it answers, and what it takes to be ready for that."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from benchmarks import asking
from benchmarks.baseline_sqlite import Told, ask_baseline, fill_baseline
from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure, percentile
from benchmarks.memory import own_bytes
from benchmarks.scale import Scale
from engines.base import Reader
from engines.clock import system_clock
from engines.embedded.file import GenerationFile, file_of
from engines.embedded.readers import EmbeddedReaders
from engines.query import Answer, Query
from mappings.document import Stored
from search_api.access import narrow, visible
from search_api.caller import OPERATOR

FIRST_PAGE_MS = 2.0
DEEP_PAGE = 50
_WARM_UP = 50
_SEED = 20
_BATCH = 1000


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Ask a catalogue questions of five kinds, all different, and SQLite some of the first kind too."""
    with asyncio.Runner() as runner:
        before, started = own_bytes(), time.perf_counter()
        readers = EmbeddedReaders(catalogue.engine, system_clock())
        reader = runner.run(readers.served())
        yield Figure("load the generation", f"{time.perf_counter() - started:.2f} s")
        yield Figure("memory of the loaded reader", f"{(own_bytes() - before) / 2**20:,.0f} MiB")
        images = runner.run(asking.sample(reader, _SEED))
        for kind in _KINDS:
            yield runner.run(_measure(kind, reader, images, scale.questions, catalogue.documents))
        others = list(islice(asking.filtered(images, _SEED + 1), scale.compared))
        yield from runner.run(_compare(reader, others, catalogue))
        runner.run(readers.close())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question. `bar_ms` is what its p99 must keep; `deep`: page 50 is asked for, by cursor."""

    title: str
    draw: Callable[[Sequence[asking.Image], int], Iterator[Query]]
    bar_ms: float | None = None
    deep: bool = False


_KINDS = (
    Kind("3 to 5 filters, 12 disjunctive facets, 20 whole documents", asking.filtered),
    Kind("1 to 3 words, 20 whole documents", asking.worded),
    Kind("a range of dates, sorted by one of six fields, 20 whole documents", asking.dated),
    Kind(f"1 or 2 filters, page {DEEP_PAGE} by cursor", asking.first_pages, deep=True),
    Kind("1 or 2 filters, first page in the default order", asking.first_pages, bar_ms=FIRST_PAGE_MS),
)


async def _measure(
    kind: Kind, reader: Reader, images: Sequence[asking.Image], questions: int, documents: int
) -> Figure:
    drawn = kind.draw(images, _SEED)
    if kind.deep:
        asked = await _at_deep_page(reader, drawn, questions)
    else:
        for question in islice(drawn, _WARM_UP):
            await _ask(reader, question)
        asked = list(islice(drawn, questions))
    times, totals = [], []
    for question in asked:
        milliseconds, answer = await _ask(reader, question)
        times.append(milliseconds)
        totals.append(answer.total)
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    half = percentile(totals, 0.5) / documents
    return Figure(
        f"{kind.title} ({len(asked):,} questions, half find {half:.1%} or more)",
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
        "" if kind.bar_ms is None else f"p99 <= {kind.bar_ms:g} ms",
        kind.bar_ms is None or p99 <= kind.bar_ms,
    )


async def _ask(reader: Reader, question: Query) -> tuple[float, Answer]:
    started = time.perf_counter()
    answer = await reader.search(narrow(question, OPERATOR))
    return (time.perf_counter() - started) * 1000, answer


async def _at_deep_page(reader: Reader, drawn: Iterator[Query], wanted: int) -> list[Query]:
    """Give questions at the position that the cursor of the page before has."""
    found: list[Query] = []
    while len(found) < wanted:
        question = next(drawn)
        _, answer = await _ask(reader, replace(question, limit=question.limit * (DEEP_PAGE - 1)))
        if answer.next is not None:
            found.append(replace(question, after=answer.next))
    return found


async def _compare(reader: Reader, questions: Sequence[Query], catalogue: Catalogue) -> list[Figure]:
    """Ask both the same questions, one after the other; they must find the same."""
    path, access = catalogue.folder / "baseline.sqlite", visible(OPERATOR)
    file = GenerationFile.open(file_of(catalogue.engine, reader.generation))
    connection = fill_baseline(path, _documents(file))
    file.close()
    times, ratios = [], []
    try:
        ask_baseline(connection, questions[0], access)
        for question in questions:
            ours, answer = await _ask(reader, question)
            started = time.perf_counter()
            told = ask_baseline(connection, question, access)
            times.append((time.perf_counter() - started) * 1000)
            ratios.append(times[-1] / ours)
            _check_same(question, answer, told)
    finally:
        connection.close()
        path.unlink()
    return [
        Figure(
            f"SQLite, every filtered column indexed, {len(questions)} more questions of the first kind",
            f"p50 {percentile(times, 0.5):,.0f} ms, p99 {percentile(times, 0.99):,.0f} ms",
        ),
        Figure(
            "SQLite's time over the engine's, question by question (equal totals, pages and counts)",
            f"p50 {percentile(ratios, 0.5):,.0f} times, least {min(ratios):,.0f} times",
        ),
    ]


def _documents(file: GenerationFile) -> Iterator[Stored]:
    for start in range(0, file.documents, _BATCH):
        yield from file.stored(start, start + _BATCH)


def _check_same(question: Query, ours: Answer, told: Told) -> None:
    """Raise ValueError where SQLite finds anything else."""
    hits = tuple(hit.key for hit in ours.hits)
    counts = {
        name: {bucket.value: bucket.count for bucket in facet.buckets} for name, facet in ours.facets.items()
    }
    if (ours.total, hits, counts) != (told.total, told.keys, told.counts):
        raise ValueError(
            f"the engine finds {ours.total}, {hits}, {counts}, SQLite {told.total}, {told.keys},"
            f" {told.counts} for {question}"
        )

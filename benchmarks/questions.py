"""Sentences: what the development questions reach, per category, and how long reading them takes.

Literal: the answer is the meaning as written. Accepted: another reading that is as good.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator

from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure, percentile
from benchmarks.scale import Scale
from search_api.question.read import read
from tests.question_lines import NOW, lines, outcome, words

LONG = (
    "KVM GPU images for 64-bit Ubuntu 22.04 or CentOS 7.9 with UEFI, created in the last 7 days, at least "
    "8 GB RAM, not arm, tagged production and web, sorted by name, jenkins agent worker payments zzyzx"
)
_QUESTIONS = "dev-queries.jsonl"
_ROUNDS = 20


def figures(_catalogue: Catalogue, _scale: Scale) -> Iterator[Figure]:
    """Compare the answers by sets of ids on an estate with near misses; then time the reading alone."""
    yield from _reached()
    times = [_best(line["q"]) for line in lines(_QUESTIONS) if len(line["q"]) <= 200]
    spread = ", ".join(f"p{share:.0%} {percentile(times, share) * 1e3:.2f} ms" for share in (0.5, 0.99))
    yield Figure("reading a sentence", spread.replace("%", ""))
    for repeated in (1, 8):
        text = f"{LONG} " * repeated
        spent = _best(text)
        yield Figure(
            f"reading {len(text):,} characters",
            f"{spent * 1e3:.2f} ms, {spent * 1e6 / len(text):.1f} µs a character",
        )


def _reached() -> Iterator[Figure]:
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in lines(_QUESTIONS):
        table[line["cat"]][outcome(line).how] += 1
    every = sum(table.values(), Counter[str]())
    for name, counts in [*sorted(table.items()), ("all categories", every)]:
        right = counts["literal"] + counts["accepted"]
        yield Figure(
            f"development questions, {name}",
            f"{right} of {counts.total()} right ({right / counts.total():.1%}): {counts['literal']} literal, "
            f"{counts['accepted']} accepted",
        )


def _best(text: str) -> float:
    vocabulary = words()
    spent = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        read(text, vocabulary, NOW)
        spent.append(time.perf_counter() - begin)
    return min(spent)

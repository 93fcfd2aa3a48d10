"""What the development questions reach, per category, and how long reading takes.

    python -m benchmarks.questions

Literal: the answer is the meaning as written. Accepted: another reading that is as good.
"""

import statistics
import time
from collections import Counter, defaultdict

from search_api.question.read import read
from tests.question_lines import NOW, Outcome, lines, outcome, words

LONG = (
    "KVM GPU images for 64-bit Ubuntu 22.04 or CentOS 7.9 with UEFI, created in the last 7 days, at least "
    "8 GB RAM, not arm, tagged production and web, sorted by name, jenkins agent worker payments zzyzx"
)
_ROUNDS = 20


def main() -> None:
    """Print the table, the failures, and the times."""
    outcomes = [outcome(line) for line in lines("dev-queries.jsonl")]
    print_table(outcomes)
    for found in outcomes:
        if found.how == "failed":
            print(f"{found.line['id']}  {found.line['q'][:60]!r}: {found.reason}")
    print_times()


def print_table(outcomes: list[Outcome]) -> None:
    """One row per category."""
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for found in outcomes:
        table[found.line["cat"]][found.how] += 1
    total = sum(table.values(), Counter[str]())
    print(f"{'category':<12}{'lines':>7}{'literal':>9}{'accepted':>10}{'failed':>8}")
    for name, counts in [*sorted(table.items()), ("all", total)]:
        row = (counts["literal"], counts["accepted"], counts["failed"])
        print(f"{name:<12}{sum(row):>7}{row[0]:>9}{row[1]:>10}{row[2]:>8}")
    share = (total["literal"] + total["accepted"]) / sum(total.values())
    print(f"literal or accepted: {share:.1%}\n")


def print_times() -> None:
    """Time per sentence, and that it grows with the length of the sentence."""
    times = [_best(line["q"]) for line in lines("dev-queries.jsonl") if len(line["q"]) <= 200]
    slowest = statistics.quantiles(times, n=100)[98]
    print(f"\nper sentence: p50 {statistics.median(times) * 1e3:.2f} ms, p99 {slowest * 1e3:.2f} ms")
    for repeated in (1, 2, 4, 8):
        text = f"{LONG} " * repeated
        spent = _best(text)
        print(
            f"{len(text):>6} characters: {spent * 1e3:.2f} ms, {spent * 1e6 / len(text):.2f} µs a character"
        )


def _best(text: str) -> float:
    vocabulary = words()
    spent = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        read(text, vocabulary, NOW)
        spent.append(time.perf_counter() - begin)
    return min(spent)


if __name__ == "__main__":
    main()

"""A measured figure, and the page that a run of all benchmarks writes."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """`bar` is what the figure must reach, empty where it is only shown; `holds` whether it does."""

    title: str
    value: str
    bar: str = ""
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Suite:
    """The figures of one benchmark, and the command that gives them again."""

    title: str
    command: str
    figures: Sequence[Figure]


def page(suites: Sequence[Suite], memory_gib: float) -> str:
    """Write the results as Markdown."""
    lines = [
        "# Results",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {memory_gib:.0f} GiB,",
        f"Python {platform.python_version()}. Ratios carry over to other machines, milliseconds do not.",
    ]
    for suite in suites:
        lines += ["", f"## {suite.title}", "", f"`{suite.command}`", "", "| figure | measured | bar |"]
        lines += ["| --- | --- | --- |"]
        for figure in suite.figures:
            missed = "" if figure.holds else " (missed)"
            lines.append(f"| {figure.title} | {figure.value} | {figure.bar}{missed} |")
    return "\n".join((*lines, ""))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

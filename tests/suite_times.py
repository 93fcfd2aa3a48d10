"""A plugin of pytest: at the end it tells what each suite took, and the figures that tests have recorded.

A suite is a folder of `tests/`. Seconds are those of its tests with all that they set up and tear down, added
up over the workers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print both where there is something to tell."""
    counted = [report for reports in terminalreporter.stats.values() for report in reports]
    reports = [report for report in counted if isinstance(report, pytest.TestReport)]
    for title, lines in (("times per suite", times(reports)), ("figures", list(figures(reports)))):
        if lines:
            terminalreporter.write_sep("=", title)
            terminalreporter.write("\n".join((*lines, "")))


def times(reports: Sequence[pytest.TestReport]) -> list[str]:
    """Write a line for each suite, the longest first, and one for all; nothing of a single suite."""
    seconds: defaultdict[str, float] = defaultdict(float)
    tests: defaultdict[str, set[str]] = defaultdict(set)
    for report in reports:
        for name in (suite_of(report.nodeid), "all"):
            seconds[name] += report.duration
            tests[name].add(report.nodeid)
    longest = sorted(seconds.keys() - {"all"}, key=lambda name: (-seconds[name], name))
    if len(longest) < 2:
        return []
    return [f"{name:<20} {len(tests[name]):>6} tests {seconds[name]:>9.1f} s" for name in (*longest, "all")]


def suite_of(nodeid: str) -> str:
    """Name the suite of a test: the path of the folder below `tests` in which it stands."""
    *folders, _ = nodeid.split("::", maxsplit=1)[0].split("/")
    return "/".join(folders[:2])


def figures(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Write what tests recorded by `record_property`."""
    for report in reports:
        if report.when == "call":
            yield from (f"{name}: {value}" for name, value in report.user_properties)

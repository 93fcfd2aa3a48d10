"""`python -m benchmarks`: run the benchmarks, print the figures, write `benchmarks/RESULTS.md`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import BENCHES
from benchmarks.figure import page
from benchmarks.run import run
from benchmarks.scale import FULL, SMALL

RESULTS = Path(__file__).with_name("RESULTS.md")
_SCALES = {"full": FULL, "small": SMALL}
_NAMES = tuple(dict.fromkeys(bench.name for bench in BENCHES))


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 1 if a figure misses its bar."""
    asked = parser().parse_args(arguments)
    scale = _SCALES[asked.scale]
    chosen = [bench for bench in BENCHES if not asked.suite or bench.name in asked.suite]
    with TemporaryDirectory(prefix="ims-catalog-bench-") as workspace:
        suites = [run(bench, Path(workspace), scale) for bench in chosen]
    if scale is FULL and not asked.suite:
        RESULTS.write_text(page(suites, _memory_gib()), encoding="utf-8")
        print(f"\nwritten to benchmarks/{RESULTS.name}")
    return 0 if all(figure.holds for suite in suites for figure in suite.figures) else 1


def parser() -> argparse.ArgumentParser:
    """Read the command line: the names of suites, none for all, and the scale."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure every figure that the README claims. A full run of all suites takes some"
        f" 45 minutes and 20 GB of temporary files, and writes benchmarks/{RESULTS.name}.",
    )
    made.add_argument(
        "suite", nargs="*", type=_suite, help=f"one of {', '.join(_NAMES)}; all of them if none is named"
    )
    made.add_argument(
        "--scale", choices=tuple(_SCALES), default="full", help="small: a quick look, nothing is written"
    )
    return made


def _suite(name: str) -> str:
    # `choices` would refuse that none is named, before Python 3.12.
    if name not in _NAMES:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(_NAMES)}")
    return name


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

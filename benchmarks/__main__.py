"""`python -m benchmarks`: run the benchmarks, print the figures, write `benchmarks/RESULTS.md`."""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar

from benchmarks.bench import BENCHES, Bench
from benchmarks.catalogue import make_catalogue
from benchmarks.figure import Figure, Suite, page
from benchmarks.scale import FULL, SMALL, Scale

RESULTS = Path(__file__).with_name("RESULTS.md")
_SCALES = {"full": FULL, "small": SMALL}
_P = ParamSpec("_P")
_T = TypeVar("_T")


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 1 if a figure misses its bar."""
    asked = _parser().parse_args(arguments)
    scale = _SCALES[asked.scale]
    chosen = [bench for bench in BENCHES if not asked.suite or bench.name in asked.suite]
    with TemporaryDirectory(prefix="ims-catalog-bench-") as workspace:
        suites = [_run(bench, Path(workspace), scale) for bench in chosen]
    if scale is FULL and not asked.suite:
        RESULTS.write_text(page(suites, _memory_gib()), encoding="utf-8")
        print(f"\nwritten to benchmarks/{RESULTS.name}")
    return 0 if all(figure.holds for suite in suites for figure in suite.figures) else 1


def _parser() -> argparse.ArgumentParser:
    names = tuple(dict.fromkeys(bench.name for bench in BENCHES))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure every figure that the README claims. A full run of all suites takes some"
        f" 20 minutes and 12 GB of temporary files, and writes benchmarks/{RESULTS.name}.",
    )
    parser.add_argument("suite", nargs="*", choices=names, help=f"one of {', '.join(names)}; default: all")
    parser.add_argument(
        "--scale", choices=tuple(_SCALES), default="full", help="small: a quick look, nothing is written"
    )
    return parser


def _run(bench: Bench, workspace: Path, scale: Scale) -> Suite:
    """Run a benchmark in a process of its own, after its catalogue was made in another one."""
    images = bench.images(scale)
    title = f"{bench.title}, {images:,} images"
    print(f"\n{title}", flush=True)
    _alone(make_catalogue, workspace, images)
    figures = _alone(_measure, bench, workspace, scale)
    return Suite(title, f".venv/bin/python -m benchmarks {bench.name}", figures)


def _measure(bench: Bench, workspace: Path, scale: Scale) -> list[Figure]:
    return _printed(bench.figures(make_catalogue(workspace, bench.images(scale)), scale))


def _printed(figures: Iterable[Figure]) -> list[Figure]:
    shown: list[Figure] = []
    for figure in figures:
        bar = f"  [{figure.bar}{'' if figure.holds else ', missed'}]" if figure.bar else ""
        print(f"  {figure.title}: {figure.value}{bar}", flush=True)
        shown.append(figure)
    return shown


def _alone(work: Callable[_P, _T], *given: _P.args, **named: _P.kwargs) -> _T:
    """Call in a process of its own, whose memory is nobody else's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *given, **named).result()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

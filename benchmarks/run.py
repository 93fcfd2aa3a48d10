"""`run`: one benchmark, in a process of its own, so that memory and caches are nobody else's."""

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmarks.bench import Bench
from benchmarks.catalogue import make_catalogue
from benchmarks.figure import Figure, Suite
from benchmarks.scale import Scale

_P = ParamSpec("_P")
_T = TypeVar("_T")


def run(bench: Bench, workspace: Path, scale: Scale) -> Suite:
    """Measure, and print each figure as it comes. The catalogue is made first, in another process."""
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
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *given, **named).result()

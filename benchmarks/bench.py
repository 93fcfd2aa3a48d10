"""`BENCHES`: what `python -m benchmarks` can measure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import amend, build, engine, http, normalise, opensearch, questions
from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure
from benchmarks.scale import Scale


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark: `figures` measures on a catalogue of `images(scale)` images; names may repeat."""

    name: str
    title: str
    images: Callable[[Scale], int]
    figures: Callable[[Catalogue, Scale], Iterator[Figure]]


def _smaller(scale: Scale) -> int:
    return scale.smaller


def _larger(scale: Scale) -> int:
    return scale.larger


BENCHES = (
    Bench("normalise", "Normalising", _smaller, normalise.figures),
    Bench("build", "Building", _larger, build.figures),
    Bench("engine", "The embedded engine", _smaller, engine.figures),
    Bench("engine", "The embedded engine", _larger, engine.figures),
    Bench("http", "HTTP", _smaller, http.figures),
    Bench("http", "HTTP", _larger, http.figures),
    Bench("opensearch", "OpenSearch", _smaller, opensearch.figures),
    Bench("opensearch", "OpenSearch", _larger, opensearch.figures),
    Bench("amend", "Few changes on OpenSearch", _smaller, amend.figures),
    Bench("amend", "Few changes on OpenSearch", _larger, amend.figures),
    Bench("questions", "Sentences", _smaller, questions.figures),
)

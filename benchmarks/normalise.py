"""Normalising: recorded pages on disk, read, parsed, and turned into documents as bytes, on one core."""

import time
from collections.abc import Iterator

from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure
from benchmarks.pages import recorded_pages
from benchmarks.scale import Scale
from clouds.ims import parse_page
from mappings.document import store
from mappings.normalise import normalise

BAR = 8_000
ROUNDS = 3


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Measure how many images become stored documents in a second of a core; the median of some rounds."""
    del scale
    speed = sorted(_speed(catalogue) for _ in range(ROUNDS))[ROUNDS // 2]
    yield Figure(
        f"page of JSON on disk to stored document, by a second of one core (median of {ROUNDS})",
        f"{speed:,.0f} images/s",
        f">= {BAR:,} images/s",
        speed >= BAR,
    )


def _speed(catalogue: Catalogue) -> float:
    count = stored = 0
    started = time.process_time()
    for page in recorded_pages(catalogue.folder, catalogue.images):
        for record in parse_page(page.body).images:
            count += 1
            document = normalise(record, page.scope).document
            stored += document is not None and len(store(document).body) > 0
    seconds = time.process_time() - started
    assert stored == count, "every record of the sandbox becomes a document"
    return count / seconds

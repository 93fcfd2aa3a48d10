"""Building a generation: from the spool to what is served, as a run does it after its crawl."""

from collections.abc import Iterator

from benchmarks.catalogue import Catalogue
from benchmarks.figure import Figure
from benchmarks.scale import Scale

SECONDS = 180
GIB = 3


def figures(catalogue: Catalogue, scale: Scale) -> Iterator[Figure]:
    """Tell what making the catalogue took; that was done in a process of its own."""
    del scale
    documents, seconds, peak = catalogue.documents, catalogue.build_seconds, catalogue.peak_bytes / 2**30
    yield Figure(
        f"build {documents:,} documents: plan, index, seal, verify, publish",
        f"{seconds:,.1f} s ({documents / seconds:,.0f} documents/s)",
        f"<= {SECONDS} s",
        seconds <= SECONDS,
    )
    yield Figure(
        "peak memory of the process that normalised, spooled and built them",
        f"{peak:.2f} GiB",
        f"<= {GIB} GiB",
        peak <= GIB,
    )
    yield Figure(
        "before it: pages from disk, normalised, into the spool", f"{catalogue.spool_seconds:,.1f} s"
    )
    yield Figure(
        "the published generation on disk",
        f"{catalogue.size / 2**20:,.0f} MiB ({catalogue.size / documents:,.0f} bytes a document)",
    )

"""`compare`: a plan that reads whole only those documents whose images are not as they were."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import islice

from engines.base import Outlined
from indexer.fate import Terms
from indexer.plan import BATCH, Decision, Images, decide, merged, whole_images
from indexer.settled import Settled
from indexer.spool import Entry
from mappings.document import Outline

_Image = tuple[list[Entry], list[Outline]]


async def compare(
    seen: Iterable[Entry], served: Outlined, terms: Terms
) -> AsyncGenerator[tuple[Decision, ...], None]:
    """Decide as `plan` does, by terms by which nobody has been asked yet.

    Decisions for images that stay as they are say so, and give no documents (`Settled`).
    """
    fresh, settled = Images(seen), Settled(terms)
    waiting: list[Outline] = []
    async with aclosing(served.outlines()) as batches:
        async for batch in batches:
            waiting += batch
            whole = whole_images(waiting)
            images = merged(fresh, waiting[:whole], final=False)
            while some := list(islice(images, BATCH)):
                yield tuple(await _decided(some, served, settled, terms))
            del waiting[:whole]
    images = merged(fresh, waiting, final=True)
    while some := list(islice(images, BATCH)):
        yield tuple(await _decided(some, served, settled, terms))


async def _decided(
    images: Sequence[_Image], served: Outlined, settled: Settled, terms: Terms
) -> Iterator[Decision]:
    told = [settled.decide(entries, outlines) for entries, outlines in images]
    keys = [
        outline.key
        for (_, outlines), decisions in zip(images, told, strict=True)
        if decisions is None
        for outline in outlines
    ]
    read = {stored.key: stored for stored in await served.documents(keys)} if keys else {}
    return (
        decision
        for (entries, outlines), decisions in zip(images, told, strict=True)
        for decision in (
            decide(entries, [read[outline.key] for outline in outlines], terms)
            if decisions is None
            else decisions
        )
    )

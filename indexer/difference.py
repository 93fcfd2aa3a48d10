"""`Difference`: the images that a plan changes or may still change, kept on disk while they are few.

A survey fills it. Once everybody has been asked, the plan is made again for these images alone; of all
others it is known already that they stay as they are.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from copy import deepcopy
from itertools import groupby, islice
from pathlib import Path

from indexer.fate import Terms
from indexer.plan import BATCH, Change, Decision, image_of, plan
from indexer.settled import is_open
from indexer.spool import Spool, open_spool
from indexer.tally import Tally
from mappings.document import Stored

MOST = 100_000
"""Documents that are kept at most."""

FEW = 0.05
"""Up to this share of all documents is few."""

_RUN_SIZE = 8 * 1024 * 1024


@contextmanager
def open_difference(folder: Path, most: int = MOST) -> Iterator["Difference"]:
    """Open an empty one whose files live in `folder`, and let go of it at the end."""
    with open_spool(folder, _RUN_SIZE) as seen, open_spool(folder, _RUN_SIZE) as served:
        yield Difference(seen, served, most)


class Difference:
    """`rest` counts the images that stay as they are. Of one that is not `whole` nothing can be said."""

    def __init__(self, seen: Spool, served: Spool, most: int) -> None:
        self.rest = Tally()
        self.kept = 0
        self._seen = seen
        self._served = served
        self._most = most

    @property
    def whole(self) -> bool:
        """Whether all that may change was kept."""
        return self.kept <= self._most

    @property
    def few(self) -> bool:
        """Whether it is so little that writing it is less work than writing everything."""
        return self.whole and self.kept <= FEW * (self.kept + self.rest.documents)

    def take(self, decisions: Sequence[Decision]) -> None:
        """Take note of decisions; those of one image come together, images by ascending key."""
        for _, group in groupby(decisions, key=lambda decision: image_of(decision.key)):
            image = tuple(group)
            if all(one.change is Change.SAME and not is_open(one) for one in image):
                self.rest.count(image)
            else:
                self._keep(image)

    async def planned(self, terms: Terms) -> AsyncGenerator[tuple[Decision, ...], None]:
        """Decide for what was kept, as `plan` does."""
        async with aclosing(plan(self._seen.entries(), self._before(), terms)) as batches:
            async for decisions in batches:
                yield decisions

    async def tally(self, terms: Terms) -> Tally:
        """Count the plan for all images."""
        tally = deepcopy(self.rest)
        async with aclosing(self.planned(terms)) as batches:
            async for decisions in batches:
                tally.count(decisions)
        return tally

    def _keep(self, image: Sequence[Decision]) -> None:
        self.kept += len(image)
        if not self.whole:
            return
        for decision in image:
            for entry in decision.seen:
                self._seen.add(entry.order, entry.scope, entry.stored)
            if decision.before is not None:
                self._served.add(0, "", decision.before)

    async def _before(self) -> AsyncIterator[Sequence[Stored]]:
        documents = (entry.stored for entry in self._served.entries())
        while batch := list(islice(documents, BATCH)):
            yield batch

"""`lay`: writes what another ledger held where it does not count yet."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import groupby, islice

from engines.base import EngineError
from engines.ledger import Entry, Extent, ImageChange, Memory, Run, ScopeState
from engines.opensearch.image_changes import AT_ONCE, PLACE_BITS, ImageChanges
from engines.opensearch.run_documents import RUNS_AT_ONCE, RunDocuments
from engines.opensearch.settled import Recorded


async def lay(
    entries: Iterable[Entry],
    extent: Extent,
    runs: RunDocuments,
    changes: ImageChanges,
    draw: Callable[[int], Awaitable[int]],
) -> Recorded:
    """Write runs and changes; give the last run with all that stands, of no revision yet.

    `draw` draws so many numbers and gives the highest. All changes get the place of the last run. Raises
    EngineError if there is no run; what `entries` raises passes.
    """
    last: Run | None = None
    floor = place = number = dropped = 0
    states: list[ScopeState] = []
    memories: list[Memory] = []
    for batch in _batches(entries):
        match batch[0]:
            case Run():
                laid = [entry for entry in batch if isinstance(entry, Run)]
                place = await draw(len(laid))
                first = place - len(laid) + 1
                await runs.lay(laid, first)
                floor, last = floor or first, laid[-1]
            case ScopeState():
                states += [entry for entry in batch if isinstance(entry, ScopeState)]
            case Memory():
                memories += [entry for entry in batch if isinstance(entry, Memory)]
            case ImageChange():
                noted = [entry for entry in batch if isinstance(entry, ImageChange)]
                await changes.note(place, number + 1, noted)
                number += len(noted)
                dropped += sum(one.position <= extent.dropped for one in noted)
    if last is None:
        raise EngineError("there is no run in what is to be restored")
    # Who has read all that was there before has read none of it: his position is below this one.
    behind = (place << PLACE_BITS) + dropped
    return Recorded(last, place, 0, tuple(memories), tuple(states), floor, behind)


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Group entries of one kind that follow each other, as many as are written at once."""
    for kind, group in groupby(entries, type):
        size = RUNS_AT_ONCE if kind is Run else AT_ONCE
        while batch := list(islice(group, size)):
            yield batch

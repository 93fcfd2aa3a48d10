"""`memories`: what the next run has to know of each scope. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engines.ledger import Memory
from indexer.crawl import Crawled
from indexer.gate import Gated
from indexer.missing import Missing
from indexer.questions import Answers
from indexer.tally import Tally


def memories(
    before: Mapping[str, Memory], crawled: Crawled, gated: Gated, tally: Tally, told: Answers
) -> tuple[Memory, ...]:
    """Give what is to be remembered of those scopes of which it is another thing than before."""
    return tuple(
        memory
        for memory in _all(before, crawled, gated, tally, told)
        if memory != before.get(memory.scope, Memory(memory.scope))
    )


def _all(
    before: Mapping[str, Memory], crawled: Crawled, gated: Gated, tally: Tally, told: Answers
) -> Iterator[Memory]:
    for scope in sorted(crawled.complete):
        last = before.get(scope, Memory(scope))
        if scope in gated.smaller:
            yield replace(last, smaller=gated.smaller[scope])
        elif gated.stopped is None:
            missing = tally.missing[scope] if scope in tally.missing else Missing()
            asked = told.asked.get(scope, last.asked)
            yield replace(last, missing=missing.packed, asked=asked, smaller=None)

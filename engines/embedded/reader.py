"""`EmbeddedReader`: answers from one generation."""

import weakref
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast

import orjson

from engines.base import Companions
from engines.embedded.allowance import check_cost
from engines.embedded.base import NOTHING
from engines.embedded.bases import bases
from engines.embedded.bitmap import Bits
from engines.embedded.facets import count_all
from engines.embedded.file import GenerationFile
from engines.embedded.histogram import spread_over
from engines.embedded.index import Index
from engines.embedded.order import Order, hits, order_of
from engines.embedded.pivot import count_pivot
from engines.embedded.recent import Recent
from engines.embedded.sums import Sums
from engines.narrowed import Narrowed
from engines.query import Answer, Hit, Position, Query, lifted_fields
from mappings.filter import Condition
from mappings.text import tokens

HITS_KEPT = 32_768
"""Documents kept in memory at most: some 50 MB, as bodies have about 1.3 kB."""

LARGEST_KEPT = 4096
"""Bytes of a body that is kept; larger ones are read each time."""


class EmbeddedReader:
    """Implements `engines.base.Reader`. The file is let go of when nothing holds the reader any more."""

    def __init__(self, file: GenerationFile, index: Index) -> None:
        self._file = file
        self._index = index
        self._shown: Recent[int, Hit] = Recent(HITS_KEPT)
        weakref.finalize(self, file.close)

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._file.generation

    async def search(self, query: Narrowed) -> Answer:
        """Answer a query.

        Raises UnknownField, ValueError or TypeError for what cannot be asked, TooCostly for what would take
        too long, and DamagedGeneration.
        """
        asked, index = query.query, self._index
        check_cost(asked, index)
        within = bases(query, index)
        found = within[NOTHING]
        facets = count_all(asked.facets, within, index)
        sums = Sums(asked.sums, index)
        if asked.sums:
            facets = {
                facet.name: sums.beside(facets[facet.name], facet, within[lifted_fields(facet)])
                for facet in asked.facets
            }
        histograms = {name: spread_over(name, found, index) for name in asked.histograms}
        pivot = None if asked.pivot is None else count_pivot(asked.pivot, found, index, sums)
        totals = sums.over(found) if asked.sums else ()
        page, following = self._page(asked, found.bits)
        shown = self._hits(page)
        last = Position(following.values(page[-1]), shown[-1].key) if following is not None else None
        return Answer(self.generation, found.size, shown, facets, last, histograms, pivot, totals)

    async def raw(self, query: Narrowed) -> Sequence[tuple[str, bytes]]:
        """Give key and raw record of the query's hits, at most `limit`, in its order."""
        asked = replace(query.query, facets=())
        check_cost(asked, self._index)
        found = bases(replace(query, query=asked), self._index)[NOTHING]
        page, _ = self._page(asked, found.bits)
        return self._file.raws(self._index.ranks[page].tolist())

    async def companions(self) -> Companions:
        """Give flavors and OS versions of the generation."""
        return self._file.companions()

    def _hits(self, page: Sequence[int]) -> tuple[Hit, ...]:
        """Give documents. Those shown lately are kept: what is found first is often the same."""
        found = self._shown.get_all(page)
        missing = [place for place, hit in enumerate(found) if hit is None] if None in found else []
        ranks = [int(self._index.ranks[page[place]]) for place in missing]
        for place, (key, body, internal) in zip(missing, self._file.rows(ranks), strict=True):
            hit = found[place] = Hit(key, body, _scopes(internal))
            if len(body) <= LARGEST_KEPT:
                self._shown.put(page[place], hit)
        return tuple(cast("list[Hit]", found))

    def _page(self, query: Query, found: Bits) -> tuple[list[int], Order | None]:
        """Give the documents of the page, and the order if there are more behind it."""
        order = order_of(query, _named(query, self._index), self._index)
        if query.limit < 1:
            return [], None
        page = hits(
            found, order, self._index, after=query.after, wanted=query.limit + 1, rank_of=self._file.rank_of
        )
        return page[: query.limit], order if len(page) > query.limit else None


def _named(query: Query, index: Index) -> Bits | None:
    """Give the documents whose name alone holds all words of the text; None where the text does not rank."""
    if query.sort or not query.text:
        return None
    words = [word for condition in query.text for word in tokens(_asked(condition))]
    return index.words.holding(index.words.fields["name"].postings, words)


def _asked(condition: Condition) -> str:
    (text,) = condition.values
    return str(text)


@lru_cache(maxsize=65536)
def _scopes(internal: bytes) -> tuple[str, ...]:
    """Read the scopes out of the internal fields, which are the same for all that one listing gives."""
    return tuple(orjson.loads(internal).get("scopes", ()))

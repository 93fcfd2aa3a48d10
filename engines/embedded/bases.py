"""`bases`: the documents that a query finds, and those that each of its facets counts within."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from engines.embedded.bitmap import Bits, Docs, docs_of
from engines.embedded.index import Index
from engines.embedded.selection import Selected, narrow, narrow_without, select, selected
from engines.narrowed import Narrowed
from engines.query import is_lifted, lifted_fields
from mappings.filter import conjuncts, fields


class Base:
    """A set of documents to count within, out of `capacity`; its array is made once, when first needed."""

    __slots__ = ("_docs", "bits", "capacity", "size")

    def __init__(self, bits: Bits, capacity: int) -> None:
        self.bits = bits
        self.capacity = capacity
        self.size = len(bits)
        self._docs: Docs | None = None

    @property
    def docs(self) -> Docs:
        """The documents, ascending."""
        if self._docs is None:
            self._docs = docs_of(self.bits)
        return self._docs


NOTHING: frozenset[str] = frozenset()
"""What is lifted where nothing is."""


def bases(query: Narrowed, index: Index) -> Mapping[frozenset[str], Base]:
    """Give what facets count within, by the fields that they lift; under `NOTHING` what the query finds."""
    asked = query.query
    filters = conjuncts(asked.filter)
    lifted = _lifted([fields(part) for part in filters], {NOTHING, *map(lifted_fields, asked.facets)})
    left_out = {*lifted.values()}
    sometimes = frozenset().union(*left_out)
    parts = [selected(part, index) for part in (*filters, *asked.text)]
    always = [part for place, part in enumerate(parts) if place not in sometimes]
    within = _within_all(select(query.access, index), always, index)
    narrowed = narrow_without(within, {place: parts[place] for place in sometimes}, left_out)
    made = {places: Base(bits, index.size) for places, bits in narrowed.items()}
    return {kind: made[places] for kind, places in lifted.items()}


def _lifted(
    mentioned: Sequence[frozenset[str]], kinds: Iterable[frozenset[str]]
) -> dict[frozenset[str], frozenset[int]]:
    """Give by fields that are lifted the places of the parts that mention none but these."""
    places: defaultdict[frozenset[str], list[int]] = defaultdict(list)
    for place, names in enumerate(mentioned):
        places[names].append(place)
    return {
        kind: frozenset(places.get(kind, ()))
        if len(kind) == 1
        else frozenset([place for place, names in enumerate(mentioned) if is_lifted(names, kind)])
        for kind in kinds
    }


def _within_all(access: Bits, parts: Sequence[Selected], index: Index) -> Bits:
    """Narrow by the parts that no facet lifts.

    What is taken away is the same in nearly every question (deleted, not registered), so what it leaves is
    remembered, by which sets they are: those are kept with it, else another one might come to be in the place
    of one of them.
    """
    taken = [bits for bits, wanted in parts if not wanted and bits]
    if taken:
        sets = (access, *taken)
        known = index.remainders.get(tuple(map(id, sets)))
        if known is None:
            known = narrow(access, [(bits, False) for bits in taken]), sets
            index.remainders.put(tuple(map(id, sets)), known)
        access = known[0]
    # Nothing is gained by meeting what holds for every document.
    return narrow(access, [part for part in parts if part[1] and len(part[0]) < index.size])

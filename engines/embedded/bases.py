"""`bases`: the documents that a query finds, and those that each of its facets counts within."""

from collections.abc import Sequence

from engines.embedded.base import NOTHING, Base
from engines.embedded.bitmap import Bits
from engines.embedded.index import Index
from engines.embedded.selection import Selected, narrow, narrow_without_each, select, selected
from engines.narrowed import Narrowed
from engines.query import is_lifted, lifted_fields
from mappings.filter import conjuncts, fields


def bases(query: Narrowed, index: Index) -> dict[frozenset[str], Base]:
    """Give what facets count within, by the fields that they lift; under `NOTHING` what the query finds."""
    asked = query.query
    access = select(query.access, index)
    parts = [(fields(part), selected(part, index)) for part in conjuncts(asked.filter)]
    texts = [selected(part, index) for part in asked.text]
    kinds = set(map(lifted_fields, asked.facets))
    always = list(texts)
    # A part that one field alone is named in is lifted by the facet on that field, and by no other such.
    lifted: dict[frozenset[str], list[Selected]] = {}
    for names, part in parts:
        if len(names) == 1 and names in kinds:
            lifted.setdefault(names, []).append(part)
        else:
            always.append(part)
    met = [each[0] if len(each) == 1 else (narrow(index.everything, each), True) for each in lifted.values()]
    found, without = narrow_without_each(_within_all(access, always, index), met, index.everything)
    within = Base(found, index.size)
    made = dict.fromkeys((NOTHING, *kinds), within)
    for kind, bits in zip(lifted, without, strict=True):
        # Where nothing is lifted but what the other parts demand as well, the two are one.
        made[kind] = within if bits is found else Base(bits, index.size)
    # Facets that lift several fields are few, and share nothing with others.
    for kind in kinds:
        if len(kind) > 1:
            left = [part for names, part in parts if not is_lifted(names, kind)]
            made[kind] = Base(narrow(access, (*left, *texts)), index.size)
    return made


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

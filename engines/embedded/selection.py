"""A filter as the documents that satisfy it."""

from collections.abc import Sequence

from pyroaring import BitMap

from engines.embedded.bitmap import Bits
from engines.embedded.condition import documents
from engines.embedded.index import Index
from mappings.filter import And, Condition, Filter, Not, Or, conjuncts


def select(given: Filter, index: Index) -> Bits:
    """Give the documents that satisfy a filter. Raises as `condition.documents` does."""
    known = index.recent.get(given)
    if known is None:
        known = _select(given, index)
        index.recent.put(given, known)
    return known


def _select(given: Filter, index: Index) -> Bits:
    match given:
        case Condition():
            return documents(given, index)
        case Not():
            return index.everything - select(given.filter, index)
        case Or():
            found = [select(part, index) for part in given.filters]
            return BitMap.union(*found) if len(found) > 1 else found[0] if found else BitMap()
        case And():
            return narrow(index.everything, [selected(part, index) for part in conjuncts(given)])


Selected = tuple[Bits, bool]
"""Documents, and whether they are those that are wanted or those that are not."""


def selected(part: Filter, index: Index) -> Selected:
    """Give the documents of a filter, those of its opposite for a negation, which are often few."""
    if isinstance(part, Not):
        return select(part.filter, index), False
    return select(part, index), True


def narrow(base: Bits, parts: Sequence[Selected]) -> Bits:
    """Give those documents of a base that are in all parts."""
    # The smallest first, as each step costs what is left.
    for bits in sorted([bits for bits, wanted in parts if wanted], key=len):
        base = base & bits
    for bits, wanted in parts:
        if not wanted:
            base = base - bits
    return base

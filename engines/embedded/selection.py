"""A filter as the documents that satisfy it."""

from collections.abc import Iterable

from pyroaring import BitMap

from engines.embedded.bitmap import Bits
from engines.embedded.condition import documents
from engines.embedded.index import Index
from mappings.filter import And, Condition, Filter, Not, Or, conjuncts


def select(given: Filter, index: Index) -> Bits:
    """Give the documents that satisfy a filter. Raises as `condition.documents` does."""
    match given:
        case Condition():
            return documents(given, index)
        case Not():
            return index.everything - select(given.filter, index)
        case Or():
            found = [select(part, index) for part in given.filters]
            return BitMap.union(*found) if len(found) > 1 else found[0] if found else BitMap()
        case And():
            return select_all(conjuncts(given), index)


def select_all(parts: Iterable[Filter], index: Index) -> Bits:
    """Give the documents that satisfy all filters."""
    wanted: list[Bits] = []
    unwanted: list[Bits] = []
    for part in parts:
        if isinstance(part, Not):
            unwanted.append(select(part.filter, index))
        else:
            wanted.append(select(part, index))
    return narrow(index.everything, wanted, unwanted)


def narrow(base: Bits, wanted: Iterable[Bits], unwanted: Iterable[Bits] = ()) -> Bits:
    """Keep what is in all that is wanted and in none of the unwanted."""
    # The smallest first, as each step costs what is left.
    for bits in sorted(wanted, key=len):
        base = bits if len(base) == len(bits) == 0 else base & bits
    for bits in unwanted:
        base = base - bits
    return base

"""A filter as the documents that satisfy it."""

from collections.abc import Iterable, Sequence
from sys import getsizeof

from pyroaring import BitMap

from engines.embedded.bitmap import Bits
from engines.embedded.condition import documents
from engines.embedded.index import LARGEST_FILTER, Index
from mappings.filter import And, Condition, Filter, Not, Or, conditions, conjuncts


def select(given: Filter, index: Index) -> Bits:
    """Give the documents that satisfy a filter. Raises as `condition.documents` does."""
    known = index.recent.get(given)
    if known is None:
        known = _select(given, index)
        if _memory(given) <= LARGEST_FILTER:
            index.recent.put(given, known)
    return known


def _memory(given: Filter) -> int:
    """Give about how many bytes a filter takes."""
    return sum(_CONDITION + sum(map(getsizeof, condition.values)) for condition in conditions(given))


_CONDITION = 256


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


def narrow(base: Bits, parts: Iterable[Selected]) -> Bits:
    """Give those documents of a base that are in all parts."""
    # The smallest first, as each step costs what is left, and what is taken away last.
    for bits, wanted in sorted(parts, key=_cost):
        base = base & bits if wanted else base - bits
    return base


def narrow_without_each(base: Bits, parts: Sequence[Selected], everything: Bits) -> tuple[Bits, list[Bits]]:
    """Narrow a base by all parts, and by all but one: what is left without each part, in their order.

    Where a part takes away nothing that the others leave, the latter is the same object as the former.
    """
    order = sorted(range(len(parts)), key=lambda place: _cost(parts[place]))
    # What comes before a part is met once, and so is what comes behind it.
    before = [base]
    for place in order:
        bits, wanted = parts[place]
        before.append(before[-1] & bits if wanted else before[-1] - bits)
    sizes = list(map(len, before))
    found, size = before.pop(), sizes.pop()
    without = [found] * len(parts)
    behind: Bits | None = None
    left = size
    for place, narrowed, held in zip(reversed(order), reversed(before), reversed(sizes), strict=True):
        # What a part takes away after some, it takes away after more of them, or nothing.
        if held > left:
            apart = narrowed if behind is None else narrowed & behind
            if len(apart) > size:
                without[place] = apart
        left = held
        if place != order[0]:
            bits, wanted = parts[place]
            if not wanted:
                bits = everything - bits
            behind = bits if behind is None else behind & bits
    return found, without


def _cost(part: Selected) -> tuple[bool, int]:
    bits, wanted = part
    return not wanted, len(bits)

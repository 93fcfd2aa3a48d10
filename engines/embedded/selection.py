"""A filter as the documents that satisfy it."""

from collections.abc import Collection, Iterable, Mapping
from sys import getsizeof

from pyroaring import BitMap

from engines.embedded.bitmap import Bits
from engines.embedded.condition import documents
from engines.embedded.index import Index
from mappings.filter import And, Condition, Filter, Not, Or, conditions, conjuncts


def select(given: Filter, index: Index) -> Bits:
    """Give the documents that satisfy a filter. Raises as `condition.documents` does."""
    known = index.recent.get(given)
    if known is None:
        known = _select(given, index)
        if _memory(given) <= _LARGEST:
            index.recent.put(given, known)
    return known


_LARGEST = 64 * 1024
"""Bytes of a filter that is remembered: a list of 700 ids is, what fills a body with short values is not."""


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
    return _narrow(base, sorted(parts, key=_cost))


def narrow_without(
    base: Bits, parts: Mapping[int, Selected], left_out: Collection[frozenset[int]]
) -> dict[frozenset[int], Bits]:
    """Narrow a base by all parts but those at some places; once for each set of places that is left out."""
    found: dict[frozenset[int], Bits] = {}
    open_sets = [(base, sorted(parts, key=lambda place: _cost(parts[place])), list(left_out))]
    # What several sets have in common is met once: narrow by the parts that none of them leaves out, then go
    # on with either half of the sets and the other parts.
    while open_sets:
        base, places, sets = open_sets.pop()
        sometimes = sets[0].union(*sets[1:])
        base = _narrow(base, [parts[place] for place in places if place not in sometimes])
        if len(sets) == 1:
            found[sets[0]] = base
            continue
        middle, others = len(sets) // 2, [place for place in places if place in sometimes]
        open_sets += [(base, others, sets[:middle]), (base, others, sets[middle:])]
    return found


def _cost(part: Selected) -> tuple[bool, int]:
    """Order parts: the smallest first, as each step costs what is left, and what is taken away last."""
    bits, wanted = part
    return not wanted, len(bits)


def _narrow(base: Bits, parts: Iterable[Selected]) -> Bits:
    for bits, wanted in parts:
        base = base & bits if wanted else base - bits
    return base

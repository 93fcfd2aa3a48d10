"""`Counter`: what is counted of a field of few values, and how, within a set of documents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.embedded.base import Base
from engines.embedded.bitmap import Bits, Indices, bitmap_of_mask, docs_of
from engines.embedded.column import Column
from engines.embedded.part import Integers
from engines.embedded.postings import Lists, spread
from mappings.filter import Value


@dataclass(frozen=True, slots=True)
class Counter:
    """`sets` are what is counted: the documents of each value (`labels`, at `ordinals`); then, of the
    ordinals in `filled`, those among them whose value a rule filled in; then, if `told`, those that state a
    value, which does not follow from the others. The *numbers* of a counter are the sizes of these sets
    within a base.

    `met` are the sets, or, where `turned`, all documents but those. `rest` is the ordinal that the documents
    hold which hold no other one; None where some hold none or several. Its set is not met.
    `forward` or `lists` give the ordinals of a document.
    """

    labels: Sequence[Value]
    ordinals: Sequence[int]
    filled: Sequence[int]
    told: bool
    sets: Sequence[Bits]
    met: Sequence[Bits]
    turned: bool
    rest: int | None
    forward: Integers | None
    lists: Lists | None

    def numbers(self, base: Base) -> list[int]:
        """Give the numbers within a base, by set or by document, whichever is cheaper."""
        looking = 20_000 + 10 * base.size if self.forward is None else 8_000 + 4 * base.size
        if len(self.met) * base.meeting <= looking:
            return self._by_set(base)
        values = len(self.labels)
        counts = count_ordinals(self.forward, self.lists, base.indices, values)
        return counts + list(map(base.bits.intersection_cardinality, self.sets[values:]))

    def _by_set(self, base: Base) -> list[int]:
        size = base.size
        numbers = list(map(base.bits.intersection_cardinality, self.met))
        if self.turned:
            numbers = [size - number for number in numbers]
        if self.rest is not None:
            numbers.insert(self.rest, size - sum(numbers[: len(self.labels) - 1]))
        return numbers

    def stated(self, numbers: Sequence[int]) -> int:
        """Give from the numbers how many documents state a value."""
        if self.told:
            return numbers[-1]
        values = len(self.labels)
        return sum(numbers[:values]) - sum(numbers[values:]) if self.filled else sum(numbers)


def count_ordinals(forward: Integers | None, lists: Lists | None, docs: Indices, values: int) -> list[int]:
    """Count the documents of each ordinal, which `forward` or `lists` give, by looking at each document."""
    if forward is not None:
        ordinals = forward.take(docs)
    elif lists is not None:
        ordinals = lists.docs.take(spread(lists.starts, docs))
    else:
        raise ValueError("not a facet")
    # Behind the last ordinal stand those that have none.
    counts: list[int] = np.bincount(ordinals, minlength=values).tolist()
    return counts[:values]


def counter_of(column: Column, everything: Bits) -> Counter:
    """Give the counter of a column that has a bitmap for each value."""
    bitmaps = column.bitmaps
    # It follows from the others where a document holds one value at most. No counter counts nothing.
    told = column.field.multiple or not bitmaps
    sets: list[Bits] = [*bitmaps, *column.defaults.values()]
    if told:
        sets.append(column.stated)
    whole = not told and len(column.present) == len(everything)
    rest = max(range(len(bitmaps)), key=lambda ordinal: len(bitmaps[ordinal])) if whole else None
    met = [bits for place, bits in enumerate(sets) if place != rest]
    turned = len(bitmaps) <= _TURNED
    return Counter(
        labels=column.labels,
        ordinals=range(len(bitmaps)),
        filled=tuple(column.defaults),
        told=told,
        sets=sets,
        met=[_all_but(bits, len(everything)) for bits in met] if turned else met,
        turned=turned,
        rest=rest,
        forward=column.forward,
        lists=column.forward_lists,
    )


_TURNED = 64
"""Up to so many values, all documents but those of a value are held as well. These are so many that they are
written as bits, which are met several times faster than the lists or runs as which others are written.
"""


def _all_but(bits: Bits, size: int) -> Bits:
    mask = np.ones(size, np.bool_)
    mask[docs_of(bits)] = False
    return bitmap_of_mask(mask)

"""`Column`: everything that is indexed of one field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap, FrozenBitMap

from engines.embedded.bitmap import Bits, Docs, Mask, bitmap_of_any, bitmap_of_mask, kept
from engines.embedded.number import Numbers, make_numbers, numbers_of
from engines.embedded.part import Integers, Parts, form_for, numbers_in, numbers_part
from engines.embedded.pieces import Pieces, pieces_of
from engines.embedded.postings import FEW, Lists, Postings, make_lists, make_postings, postings_in
from engines.embedded.recent import Recent
from engines.embedded.terms import Ordinals, Terms, encoded, make_terms, terms_in
from engines.embedded.version_order import VersionOrder, version_order
from mappings.field import Field, Kind
from mappings.filter import Value

NUMERIC = frozenset((Kind.INTEGER, Kind.DATE, Kind.BOOLEAN))


@dataclass(frozen=True, slots=True)
class Column:
    """The values of a field in order, and where they stand.

    `few` tells whether each value has a bitmap. `forward` gives for each document the ordinal of its value,
    `len(values)` where it has none; it is None where documents may hold many values: of those that can be
    counted `forward_lists` gives the ordinals.
    `derived` are the documents whose value a rule filled in, `stated` those where the cloud did.

    Of a field of few values that can be counted `labels` are the values, `bitmaps` their documents and
    `defaults` those of them that did not state it. `ranges` keeps the documents of ranges of values that were
    asked lately.
    """

    field: Field
    values: Terms | Numbers
    postings: Postings
    few: bool
    forward: Integers | None
    forward_lists: Lists | None
    present: Bits
    derived: Bits
    stated: Bits
    defaults: Mapping[int, Bits]
    versions: VersionOrder | None
    pieces: Pieces | None
    labels: Sequence[Value]
    bitmaps: Sequence[Bits]
    ranges: Recent[tuple[int, int], Bits]

    def find(self, value: Value) -> int | None:
        """Give the ordinal of a value; None too for one of another kind than the field's."""
        if isinstance(self.values, Numbers):
            return None if isinstance(value, str) else self.values.find(value)
        return self.values.find(encoded(value)) if isinstance(value, str) else None

    def value(self, ordinal: int) -> Value:
        """Give the value of an ordinal."""
        return _value(self.field, self.values, ordinal)

    def between(self, low: int, high: int) -> Bits:
        """Give the documents whose value has an ordinal from `low` up to, not including, `high`."""
        if low >= high:
            return BitMap()
        if low == 0 and high == len(self.values):
            return self.present
        if self.few:
            # Of few values there are few ranges, however many bounds are asked for.
            known = self.ranges.get((low, high))
            if known is None:
                known = self.postings.union(range(low, high))
                self.ranges.put((low, high), known)
            return known
        if self.forward is None or high - low == 1:
            return self.postings.union(range(low, high))
        if self.pieces is not None:
            return self.pieces.between(low, high)
        return bitmap_of_mask(_inside(self.forward, low, high, len(self.values)))

    def parts(self) -> dict[str, bytes]:
        """Give what `column_in` reads back."""
        name = self.field.name
        written = {
            **self.values.parts(name),
            **self.postings.parts(name),
            f"{name}/present": self.present.serialize(),
            f"{name}/derived": self.derived.serialize(),
        }
        if self.forward is not None:
            written[f"{name}/forward"] = numbers_part(self.forward, form_for(len(self.values)))
        if self.forward_lists is not None:
            written[f"{name}/forward_starts"] = numbers_part(self.forward_lists.starts, "<u4")
            written[f"{name}/forward_lists"] = numbers_part(self.forward_lists.docs, "<u4")
        return written


def _inside(forward: Integers, low: int, high: int, values: int) -> Mask:
    """Set the documents whose ordinal lies in a range, in one step where it is open; `values` means none."""
    if low == 0:
        return forward < high
    return (forward >= low) & (forward < high)


def order_values(field: Field, values: Sequence[Value]) -> tuple[Terms | Numbers, Ordinals]:
    """Sort distinct values; also give for the place of each in the sequence its ordinal."""
    if field.kind in NUMERIC:
        numbers = [int(value) for value in values]
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        made: Terms | Numbers = make_numbers([numbers[place] for place in order])
    else:
        texts = [str(value).encode("utf-8", "surrogateescape") for value in values]
        order = sorted(range(len(texts)), key=texts.__getitem__)
        made = make_terms([texts[place] for place in order])
    ordinal_of = np.empty(len(order), np.int64)
    ordinal_of[np.array(order, np.int64)] = np.arange(len(order))
    return made, ordinal_of


def make_column(
    field: Field, values: Terms | Numbers, docs: Docs, ordinals: Ordinals, *, derived: Docs, size: int
) -> Column:
    """Make a column of pairs of a document and the ordinal of its value, perhaps repeated."""
    postings = make_postings(docs, ordinals, values=len(values), size=size)
    forward = forward_lists = None
    if not field.multiple and field.kind is not Kind.MAP:
        forward = np.full(size, len(values), form_for(len(values)))
        forward[docs] = ordinals
    elif field.facet is not None:
        forward_lists = make_lists(docs, ordinals, size)
    present, filled = kept(bitmap_of_any(docs, size)), kept(bitmap_of_any(derived, size))
    return _column(field, values, postings, forward, forward_lists, present=present, derived=filled)


def column_in(parts: Parts, field: Field, size: int) -> Column:
    """Read back what `Column.parts` gave."""
    name = field.name
    values = numbers_of(parts, name) if field.kind in NUMERIC else terms_in(parts, name)
    forward = forward_lists = None
    if f"{name}/forward" in parts:
        forward = numbers_in(parts, f"{name}/forward", form_for(len(values)))
    if f"{name}/forward_lists" in parts:
        forward_lists = Lists(
            numbers_in(parts, f"{name}/forward_starts", "<u4"),
            np.frombuffer(parts[f"{name}/forward_lists"], np.uint32),
        )
    return _column(
        field,
        values,
        postings_in(parts, name, size),
        forward,
        forward_lists,
        present=FrozenBitMap.deserialize(parts[f"{name}/present"]),
        derived=FrozenBitMap.deserialize(parts[f"{name}/derived"]),
    )


def _column(
    field: Field,
    values: Terms | Numbers,
    postings: Postings,
    forward: Integers | None,
    forward_lists: Lists | None,
    *,
    present: Bits,
    derived: Bits,
) -> Column:
    counted = field.facet is not None and len(values) <= FEW
    bitmaps = [postings.bitmaps[ordinal] for ordinal in range(len(values))] if counted else []
    return Column(
        field=field,
        values=values,
        postings=postings,
        few=postings.lists is None,
        forward=forward,
        forward_lists=forward_lists,
        present=present,
        derived=derived,
        stated=present - derived,
        defaults={ordinal: both for ordinal, bits in enumerate(bitmaps) if (both := bits & derived)},
        versions=version_order(values) if field.kind is Kind.VERSION and isinstance(values, Terms) else None,
        pieces=pieces_of(forward) if forward is not None and field.kind in NUMERIC else None,
        labels=[_value(field, values, ordinal) for ordinal in range(len(bitmaps))],
        bitmaps=bitmaps,
        ranges=Recent(_RANGES),
    )


_RANGES = 32


def _value(field: Field, values: Terms | Numbers, ordinal: int) -> Value:
    value = values.value(ordinal)
    return bool(value) if field.kind is Kind.BOOLEAN else value

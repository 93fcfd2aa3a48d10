"""`Axis`: the shown values of a field as places, and where documents stand among them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.embedded.bitmap import Docs
from engines.embedded.column import Column
from engines.embedded.postings import Lists, make_lists, spread
from engines.embedded.version_order import VersionOrder
from mappings.filter import Value

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where documents stand: one place each, or, where they may have several, places of `owners`.

    Owners are ascending indices of documents. Of one place each, that behind the last means none.
    """

    places: Whole
    owners: Whole | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """So many places, and where documents stand."""

    size: int
    of: Callable[[Docs], Places]


EVERYWHERE = Axis(1, lambda docs: Places(np.zeros(len(docs), np.int64)))
"""A single place, in which all documents stand."""


def axis_of(column: Column, shown: Sequence[Value]) -> Axis:
    """Give the axis of the values of a facet field: prefixes, where it holds versions."""
    size, forward, lists = len(shown), column.forward, column.forward_lists
    if column.versions is not None and forward is not None:
        prefixes = _places_of_versions(column.versions, shown, len(column.values))
        return Axis(size, lambda docs: _several(prefixes, forward.take(docs).astype(np.int64)))
    place_of = np.full(len(column.values) + 1, size, np.int64)
    for place, ordinal in enumerate(map(column.find, shown)):
        if ordinal is not None:
            place_of[ordinal] = place
    if forward is not None:
        return Axis(size, lambda docs: Places(place_of.take(forward.take(docs))))
    if lists is None:
        raise ValueError(f"{column.field.name}: not a facet")
    return Axis(size, lambda docs: _shown(_several(lists, docs.astype(np.int64)), place_of, size))


def _places_of_versions(versions: VersionOrder, shown: Sequence[Value], values: int) -> Lists:
    """List for the ordinal of each version, and that of none, the places of its prefixes."""
    ordinals = [versions.beginning_with(str(prefix)) for prefix in shown]
    places = np.repeat(np.arange(len(shown)), [len(each) for each in ordinals])
    return make_lists(np.concatenate([np.empty(0, np.int64), *ordinals]), places, values + 1)


def _several(lists: Lists, listed: Whole) -> Places:
    """Give what lists hold, with the indices of the lists as owners."""
    lengths = lists.starts[listed + 1].astype(np.int64) - lists.starts[listed]
    owners = np.repeat(np.arange(len(listed), dtype=np.int64), lengths)
    return Places(lists.docs.take(spread(lists.starts, listed)).astype(np.int64), owners)


def _shown(ordinals: Places, place_of: Whole, size: int) -> Places:
    """Turn ordinals into places, without those that are not shown."""
    places = place_of.take(ordinals.places)
    kept = places < size
    return Places(places[kept], None if ordinals.owners is None else ordinals.owners[kept])

"""The order and the beginnings of the versions of a column, worked out once when it is read."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.embedded.terms import Ordinals, Terms
from mappings.version import Component, components, prefixes, sort_key


@dataclass(frozen=True, slots=True)
class VersionOrder:
    """`keys` are the sort keys in order, `ranks` the place of each ordinal's key among them.

    The last rank, for the ordinal behind the last, is that of images without a version.
    `beginnings` are the ordinals by leading components, `prefix_ordinals` those of each
    prefix as written, one prefix after the other, each from its place in `prefix_starts`.
    """

    keys: Sequence[str]
    ranks: NDArray[np.int64]
    beginnings: Mapping[tuple[Component, ...], Ordinals]
    prefixes: Sequence[str]
    prefix_ordinals: Ordinals
    prefix_starts: Ordinals

    def by_prefix(self, counts: Sequence[int]) -> list[int]:
        """Add up counts of ordinals to counts of prefixes."""
        if not any(counts):
            return [0] * len(self.prefixes)
        added: list[int] = np.add.reduceat(
            np.array(counts)[self.prefix_ordinals], self.prefix_starts
        ).tolist()
        return added

    def beginning_with(self, prefix: str) -> Ordinals:
        """Give the ordinals of the versions that a prefix, as written, is a beginning of."""
        place = bisect_left(self.prefixes, prefix)
        starts = [*self.prefix_starts[place : place + 2].tolist(), len(self.prefix_ordinals)]
        return self.prefix_ordinals[starts[0] : starts[1]]

    def below(self, key: str | None) -> int:
        """Count the sort keys that are smaller; none for no key."""
        return 0 if key is None else bisect_left(self.keys, key)


def version_order(terms: Terms) -> VersionOrder:
    """Work out the order of the versions of a column."""
    versions = [terms.value(ordinal) for ordinal in range(len(terms))]
    keys = sorted(set(map(sort_key, versions)))
    rank_of = {key: rank for rank, key in enumerate(keys)}
    beginnings: defaultdict[tuple[Component, ...], list[int]] = defaultdict(list)
    by_prefix: defaultdict[str, list[int]] = defaultdict(list)
    for ordinal, version in enumerate(versions):
        parts = components(version)
        for length in range(1, len(parts) + 1):
            beginnings[parts[:length]].append(ordinal)
        for prefix in prefixes(version):
            by_prefix[prefix].append(ordinal)
    written = sorted(by_prefix)
    return VersionOrder(
        keys,
        np.array([*(rank_of[sort_key(version)] for version in versions), len(keys)], np.int64),
        {parts: np.array(ordinals, np.int64) for parts, ordinals in beginnings.items()},
        written,
        np.array([ordinal for prefix in written for ordinal in by_prefix[prefix]], np.int64),
        np.cumsum([0, *(len(by_prefix[prefix]) for prefix in written[:-1])]),
    )

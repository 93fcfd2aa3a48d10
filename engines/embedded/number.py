"""The distinct numbers of a field in order: what `Terms` are for texts."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.embedded.part import Parts, numbers_in, numbers_part


@dataclass(frozen=True, slots=True)
class Numbers:
    """Ascending distinct integers; dates are milliseconds, booleans 0 and 1."""

    values: memoryview

    def __len__(self) -> int:
        return len(self.values)

    def value(self, ordinal: int) -> int:
        """Give a number."""
        found: int = self.values[ordinal]
        return found

    def find(self, number: int) -> int | None:
        """Give the ordinal of a number."""
        ordinal = bisect_left(self.values, number)
        return ordinal if ordinal < len(self) and self.values[ordinal] == number else None

    def below(self, number: int) -> int:
        """Count the numbers that are smaller."""
        return bisect_left(self.values, number)

    def up_to(self, number: int) -> int:
        """Count the numbers that are smaller or equal."""
        return bisect_right(self.values, number)

    def parts(self, name: str) -> dict[str, bytes]:
        """Give what `numbers_of` reads back."""
        return {f"{name}/numbers": numbers_part(np.asarray(self.values), "<i8")}


def make_numbers(values: Sequence[int]) -> Numbers:
    """Make numbers of ascending distinct integers."""
    return Numbers(np.array(values, np.int64).data)


def numbers_of(parts: Parts, name: str) -> Numbers:
    """Read back what `Numbers.parts` gave."""
    return Numbers(numbers_in(parts, f"{name}/numbers", "<i8").data)

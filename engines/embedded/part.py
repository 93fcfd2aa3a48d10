"""Parts: the named pieces of bytes of which the index of a generation consists, as its file holds them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Parts = Mapping[str, bytes]
Integers = NDArray[np.integer]
"""Integers of any width."""


def numbers_part(numbers: Integers, form: str) -> bytes:
    """Write numbers in one fixed form, such as `<u4`, whatever machine writes."""
    return numbers.astype(form, copy=False).tobytes()


def numbers_in(parts: Parts, name: str, form: str) -> Integers:
    """Read back what `numbers_part` wrote, without a copy."""
    return np.frombuffer(parts[name], form)


def form_for(largest: int) -> str:
    """Give the narrowest form that holds 0 up to the largest number."""
    return "<u1" if largest < 1 << 8 else "<u2" if largest < 1 << 16 else "<u4"

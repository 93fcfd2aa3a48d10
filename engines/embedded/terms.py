"""The distinct texts of a field in order: one is an *ordinal*, those that begin alike are a range."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.embedded.part import Parts, numbers_in, numbers_part

Ordinals = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terms:
    """Ascending distinct texts in UTF-8, whose byte order is that of code points, in one piece of memory."""

    text: bytes
    starts: memoryview
    """Where each text begins, and where the last one ends (`int64`)."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, ordinal: int) -> bytes:
        return self.text[self.starts[ordinal] : self.starts[ordinal + 1]]

    def value(self, ordinal: int) -> str:
        """Give a text."""
        return self[ordinal].decode()

    def find(self, text: bytes) -> int | None:
        """Give the ordinal of a text."""
        ordinal = bisect_left(self, text)
        return ordinal if ordinal < len(self) and self[ordinal] == text else None

    def below(self, text: bytes) -> int:
        """Count the texts that are smaller."""
        return bisect_left(self, text)

    def beginning(self, prefix: bytes) -> range:
        """Give the ordinals of the texts that begin so."""
        low = bisect_left(self, prefix)
        # 0xFF occurs in no UTF-8.
        return range(low, bisect_left(self, prefix + b"\xff", lo=low))

    def parts(self, name: str) -> dict[str, bytes]:
        """Give what `terms_in` reads back."""
        return {
            f"{name}/text": self.text,
            f"{name}/starts": numbers_part(np.asarray(self.starts), "<i8"),
        }


def make_terms(texts: Sequence[bytes]) -> Terms:
    """Make terms of ascending distinct texts."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=starts[1:])
    return Terms(b"".join(texts), starts.data)


def terms_in(parts: Parts, name: str) -> Terms:
    """Read back what `Terms.parts` gave."""
    return Terms(parts[f"{name}/text"], numbers_in(parts, f"{name}/starts", "<i8").data)


def encoded(text: str) -> bytes:
    """Write as UTF-8; what no stored text can hold (a lone surrogate) then simply is not found."""
    return text.encode("utf-8", "surrogatepass")

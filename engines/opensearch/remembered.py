"""`Remembered`: what was made of a key, so that it is made once of those that come again and again."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MOST = 65_536
"""Keys that are remembered. A table that is full begins anew."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(dict[K, V], Generic[K, V]):
    """A table that makes what it lacks. Looking up takes less than a call, which `lru_cache` is.

    Its values must not be changed. Keys are to be short: how much memory they take is left to who asks.
    """

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self._make(key)
        if len(self) >= MOST:
            self.clear()
        self[key] = made
        return made

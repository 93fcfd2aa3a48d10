"""`Kept`: what was worked out lately, by all that it depends on, bounded by the bytes it takes."""

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values by key, at most `limit` bytes of them; those that were not asked for longest leave first.

    In two halves: when the newer one is full, the older one goes. What would take more than a sixteenth of
    the room is not kept.
    """

    __slots__ = ("_half", "_largest", "_newer", "_older", "_taken")

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._largest = limit // 16
        self._taken = 0
        self._newer: dict[Key, tuple[Value, int]] = {}
        self._older: dict[Key, tuple[Value, int]] = {}

    def get(self, key: Key) -> Value | None:
        """Give what is kept under a key."""
        found = self._newer.get(key)
        if found is None:
            found = self._older.pop(key, None)
            if found is None:
                return None
            self.put(key, *found)
        return found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a value that takes so many bytes."""
        if size > self._largest or key in self._newer:
            return
        if self._taken + size > self._half:
            self._older, self._newer, self._taken = self._newer, {}, 0
        self._newer[key] = (value, size)
        self._taken += size

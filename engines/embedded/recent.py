"""`Recent`: what was worked out lately, kept until newer things need its place."""

from collections.abc import Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most `limit` values by key; those that were not asked for longest leave first.

    Kept in two halves, a look-up hashes its key once; when the newer half is full, the older one goes.
    """

    __slots__ = ("_half", "_newer", "_older")

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._newer: dict[Key, Value] = {}
        self._older: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Give what is kept of a key."""
        value = self._newer.get(key)
        if value is None and (value := self._older.get(key)) is not None:
            self.put(key, value)
        return value

    def get_all(self, keys: Sequence[Key]) -> list[Value | None]:
        """Give what is kept of each key."""
        values = list(map(self._newer.get, keys))
        if None in values:
            return list(map(self.get, keys))
        return values

    def put(self, key: Key, value: Value) -> None:
        """Keep a value."""
        if len(self._newer) >= self._half and key not in self._newer:
            self._older, self._newer = self._newer, {}
        self._newer[key] = value

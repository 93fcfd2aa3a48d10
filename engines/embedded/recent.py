"""`Recent`: what was worked out lately, kept until newer things need its place."""

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most `limit` values by key; the one that was not asked for longest leaves first."""

    __slots__ = ("_limit", "_values")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """Give what is kept of a key."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value."""
        if len(self._values) >= self._limit:
            del self._values[next(iter(self._values))]
        self._values[key] = value

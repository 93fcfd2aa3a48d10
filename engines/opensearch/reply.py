"""Parts of what OpenSearch replied, with their types checked."""

from collections.abc import Mapping, Sequence

from engines.base import EngineUnavailable


def part(reply: object, *path: str) -> object:
    """Give what stands at a path of keys, None where nothing does."""
    found = reply
    for key in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def entries(reply: object, *path: str) -> Mapping[str, object]:
    """Give the object at a path. Raises EngineUnavailable for something else, as the others here do."""
    found = part(reply, *path)
    if not isinstance(found, dict):
        raise _unexpected(path, "an object")
    return found


def items(reply: object, *path: str) -> Sequence[object]:
    """Give the array at a path."""
    found = part(reply, *path)
    if not isinstance(found, list):
        raise _unexpected(path, "an array")
    return found


def whole(reply: object, *path: str) -> int:
    """Give the whole number at a path."""
    found = part(reply, *path)
    if type(found) is not int:
        raise _unexpected(path, "a whole number")
    return found


def text(reply: object, *path: str) -> str:
    """Give the text at a path."""
    found = part(reply, *path)
    if not isinstance(found, str):
        raise _unexpected(path, "text")
    return found


def _unexpected(path: tuple[str, ...], wanted: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"OpenSearch answered something else than is expected of it: {'.'.join(path) or 'the whole'} should"
        f" be {wanted}"
    )
